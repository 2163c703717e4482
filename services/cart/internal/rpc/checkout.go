package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/checkout"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/moneypb"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// Checkout buys a cart.
func (s *CheckoutServer) Checkout(ctx context.Context, req *cartv1.CheckoutRequest) (*cartv1.CheckoutResponse, error) {
	if err := needKey(req.GetRequestId()); err != nil {
		return nil, err
	}
	ctx = postgres.Patient(ctx, queueTime)
	call := idempotency.NewCall(ctx, checkoutMethod, req.GetRequestId(), req).For(req.GetCartId())
	if o, found, err := s.replay(ctx, call); found || err != nil {
		return checkoutResponse(ctx, o, err)
	}
	cmd := checkout.Command{CartID: req.GetCartId()}
	if req.GetExpectedTotal() != nil {
		expected, err := moneypb.FromProto(req.GetExpectedTotal())
		if err != nil {
			return nil, err
		}
		cmd.ExpectedTotal = &expected
	}
	if p := req.GetPayment(); p != nil {
		cmd.Payment = &checkout.PaymentInput{Method: p.GetMethod(), Token: p.GetToken(), ReturnURL: p.GetReturnUrl()}
	}
	began := false
	claim := claimOnce(s.keeper, call, func(orderID string) *cartv1.CheckoutResponse {
		return &cartv1.CheckoutResponse{Order: &cartv1.Order{Id: orderID}}
	})
	cmd.Claim = func(ctx context.Context, orderID string) error {
		err := claim(ctx, orderID)
		began = err == nil
		return err
	}
	o, err := s.service.Checkout(ctx, cmd)
	if err != nil && lostRace(err, began) {
		// The same key may have begun, or even ended, the checkout while this call looked at the cart; its answer then counts.
		if o, found, replayErr := s.replay(ctx, call); found || replayErr != nil {
			return checkoutResponse(ctx, o, replayErr)
		}
	}
	return checkoutResponse(ctx, o, err)
}

// lostRace says whether an error can come of another call with the same key that was faster, or of a commit whose answer
// was lost.
func lostRace(err error, began bool) bool {
	switch errs.CodeOf(err) {
	case errs.FailedPrecondition, errs.Aborted:
		return !began
	case errs.Unavailable, errs.Internal:
		return true
	default:
		return false
	}
}

func (s *CheckoutServer) replay(ctx context.Context, call idempotency.Call) (*order.Order, bool, error) {
	stored, found, err := idempotency.Lookup(ctx, s.keeper, call, &cartv1.CheckoutResponse{})
	if err != nil || !found {
		return nil, false, err
	}
	o, err := s.service.Replay(ctx, stored.GetOrder().GetId())
	return o, true, err
}

func checkoutResponse(ctx context.Context, o *order.Order, err error) (*cartv1.CheckoutResponse, error) {
	if err != nil {
		return nil, err
	}
	return &cartv1.CheckoutResponse{Order: orderToProto(ctx, o)}, nil
}
