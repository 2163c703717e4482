package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
)

// GetGiftCard gives a gift card by id.
func (s *Server) GetGiftCard(ctx context.Context, r *paymentv1.GetGiftCardRequest) (*paymentv1.GetGiftCardResponse, error) {
	card, err := s.cards.Get(ctx, r.GetGiftCardId())
	if err != nil {
		return nil, err
	}
	return &paymentv1.GetGiftCardResponse{GiftCard: cardOf(card)}, nil
}
