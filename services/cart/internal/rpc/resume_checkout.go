package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// ResumeCheckout goes on with a checkout whose buyer came back. Nothing is stored: the order's machine goes on from where it is.
// Repetitions with one key wait for the first, for all of them would step the same order.
func (s *CheckoutServer) ResumeCheckout(ctx context.Context, req *cartv1.ResumeCheckoutRequest) (*cartv1.ResumeCheckoutResponse, error) {
	call := idempotency.NewCall(ctx, resumeCheckoutMethod, req.GetRequestId(), req).For(req.GetOrderId())
	_, leave, err := s.keeper.Enter(ctx, call)
	if err != nil {
		return nil, err
	}
	defer leave()
	o, err := s.service.ResumeCheckout(postgres.Patient(ctx, queueTime), req.GetOrderId())
	if err != nil {
		return nil, err
	}
	return &cartv1.ResumeCheckoutResponse{Order: orderToProto(ctx, o)}, nil
}
