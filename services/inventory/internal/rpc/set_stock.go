package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// SetStock replaces counted figures; all entries or none.
func (s *Server) SetStock(ctx context.Context, req *inventoryv1.SetStockRequest) (*inventoryv1.SetStockResponse, error) {
	call := idempotency.NewCall(ctx, inventoryv1.InventoryService_SetStock_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &inventoryv1.SetStockResponse{}, func(ctx context.Context) (*inventoryv1.SetStockResponse, error) {
		levels, err := s.stock.SetStock(ctx, stock.Correction{
			Entries: mapSlice(req.GetEntries(), func(e *inventoryv1.SetStockEntry) stock.Entry {
				return stock.Entry{Key: stock.Key{SKU: e.GetSku(), Location: e.GetLocationKey()}, Units: e.GetOnHand()}
			}),
			Reason: req.GetReason(), Reference: req.GetReference(), RequestID: req.GetRequestId(),
		})
		if err != nil {
			return nil, err
		}
		return &inventoryv1.SetStockResponse{Levels: mapSlice(levels, levelToProto)}, nil
	})
}
