package order

import (
	"context"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// Kinds of the operations' sagas, and of the checkout that makes an order.
const (
	CheckoutKind = "checkout"
	RefundKind   = "refund"
	ShipmentKind = "shipment"
)

// answerMargin is the part of a call's time that is kept to answer it.
const answerMargin = 300 * time.Millisecond

// Claim takes the idempotency key of a request for the operation with this id. It runs in the transaction that writes the
// operation, so both exist or neither does. The id is empty when the request needed no operation.
type Claim func(ctx context.Context, operationID string) error

// Outcome is what a request led to.
type Outcome struct {
	// Order is the order afterwards.
	Order *Order
	// OperationID names the refund or shipment; empty when the request needed none.
	OperationID string
}

// CancelOrder ends an order of which nothing was shipped. A checkout that still runs is asked to end; a placed order is
// refunded whole. The operation may be pending still when the call's time is over.
func (s *Service) CancelOrder(ctx context.Context, orderID, reason string, claim Claim) (Outcome, error) {
	o, err := s.GetOrder(ctx, orderID)
	if err != nil {
		return Outcome{}, err
	}
	if o.Status == Pending || o.Status == RequiresAction {
		o, err = s.stopCheckout(ctx, o, claim)
		if err != nil || o.Status != Placed {
			return Outcome{Order: o}, err
		}
		claim = noClaim
	}
	operationID := id.New()
	err = s.begin(ctx, orderID, func(ctx context.Context, o *Order) error {
		if o.Status != Placed || o.anyShipped() {
			return ErrState.New("The order is %s and cannot be cancelled.", describe(o))
		}
		r, err := o.PlanCancel(reason)
		if err != nil {
			return fmt.Errorf("plan cancellation: %w", err)
		}
		r.ID, r.Actor = operationID, ActorOf(ctx)
		return s.beginRefund(ctx, o, r, claim)
	})
	if err != nil {
		return Outcome{}, err
	}
	return s.finish(ctx, orderID, operationID)
}

// stopCheckout asks the checkout of an order to end and waits for it. It returns the order as it ended: cancelled, failed
// for another reason, or placed when the checkout was faster.
func (s *Service) stopCheckout(ctx context.Context, o *Order, claim Claim) (*Order, error) {
	err := s.store.Tx(ctx, func(ctx context.Context) error {
		if err := claim(ctx, ""); err != nil {
			return err
		}
		_, err := s.store.CancelSaga(ctx, o.ID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stop checkout: %w", err)
	}
	wait, cancel := answerIn(ctx)
	defer cancel()
	if err := s.runner.AwaitEnd(wait, o.ID); err != nil {
		return nil, fmt.Errorf("stop checkout: %w", err)
	}
	return s.GetOrder(ctx, o.ID)
}

func noClaim(context.Context, string) error { return nil }

func describe(o *Order) string {
	if o.anyShipped() {
		return "shipped in part or whole"
	}
	return string(o.Status)
}

// RefundOrder gives units and money back. Staff only.
func (s *Service) RefundOrder(ctx context.Context, orderID string, w RefundWish, claim Claim) (Outcome, error) {
	if err := staffOnly(ctx); err != nil {
		return Outcome{}, err
	}
	operationID := id.New()
	err := s.begin(ctx, orderID, func(ctx context.Context, o *Order) error {
		if o.Status != Placed && o.Status != Completed {
			return ErrState.New("The order is %s and cannot be refunded.", o.Status)
		}
		r, err := o.PlanRefund(w)
		if err != nil {
			return err
		}
		r.ID, r.Actor = operationID, ActorOf(ctx)
		return s.beginRefund(ctx, o, r, claim)
	})
	if err != nil {
		return Outcome{}, err
	}
	return s.finish(ctx, orderID, operationID)
}

// CreateShipment captures what has to be and ships units. Staff only.
func (s *Service) CreateShipment(ctx context.Context, orderID string, w ShipmentWish, claim Claim) (Outcome, error) {
	if err := staffOnly(ctx); err != nil {
		return Outcome{}, err
	}
	operationID := id.New()
	err := s.begin(ctx, orderID, func(ctx context.Context, o *Order) error {
		if o.Status != Placed {
			return ErrState.New("The order is %s and cannot be shipped.", o.Status)
		}
		shipment, err := o.PlanShipment(w)
		if err != nil {
			return err
		}
		shipment.ID, shipment.Actor = operationID, ActorOf(ctx)
		if err := claim(ctx, operationID); err != nil {
			return err
		}
		if err := s.store.InsertShipment(ctx, shipment); err != nil {
			return err
		}
		return s.store.InsertSaga(ctx, newSaga(ShipmentKind, operationID, o.ID, stepCapture), 0, 0)
	})
	if err != nil {
		return Outcome{}, err
	}
	return s.finish(ctx, orderID, operationID)
}

// begin runs fn on a locked order that nothing else works on.
func (s *Service) begin(ctx context.Context, orderID string, fn func(ctx context.Context, o *Order) error) error {
	err := s.store.Tx(ctx, func(ctx context.Context) error {
		o, err := s.store.LockOrder(ctx, orderID)
		if err != nil {
			return err
		}
		if err := Visible(ctx, o); err != nil {
			return err
		}
		active, err := s.store.ActiveSaga(ctx, orderID)
		if err != nil {
			return err
		}
		if active != "" {
			return ErrBusy.New("Another operation of the order is still running.").RetryAfter(time.Second)
		}
		return fn(ctx, o)
	})
	if err != nil {
		return fmt.Errorf("begin operation: %w", err)
	}
	return nil
}

// beginRefund counts the refund into the order and writes the operation that carries it out.
func (s *Service) beginRefund(ctx context.Context, o *Order, r Refund, claim Claim) error {
	if err := claim(ctx, r.ID); err != nil {
		return err
	}
	return insertRefund(ctx, s.store, o, r)
}

// insertRefund is the beginning of every refund, in a transaction that holds the order.
func insertRefund(ctx context.Context, store Store, o *Order, r Refund) error {
	o.reserve(r)
	if err := store.UpdateOrder(ctx, o); err != nil {
		return err
	}
	if err := store.UpdateLines(ctx, o); err != nil {
		return err
	}
	if err := store.InsertRefund(ctx, r); err != nil {
		return err
	}
	return store.InsertSaga(ctx, newSaga(RefundKind, r.ID, o.ID, stepRefundPayment), 0, 0)
}

// CancelBySystem begins the cancellation of an order that was placed but cannot be fulfilled, in the caller's transaction.
func CancelBySystem(ctx context.Context, store Store, o *Order, reason string) error {
	r, err := o.PlanCancel(reason)
	if err != nil {
		return fmt.Errorf("plan cancellation: %w", err)
	}
	r.ID, r.Actor = id.New(), Actor{Kind: System}
	return insertRefund(ctx, store, o, r)
}

func newSaga(kind, operationID, orderID, step string) *saga.Saga {
	return &saga.Saga{ID: operationID, Kind: kind, OrderID: orderID, State: saga.Running, Step: step}
}

// finish works on an operation as long as the call has time and answers what it led to; its failure is an error.
func (s *Service) finish(ctx context.Context, orderID, operationID string) (Outcome, error) {
	wait, cancel := answerIn(ctx)
	defer cancel()
	if _, err := s.runner.Await(wait, operationID); err != nil {
		return Outcome{}, err
	}
	return s.outcome(ctx, orderID, operationID)
}

// Replay answers a request that was made before. IDEMPOTENCY_IN_PROGRESS while its operation still runs.
func (s *Service) Replay(ctx context.Context, orderID, operationID string) (Outcome, error) {
	if operationID == "" {
		o, err := s.GetOrder(ctx, orderID)
		return Outcome{Order: o}, err
	}
	state, err := s.runner.Advance(ctx, operationID)
	if err != nil {
		return Outcome{}, err
	}
	if !state.State.Ended() && state.State != saga.Waiting {
		return Outcome{}, errs.IdempotencyInProgress.New("The request is still being worked on.").RetryAfter(time.Second)
	}
	return s.outcome(ctx, orderID, operationID)
}

func (s *Service) outcome(ctx context.Context, orderID, operationID string) (Outcome, error) {
	o, err := s.GetOrder(ctx, orderID)
	if err != nil {
		return Outcome{}, err
	}
	for _, r := range o.Refunds {
		if r.ID == operationID && r.Failure != nil {
			return Outcome{}, r.Failure.Err()
		}
	}
	for _, sh := range o.Shipments {
		if sh.ID == operationID && sh.Failure != nil {
			return Outcome{}, sh.Failure.Err()
		}
	}
	return Outcome{Order: o, OperationID: operationID}, nil
}

// answerIn is the part of the call's time that may be spent on work.
func answerIn(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-answerMargin))
	}
	return context.WithTimeout(ctx, 10*time.Second)
}
