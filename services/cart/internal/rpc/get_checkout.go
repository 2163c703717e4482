package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
)

// GetCheckout shows the machine of an order.
func (s *CheckoutServer) GetCheckout(ctx context.Context, req *cartv1.GetCheckoutRequest) (*cartv1.GetCheckoutResponse, error) {
	g, err := s.service.GetCheckout(ctx, req.GetOrderId())
	if err != nil {
		return nil, err
	}
	states := map[saga.State]cartv1.CheckoutState{
		saga.Running:      cartv1.CheckoutState_CHECKOUT_STATE_RUNNING,
		saga.Waiting:      cartv1.CheckoutState_CHECKOUT_STATE_WAITING,
		saga.Compensating: cartv1.CheckoutState_CHECKOUT_STATE_COMPENSATING,
		saga.Done:         cartv1.CheckoutState_CHECKOUT_STATE_DONE,
		saga.Failed:       cartv1.CheckoutState_CHECKOUT_STATE_FAILED,
	}
	resp := &cartv1.GetCheckoutResponse{
		State: states[g.State], Step: g.Step, Attempts: int32(g.Attempts), LastError: g.LastError,
		Deadline: timestamp(g.Deadline), NeedsAttention: g.NeedsAttention, Version: g.Version,
	}
	if !g.State.Ended() {
		resp.NextRunAt = timestamp(g.NextRunAt)
	}
	return resp, nil
}
