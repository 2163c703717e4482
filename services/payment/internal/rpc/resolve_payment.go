package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
)

// ResolvePayment asks the provider now about what is not finished.
func (s *Server) ResolvePayment(ctx context.Context, r *paymentv1.ResolvePaymentRequest) (*paymentv1.ResolvePaymentResponse, error) {
	p, err := s.payments.Resolve(ctx, r.GetPaymentId())
	if err != nil {
		return nil, err
	}
	return &paymentv1.ResolvePaymentResponse{Payment: paymentOf(p)}, nil
}
