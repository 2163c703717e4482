package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
)

// ReleaseReservation gives held units back, also before they were asked for.
func (s *Server) ReleaseReservation(ctx context.Context, req *inventoryv1.ReleaseReservationRequest) (*inventoryv1.ReleaseReservationResponse, error) {
	reservation, err := s.stock.ReleaseReservation(ctx, req.GetReservationId(), req.GetRequestId())
	s.outcomes.WithLabelValues("release", outcome(err)).Inc()
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ReleaseReservationResponse{Reservation: reservationToProto(reservation)}, nil
}
