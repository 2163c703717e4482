package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
)

// IssueGiftCard makes a gift card and answers its code.
func (s *Server) IssueGiftCard(ctx context.Context, r *paymentv1.IssueGiftCardRequest) (*paymentv1.IssueGiftCardResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	expires, err := givenTime("expiresAt", r.GetExpiresAt())
	if err != nil {
		return nil, err
	}
	card, code, err := s.cards.Issue(ctx, giftcard.IssueRequest{
		RequestID: r.GetRequestId(), Amount: moneyOf(r.GetAmount()), ExpiresAt: expires, Note: r.GetNote(),
	})
	if err != nil {
		return nil, err
	}
	return &paymentv1.IssueGiftCardResponse{GiftCard: cardOf(card), Code: giftcard.Format(code)}, nil
}
