package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
)

// AuthorizePayment asks a provider for an amount.
func (s *Server) AuthorizePayment(ctx context.Context, r *paymentv1.AuthorizePaymentRequest) (*paymentv1.AuthorizePaymentResponse, error) {
	p, err := s.payments.Authorize(ctx, payment.AuthorizeRequest{
		PaymentID: r.GetPaymentId(), RequestID: r.GetRequestId(), OrderID: r.GetOrderId(), CartID: r.GetCartId(),
		CustomerReference: r.GetCustomerReference(), Amount: moneyOf(r.GetAmount()), Method: r.GetMethod(), Channel: r.GetChannel(),
		Country: r.GetCountryCode(), Token: r.GetToken(), ReturnURL: r.GetReturnUrl(),
	})
	if err != nil {
		return nil, err
	}
	return &paymentv1.AuthorizePaymentResponse{Payment: paymentOf(p)}, nil
}
