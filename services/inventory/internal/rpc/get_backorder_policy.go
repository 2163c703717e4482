package rpc

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
)

// GetBackorderPolicy reads the rule of a SKU.
func (s *Server) GetBackorderPolicy(ctx context.Context, req *inventoryv1.GetBackorderPolicyRequest) (*inventoryv1.GetBackorderPolicyResponse, error) {
	policy, err := s.stock.GetBackorderPolicy(ctx, req.GetSku())
	if err != nil {
		return nil, err
	}
	return &inventoryv1.GetBackorderPolicyResponse{Policy: policyToProto(policy)}, nil
}
