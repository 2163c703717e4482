package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
)

// ApplyCoupon adds a coupon code.
func (s *CartServer) ApplyCoupon(ctx context.Context, req *cartv1.ApplyCouponRequest) (*cartv1.ApplyCouponResponse, error) {
	wrap := func(c *cartv1.Cart) *cartv1.ApplyCouponResponse { return &cartv1.ApplyCouponResponse{Cart: c} }
	return change(ctx, s, cartCall(ctx, "ApplyCoupon", req), wrap, func(once cart.Once) (*cart.Cart, error) {
		return s.carts.ApplyCoupon(ctx, cart.Target{CartID: req.GetCartId(), Expected: req.GetExpectedVersion(), Once: once}, req.GetCode())
	})
}
