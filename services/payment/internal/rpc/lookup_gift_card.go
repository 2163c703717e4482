package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
)

// LookupGiftCard finds a spendable gift card by its code.
func (s *Server) LookupGiftCard(ctx context.Context, r *paymentv1.LookupGiftCardRequest) (*paymentv1.LookupGiftCardResponse, error) {
	card, err := s.cards.Lookup(ctx, r.GetCode(), r.GetCurrencyCode(), r.GetAttemptScope())
	if err != nil {
		return nil, err
	}
	return &paymentv1.LookupGiftCardResponse{
		GiftCardId: card.ID, Last4: card.Last4, Available: amountOf(card.Currency, card.Available()), ExpiresAt: optionalTime(card.ExpiresAt),
	}, nil
}
