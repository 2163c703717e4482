package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
)

// MergeCart moves a guest cart's lines into the caller's cart.
func (s *CartServer) MergeCart(ctx context.Context, req *cartv1.MergeCartRequest) (*cartv1.MergeCartResponse, error) {
	wrap := func(c *cartv1.Cart) *cartv1.MergeCartResponse { return &cartv1.MergeCartResponse{Cart: c} }
	return change(ctx, s, cartCall(ctx, "MergeCart", req), wrap, func(once cart.Once) (*cart.Cart, error) {
		return s.carts.Merge(ctx, req.GetCartId(), once)
	})
}
