package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
)

// DisableGiftCard stops a gift card for good.
func (s *Server) DisableGiftCard(ctx context.Context, r *paymentv1.DisableGiftCardRequest) (*paymentv1.DisableGiftCardResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	card, err := s.cards.Disable(ctx, r.GetGiftCardId())
	if err != nil {
		return nil, err
	}
	return &paymentv1.DisableGiftCardResponse{GiftCard: cardOf(card)}, nil
}
