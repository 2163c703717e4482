package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// AdjustStock adds and takes units; all entries or none.
func (s *Server) AdjustStock(ctx context.Context, req *inventoryv1.AdjustStockRequest) (*inventoryv1.AdjustStockResponse, error) {
	call := idempotency.NewCall(ctx, inventoryv1.InventoryService_AdjustStock_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &inventoryv1.AdjustStockResponse{}, func(ctx context.Context) (*inventoryv1.AdjustStockResponse, error) {
		levels, err := s.stock.AdjustStock(ctx, stock.Correction{
			Entries: mapSlice(req.GetEntries(), func(e *inventoryv1.AdjustStockEntry) stock.Entry {
				return stock.Entry{Key: stock.Key{SKU: e.GetSku(), Location: e.GetLocationKey()}, Units: e.GetDelta()}
			}),
			Reason: req.GetReason(), Reference: req.GetReference(), RequestID: req.GetRequestId(),
		})
		if err != nil {
			return nil, err
		}
		return &inventoryv1.AdjustStockResponse{Levels: mapSlice(levels, levelToProto)}, nil
	})
}
