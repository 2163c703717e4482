package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
)

// RemoveLine removes a line.
func (s *CartServer) RemoveLine(ctx context.Context, req *cartv1.RemoveLineRequest) (*cartv1.RemoveLineResponse, error) {
	wrap := func(c *cartv1.Cart) *cartv1.RemoveLineResponse { return &cartv1.RemoveLineResponse{Cart: c} }
	return change(ctx, s, cartCall(ctx, "RemoveLine", req), wrap, func(once cart.Once) (*cart.Cart, error) {
		return s.carts.UpdateLine(ctx, cart.Target{CartID: req.GetCartId(), Expected: req.GetExpectedVersion(), Once: once}, req.GetLineId(), 0)
	})
}
