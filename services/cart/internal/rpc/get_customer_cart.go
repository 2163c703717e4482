package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// GetCustomerCart answers the caller's active cart in a channel.
func (s *CartServer) GetCustomerCart(ctx context.Context, req *cartv1.GetCustomerCartRequest) (*cartv1.GetCustomerCartResponse, error) {
	c, err := s.carts.ViewActive(ctx, req.GetChannel())
	if err != nil {
		return nil, err
	}
	return &cartv1.GetCustomerCartResponse{Cart: cartToProto(c)}, nil
}
