package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// SetBackorderPolicy sets whether a SKU may be sold without stock.
func (s *Server) SetBackorderPolicy(ctx context.Context, req *inventoryv1.SetBackorderPolicyRequest) (*inventoryv1.SetBackorderPolicyResponse, error) {
	call := idempotency.NewCall(ctx, inventoryv1.InventoryService_SetBackorderPolicy_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &inventoryv1.SetBackorderPolicyResponse{}, func(ctx context.Context) (*inventoryv1.SetBackorderPolicyResponse, error) {
		policy, err := s.stock.SetBackorderPolicy(ctx, stock.BackorderPolicy{
			SKU: req.GetSku(), Allowed: req.GetMode() == inventoryv1.BackorderMode_BACKORDER_MODE_ALLOW, Limit: req.GetLimit(),
		})
		if err != nil {
			return nil, err
		}
		return &inventoryv1.SetBackorderPolicyResponse{Policy: policyToProto(policy)}, nil
	})
}
