package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// PostGiftCardHold spends a hold, once.
func (s *Server) PostGiftCardHold(ctx context.Context, r *paymentv1.PostGiftCardHoldRequest) (*paymentv1.PostGiftCardHoldResponse, error) {
	var amount *money.Money
	if r.GetAmount() != nil {
		given := moneyOf(r.GetAmount())
		amount = &given
	}
	hold, err := s.cards.Post(ctx, r.GetHoldId(), r.GetRequestId(), amount)
	if err != nil {
		return nil, err
	}
	return &paymentv1.PostGiftCardHoldResponse{Hold: holdOf(hold)}, nil
}
