package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// NotifyPayment wakes what works on an order whose payment changed.
func (s *CheckoutServer) NotifyPayment(ctx context.Context, req *cartv1.NotifyPaymentRequest) (*cartv1.NotifyPaymentResponse, error) {
	if err := s.service.NotifyPayment(ctx, req.GetEventId(), req.GetOrderId()); err != nil {
		return nil, err
	}
	s.kick()
	return &cartv1.NotifyPaymentResponse{}, nil
}
