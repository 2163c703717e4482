package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
)

// BatchGetAvailability tells what a channel can sell now.
func (s *Server) BatchGetAvailability(ctx context.Context, req *inventoryv1.BatchGetAvailabilityRequest) (*inventoryv1.BatchGetAvailabilityResponse, error) {
	found, err := s.stock.BatchGetAvailability(ctx, req.GetChannel(), req.GetSkus())
	if err != nil {
		return nil, err
	}
	return &inventoryv1.BatchGetAvailabilityResponse{Availabilities: mapSlice(found, availabilityToProto)}, nil
}
