package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
)

// RefundToGiftCard puts a part or all of a posted hold back on its card.
func (s *Server) RefundToGiftCard(ctx context.Context, r *paymentv1.RefundToGiftCardRequest) (*paymentv1.RefundToGiftCardResponse, error) {
	hold, err := s.cards.RefundToCard(ctx, giftcard.RefundRequest{
		RefundID: r.GetRefundId(), HoldID: r.GetHoldId(), RequestID: r.GetRequestId(), Amount: moneyOf(r.GetAmount()),
	})
	if err != nil {
		return nil, err
	}
	return &paymentv1.RefundToGiftCardResponse{Hold: holdOf(hold)}, nil
}
