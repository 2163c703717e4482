package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// GetCart answers a cart.
func (s *CartServer) GetCart(ctx context.Context, req *cartv1.GetCartRequest) (*cartv1.GetCartResponse, error) {
	c, err := s.carts.View(ctx, req.GetCartId())
	if err != nil {
		return nil, err
	}
	return &cartv1.GetCartResponse{Cart: cartToProto(c)}, nil
}
