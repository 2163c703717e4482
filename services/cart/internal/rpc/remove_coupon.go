package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
)

// RemoveCoupon removes a coupon code.
func (s *CartServer) RemoveCoupon(ctx context.Context, req *cartv1.RemoveCouponRequest) (*cartv1.RemoveCouponResponse, error) {
	wrap := func(c *cartv1.Cart) *cartv1.RemoveCouponResponse { return &cartv1.RemoveCouponResponse{Cart: c} }
	return change(ctx, s, cartCall(ctx, "RemoveCoupon", req), wrap, func(once cart.Once) (*cart.Cart, error) {
		return s.carts.RemoveCoupon(ctx, cart.Target{CartID: req.GetCartId(), Expected: req.GetExpectedVersion(), Once: once}, req.GetCode())
	})
}
