package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
)

// ReleaseAllocation gives back committed units that were not shipped.
func (s *Server) ReleaseAllocation(ctx context.Context, req *inventoryv1.ReleaseAllocationRequest) (*inventoryv1.ReleaseAllocationResponse, error) {
	reservation, err := s.stock.ReleaseAllocation(ctx, stock.ReleaseRequest{
		ID: req.GetReleaseId(), ReservationID: req.GetReservationId(),
		Lines:     mapSlice(req.GetLines(), lineFromProto[*inventoryv1.ReleaseAllocationLine]),
		RequestID: req.GetRequestId(),
	})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ReleaseAllocationResponse{Reservation: reservationToProto(reservation)}, nil
}
