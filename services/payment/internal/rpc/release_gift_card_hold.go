package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
)

// ReleaseGiftCardHold gives a hold back, or refuses it ahead.
func (s *Server) ReleaseGiftCardHold(ctx context.Context, r *paymentv1.ReleaseGiftCardHoldRequest) (*paymentv1.ReleaseGiftCardHoldResponse, error) {
	hold, err := s.cards.Release(ctx, r.GetHoldId(), r.GetRequestId(), r.GetOrderId())
	if err != nil {
		return nil, err
	}
	return &paymentv1.ReleaseGiftCardHoldResponse{Hold: holdOf(hold)}, nil
}
