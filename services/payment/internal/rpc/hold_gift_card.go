package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
)

// HoldGiftCard sets an amount aside for an order.
func (s *Server) HoldGiftCard(ctx context.Context, r *paymentv1.HoldGiftCardRequest) (*paymentv1.HoldGiftCardResponse, error) {
	hold, err := s.cards.Hold(ctx, giftcard.HoldRequest{
		HoldID: r.GetHoldId(), RequestID: r.GetRequestId(), CardID: r.GetGiftCardId(), OrderID: r.GetOrderId(),
		Amount: moneyOf(r.GetAmount()), TTL: r.GetTtl().AsDuration(),
	})
	if err != nil {
		return nil, err
	}
	return &paymentv1.HoldGiftCardResponse{Hold: holdOf(hold)}, nil
}
