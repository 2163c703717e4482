package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
)

// CommitReservation makes held units the order's own.
func (s *Server) CommitReservation(ctx context.Context, req *inventoryv1.CommitReservationRequest) (*inventoryv1.CommitReservationResponse, error) {
	reservation, err := s.stock.CommitReservation(ctx, req.GetReservationId())
	s.outcomes.WithLabelValues("commit", outcome(err)).Inc()
	if err != nil {
		return nil, err
	}
	return &inventoryv1.CommitReservationResponse{Reservation: reservationToProto(reservation)}, nil
}
