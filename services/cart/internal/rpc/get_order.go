package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// GetOrder answers one order.
func (s *OrderServer) GetOrder(ctx context.Context, req *cartv1.GetOrderRequest) (*cartv1.GetOrderResponse, error) {
	o, err := s.service.GetOrder(ctx, req.GetOrderId())
	if err != nil {
		return nil, err
	}
	return &cartv1.GetOrderResponse{Order: orderToProto(ctx, o)}, nil
}
