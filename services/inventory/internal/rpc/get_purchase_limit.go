package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
)

// GetPurchaseLimit reads how much of a SKU one customer may have.
func (s *Server) GetPurchaseLimit(ctx context.Context, req *inventoryv1.GetPurchaseLimitRequest) (*inventoryv1.GetPurchaseLimitResponse, error) {
	limit, err := s.stock.GetPurchaseLimit(ctx, req.GetSku())
	if err != nil {
		return nil, err
	}
	return &inventoryv1.GetPurchaseLimitResponse{Limit: purchaseLimitToProto(limit)}, nil
}
