package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
)

// CapturePayment takes a part or all of what is authorized.
func (s *Server) CapturePayment(ctx context.Context, r *paymentv1.CapturePaymentRequest) (*paymentv1.CapturePaymentResponse, error) {
	p, op, err := s.payments.Capture(ctx, payment.MoveRequest{
		PaymentID: r.GetPaymentId(), CallerID: r.GetCaptureId(), RequestID: r.GetRequestId(), Amount: moneyOf(r.GetAmount()), Final: r.GetFinal(),
	})
	if err != nil {
		return nil, err
	}
	return &paymentv1.CapturePaymentResponse{Payment: paymentOf(p), Operation: operationOf(op)}, nil
}
