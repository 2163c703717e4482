package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// ResumeCheckout goes on with a checkout whose buyer came back.
func (s *CheckoutServer) ResumeCheckout(ctx context.Context, req *cartv1.ResumeCheckoutRequest) (*cartv1.ResumeCheckoutResponse, error) {
	o, err := s.service.ResumeCheckout(postgres.Patient(ctx, queueTime), req.GetOrderId())
	if err != nil {
		return nil, err
	}
	return &cartv1.ResumeCheckoutResponse{Order: orderToProto(ctx, o)}, nil
}
