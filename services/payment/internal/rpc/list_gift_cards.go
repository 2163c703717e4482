package rpc

import (
	"context"
	"strings"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
)

// ListGiftCards lists gift cards, newest first.
func (s *Server) ListGiftCards(ctx context.Context, r *paymentv1.ListGiftCardsRequest) (*paymentv1.ListGiftCardsResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	var before string
	p, err := pageOf(r.GetPageSize(), r.GetPageToken(), &before, "giftcards", r.GetStatus().String(), r.GetLast4())
	if err != nil {
		return nil, err
	}
	filter := giftcard.CardFilter{Last4: strings.ToUpper(r.GetLast4()), Before: before, Limit: p.size + 1}
	switch r.GetStatus() {
	case paymentv1.GiftCardStatus_GIFT_CARD_STATUS_ACTIVE:
		filter.Status = giftcard.Active
	case paymentv1.GiftCardStatus_GIFT_CARD_STATUS_DISABLED:
		filter.Status = giftcard.Disabled
	}
	cards, err := s.cards.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	cards, next, err := cut(p, cards, func(last giftcard.Card) any { return last.ID })
	if err != nil {
		return nil, err
	}
	response := &paymentv1.ListGiftCardsResponse{NextPageToken: next}
	for _, c := range cards {
		response.GiftCards = append(response.GiftCards, cardOf(c))
	}
	return response, nil
}
