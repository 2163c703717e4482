package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
)

// SetShippingOption chooses a way to deliver.
func (s *CartServer) SetShippingOption(ctx context.Context, req *cartv1.SetShippingOptionRequest) (*cartv1.SetShippingOptionResponse, error) {
	wrap := func(c *cartv1.Cart) *cartv1.SetShippingOptionResponse {
		return &cartv1.SetShippingOptionResponse{Cart: c}
	}
	return change(ctx, s, cartCall(ctx, "SetShippingOption", req), wrap, func(once cart.Once) (*cart.Cart, error) {
		return s.carts.ChooseShipping(ctx, cart.Target{CartID: req.GetCartId(), Expected: req.GetExpectedVersion(), Once: once}, req.GetKey())
	})
}
