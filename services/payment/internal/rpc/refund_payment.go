package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
)

// RefundPayment gives back a part or all of what was captured.
func (s *Server) RefundPayment(ctx context.Context, r *paymentv1.RefundPaymentRequest) (*paymentv1.RefundPaymentResponse, error) {
	p, op, err := s.payments.Refund(ctx, payment.MoveRequest{
		PaymentID: r.GetPaymentId(), CallerID: r.GetRefundId(), RequestID: r.GetRequestId(), Amount: moneyOf(r.GetAmount()),
	})
	if err != nil {
		return nil, err
	}
	return &paymentv1.RefundPaymentResponse{Payment: paymentOf(p), Operation: operationOf(op)}, nil
}
