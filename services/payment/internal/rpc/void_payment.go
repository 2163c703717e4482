package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
)

// VoidPayment undoes a payment, or refuses it ahead.
func (s *Server) VoidPayment(ctx context.Context, r *paymentv1.VoidPaymentRequest) (*paymentv1.VoidPaymentResponse, error) {
	p, err := s.payments.Void(ctx, payment.VoidRequest{
		PaymentID: r.GetPaymentId(), VoidID: r.GetVoidId(), RequestID: r.GetRequestId(), OrderID: r.GetOrderId(),
	})
	if err != nil {
		return nil, err
	}
	return &paymentv1.VoidPaymentResponse{Payment: paymentOf(p)}, nil
}
