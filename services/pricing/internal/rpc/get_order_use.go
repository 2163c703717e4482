package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// GetOrderUse reads what an order uses.
func (s *Server) GetOrderUse(ctx context.Context, req *pricingv1.GetOrderUseRequest) (*pricingv1.GetOrderUseResponse, error) {
	use, err := s.uses.GetOrderUse(ctx, req.GetOrderId())
	if err != nil {
		return nil, err
	}
	return &pricingv1.GetOrderUseResponse{OrderUse: orderUseToProto(use)}, nil
}
