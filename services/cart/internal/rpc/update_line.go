package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
)

// UpdateLine sets the quantity of a line.
func (s *CartServer) UpdateLine(ctx context.Context, req *cartv1.UpdateLineRequest) (*cartv1.UpdateLineResponse, error) {
	wrap := func(c *cartv1.Cart) *cartv1.UpdateLineResponse { return &cartv1.UpdateLineResponse{Cart: c} }
	return change(ctx, s, cartCall(ctx, "UpdateLine", req), wrap, func(once cart.Once) (*cart.Cart, error) {
		return s.carts.UpdateLine(ctx, cart.Target{CartID: req.GetCartId(), Expected: req.GetExpectedVersion(), Once: once}, req.GetLineId(), req.GetQuantity())
	})
}
