package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
)

// errUndecided means that the payment service does not know yet what the provider did. It is asked again with the same
// key; nothing is given back before it knows.
var errUndecided = errors.New("the outcome of the payment is not known yet")

// How often a waiting checkout looks at its payment by itself, as a part of the time it may wait. The payment service
// tells every change, so this only covers news that was lost.
const (
	looks     = 20
	minLookIn = 30 * time.Second
	maxLookIn = 30 * time.Minute
)

func (r *run) authorizePayment(ctx context.Context, s *saga.Saga) (saga.Next, error) {
	if r.order.Money.Due == 0 {
		return saga.Next{Step: stepPlace}, nil
	}
	if r.memory.Opened { // and that it waits could not be stored
		return r.awaitPayment(ctx, s)
	}
	p, err := r.Peers.Payments.Authorize(ctx, Authorization{
		PaymentID: r.order.PaymentID, OrderID: r.order.ID, CartID: r.order.CartID, Channel: r.order.Channel,
		CustomerID: r.order.CustomerID, Country: r.memory.Country, Amount: r.order.Amount(r.order.Money.Due), Input: r.memory.Payment,
	})
	switch {
	case err == nil:
		return r.decide(p, s)
	case saga.Definite(err), errors.Is(err, ErrCardAttempts.Err()):
		return r.abort(err), nil
	}
	return saga.Next{}, fmt.Errorf("authorize payment: %w", err)
}

// awaitPayment looks what became of a payment that was not decided at once. When the time is over the provider itself is
// asked a last time.
func (r *run) awaitPayment(ctx context.Context, s *saga.Saga) (saga.Next, error) {
	p, err := r.Peers.Payments.GetPayment(ctx, r.order.PaymentID)
	if err != nil {
		return saga.Next{}, fmt.Errorf("get payment: %w", err)
	}
	if p.State == order.PaymentProcessing || s.Expired && (p.State == order.PaymentRequiresAction || p.State == order.PaymentPending) {
		if p, err = r.Peers.Payments.ResolvePayment(ctx, r.order.PaymentID); err != nil {
			return saga.Next{}, fmt.Errorf("resolve payment: %w", err)
		}
	}
	return r.decide(p, s)
}

// decide says what the state of the payment means for the checkout.
func (r *run) decide(p order.Payment, s *saga.Saga) (saga.Next, error) {
	switch p.State {
	case order.PaymentAuthorized, order.PaymentNotNeeded:
		return saga.Next{State: saga.Running, Step: stepPlace}, nil
	case order.PaymentCaptured:
		r.memory.Captured = p.Captured
		return saga.Next{State: saga.Running, Step: stepPlace}, nil
	case order.PaymentProcessing:
		if s.Step == stepAuthorizePayment {
			return saga.Next{Step: stepAwaitPayment}, nil
		}
		return saga.Next{}, errUndecided
	case order.PaymentRequiresAction, order.PaymentPending:
		if s.Expired {
			return r.abort(ErrExpired.New("The payment was not finished in time.")), nil
		}
		return r.wait(p, s), nil
	}
	reason := p.DeclineReason
	if reason == "" {
		reason = "declined"
	}
	return r.abort(ErrDeclined.New("The payment was refused.").Meta("decline_reason", reason)), nil
}

// wait writes what the buyer has to do, once, and gives the checkout back until news come. The buyer is told when the
// checkout or the provider gives up, whichever is first.
func (r *run) wait(p order.Payment, s *saga.Saga) saga.Next {
	next := saga.Next{State: saga.Waiting, Step: stepAwaitPayment, Wait: min(max(r.memory.Hold/looks, minLookIn), maxLookIn)}
	r.memory.Payment.Token, r.memory.Opened = "", true
	if r.order.Status == order.RequiresAction && sameAction(r.order.NextAction, p.NextAction) {
		return next
	}
	if a := p.NextAction; a != nil && (a.ExpiresAt.IsZero() || a.ExpiresAt.After(s.Deadline)) {
		a.ExpiresAt = s.Deadline
	}
	next.Write = func(ctx context.Context) error {
		waiting := *r.order
		waiting.Status, waiting.NextAction = order.RequiresAction, p.NextAction
		if err := r.Store.UpdateOrder(ctx, &waiting); err != nil {
			return err
		}
		r.order = &waiting
		facts := map[string]string{"payment_id": p.ID}
		if p.NextAction != nil {
			facts["type"] = p.NextAction.Type
		}
		return r.Store.AppendEvent(ctx, order.Event{OrderID: waiting.ID, Kind: "payment.requires_action", Actor: order.Actor{Kind: order.System}, Data: facts})
	}
	return next
}

func sameAction(a, b *order.NextAction) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Type == b.Type && a.URL == b.URL && a.Data == b.Data
}

// capturePayment takes the money of an order that captures at placement. A refusal does not undo the order: it is marked for
// a person, and nothing is shipped before somebody captured.
func (r *run) capturePayment(ctx context.Context) (saga.Next, error) {
	next := saga.Next{State: saga.Running, Step: stepRedeemCoupons}
	due := r.order.Money.Due - r.memory.Captured
	if due <= 0 || r.order.CaptureAtShipment {
		return next, nil
	}
	result, err := r.Peers.Payments.Capture(ctx, order.Movement{
		PaymentID: r.order.PaymentID, ID: r.order.ID + "-c0", Amount: r.order.Amount(due), Final: true,
	})
	switch {
	case err != nil && !saga.Definite(err):
		return saga.Next{}, fmt.Errorf("capture payment: %w", err)
	case err != nil, result == order.ResultFailed:
		r.memory.Problem = true
		next.Attention = true
	case result == order.ResultUnknown:
		return saga.Next{State: saga.Waiting, Wait: minLookIn}, nil
	default:
		r.memory.Captured += due
	}
	return next, nil
}
