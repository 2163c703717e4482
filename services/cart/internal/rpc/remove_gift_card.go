package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
)

// RemoveGiftCard takes a gift card off.
func (s *CartServer) RemoveGiftCard(ctx context.Context, req *cartv1.RemoveGiftCardRequest) (*cartv1.RemoveGiftCardResponse, error) {
	wrap := func(c *cartv1.Cart) *cartv1.RemoveGiftCardResponse { return &cartv1.RemoveGiftCardResponse{Cart: c} }
	return change(ctx, s, cartCall(ctx, "RemoveGiftCard", req), wrap, func(once cart.Once) (*cart.Cart, error) {
		return s.carts.RemoveGiftCard(ctx, cart.Target{CartID: req.GetCartId(), Expected: req.GetExpectedVersion(), Once: once}, req.GetGiftCardId())
	})
}
