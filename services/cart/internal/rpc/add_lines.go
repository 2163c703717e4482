package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
)

// AddLines adds units of SKUs.
func (s *CartServer) AddLines(ctx context.Context, req *cartv1.AddLinesRequest) (*cartv1.AddLinesResponse, error) {
	wrap := func(c *cartv1.Cart) *cartv1.AddLinesResponse { return &cartv1.AddLinesResponse{Cart: c} }
	return change(ctx, s, cartCall(ctx, "AddLines", req), wrap, func(once cart.Once) (*cart.Cart, error) {
		return s.carts.AddLines(ctx, cart.Target{CartID: req.GetCartId(), Expected: req.GetExpectedVersion(), Once: once}, lineInputs(req.GetLines()))
	})
}
