package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// SetPurchaseLimit sets how much of a SKU one customer may have.
func (s *Server) SetPurchaseLimit(ctx context.Context, req *inventoryv1.SetPurchaseLimitRequest) (*inventoryv1.SetPurchaseLimitResponse, error) {
	call := idempotency.NewCall(ctx, inventoryv1.InventoryService_SetPurchaseLimit_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &inventoryv1.SetPurchaseLimitResponse{}, func(ctx context.Context) (*inventoryv1.SetPurchaseLimitResponse, error) {
		limit, err := s.stock.SetPurchaseLimit(ctx, stock.PurchaseLimit{
			SKU: req.GetSku(), Quantity: req.GetQuantity(), WindowDays: req.GetWindowDays(),
		})
		if err != nil {
			return nil, err
		}
		return &inventoryv1.SetPurchaseLimitResponse{Limit: purchaseLimitToProto(limit)}, nil
	})
}
