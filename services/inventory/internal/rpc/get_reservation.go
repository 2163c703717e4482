package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
)

// GetReservation reads a reservation in whatever state it is.
func (s *Server) GetReservation(ctx context.Context, req *inventoryv1.GetReservationRequest) (*inventoryv1.GetReservationResponse, error) {
	reservation, err := s.stock.GetReservation(ctx, req.GetReservationId())
	if err != nil {
		return nil, err
	}
	return &inventoryv1.GetReservationResponse{Reservation: reservationToProto(reservation)}, nil
}
