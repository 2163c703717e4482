package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
)

// CreateCart starts a cart.
func (s *CartServer) CreateCart(ctx context.Context, req *cartv1.CreateCartRequest) (*cartv1.CreateCartResponse, error) {
	wrap := func(c *cartv1.Cart) *cartv1.CreateCartResponse { return &cartv1.CreateCartResponse{Cart: c} }
	return change(ctx, s, cartCall(ctx, "CreateCart", req), wrap, func(once cart.Once) (*cart.Cart, error) {
		return s.carts.Create(ctx, cart.Start{
			Channel: req.GetChannel(), Currency: req.GetCurrencyCode(), Country: req.GetCountryCode(), Locale: req.GetLocale(),
			Email: req.GetEmail(), Lines: lineInputs(req.GetLines()), Once: once,
		})
	})
}
