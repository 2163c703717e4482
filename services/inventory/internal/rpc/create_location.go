package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// CreateLocation adds a place that holds stock.
func (s *Server) CreateLocation(ctx context.Context, req *inventoryv1.CreateLocationRequest) (*inventoryv1.CreateLocationResponse, error) {
	call := idempotency.NewCall(ctx, inventoryv1.InventoryService_CreateLocation_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &inventoryv1.CreateLocationResponse{}, func(ctx context.Context) (*inventoryv1.CreateLocationResponse, error) {
		created, err := s.stock.CreateLocation(ctx, stock.Location{
			Key: req.GetKey(), Name: req.GetName(), CountryCode: req.GetCountryCode(), Channels: req.GetChannels(),
			Priority: req.GetPriority(),
		})
		if err != nil {
			return nil, err
		}
		return &inventoryv1.CreateLocationResponse{Location: locationToProto(created)}, nil
	})
}
