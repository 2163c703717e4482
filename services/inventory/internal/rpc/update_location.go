package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// UpdateLocation edits a location under its version.
func (s *Server) UpdateLocation(ctx context.Context, req *inventoryv1.UpdateLocationRequest) (*inventoryv1.UpdateLocationResponse, error) {
	call := idempotency.NewCall(ctx, inventoryv1.InventoryService_UpdateLocation_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &inventoryv1.UpdateLocationResponse{}, func(ctx context.Context) (*inventoryv1.UpdateLocationResponse, error) {
		updated, err := s.stock.UpdateLocation(ctx, stock.Location{
			Key: req.GetKey(), Name: req.GetName(), CountryCode: req.GetCountryCode(), Channels: req.GetChannels(),
			Priority: req.GetPriority(), Active: req.GetActive(), Version: req.GetVersion(),
		})
		if err != nil {
			return nil, err
		}
		return &inventoryv1.UpdateLocationResponse{Location: locationToProto(updated)}, nil
	})
}
