package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
)

// UpdateCart sets what a cart says about its buyer.
func (s *CartServer) UpdateCart(ctx context.Context, req *cartv1.UpdateCartRequest) (*cartv1.UpdateCartResponse, error) {
	wrap := func(c *cartv1.Cart) *cartv1.UpdateCartResponse { return &cartv1.UpdateCartResponse{Cart: c} }
	return change(ctx, s, cartCall(ctx, "UpdateCart", req), wrap, func(once cart.Once) (*cart.Cart, error) {
		return s.carts.Update(ctx, cart.Target{CartID: req.GetCartId(), Expected: req.GetExpectedVersion(), Once: once}, cart.Details{
			Email: req.Email, Note: req.Note, Country: req.CountryCode, Locale: req.Locale,
			Shipping: addressOf(req.GetShippingAddress()), Billing: addressOf(req.GetBillingAddress()), ClearBilling: req.GetClearBillingAddress(),
		})
	})
}
