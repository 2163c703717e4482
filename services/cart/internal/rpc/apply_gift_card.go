package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
)

// ApplyGiftCard pays a part with a gift card.
func (s *CartServer) ApplyGiftCard(ctx context.Context, req *cartv1.ApplyGiftCardRequest) (*cartv1.ApplyGiftCardResponse, error) {
	wrap := func(c *cartv1.Cart) *cartv1.ApplyGiftCardResponse { return &cartv1.ApplyGiftCardResponse{Cart: c} }
	return change(ctx, s, cartCall(ctx, "ApplyGiftCard", req), wrap, func(once cart.Once) (*cart.Cart, error) {
		return s.carts.ApplyGiftCard(ctx, cart.Target{CartID: req.GetCartId(), Expected: req.GetExpectedVersion(), Once: once}, req.GetCode())
	})
}
