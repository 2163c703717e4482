package order

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
)

// Steps of a refund, in order.
const (
	stepRefundPayment   = "refund_payment"
	stepRefundGiftCards = "refund_gift_cards"
	stepReturnStock     = "return_stock"
	stepReleaseCoupons  = "release_coupons"
	stepSettlePayment   = "settle_payment"
	stepFinish          = "finish"
)

// resolveEvery is how often a movement of money that the provider has not decided yet is asked for. Its end is also told
// by the payment service.
const resolveEvery = 30 * time.Second

// refundMachine carries refunds out: money first, then stock, then what is left of the authorization.
type refundMachine struct {
	store Store
	peers Peers
}

// Kind implements saga.Machine.
func (m *refundMachine) Kind() string { return RefundKind }

// Reversible implements saga.Machine: what was begun for the buyer is finished.
func (m *refundMachine) Reversible(*saga.Saga) bool { return false }

// Open implements saga.Machine.
func (m *refundMachine) Open(ctx context.Context, s *saga.Saga) (saga.Run, error) {
	o, err := m.store.GetOrder(ctx, s.OrderID)
	if err != nil {
		return nil, fmt.Errorf("read order: %w", err)
	}
	run := &refundRun{refundMachine: m, order: o}
	for _, r := range o.Refunds {
		if r.ID == s.ID {
			run.refund = r
			return run, s.Recall(&run.memory)
		}
	}
	return nil, fmt.Errorf("order %s has no refund %s", o.ID, s.ID)
}

type refundRun struct {
	*refundMachine
	order  *Order
	refund Refund
	memory refundMemory
}

// refundMemory is what a refund learned on the way.
type refundMemory struct {
	// Captured is the rest that was captured because the refund took the last open units off the order.
	Captured int64 `json:"captured,omitempty"`
	// Problem says that the provider refused to capture it.
	Problem bool `json:"problem,omitempty"`
}

// Memory implements saga.Run.
func (r *refundRun) Memory() any { return r.memory }

// Step implements saga.Run.
func (r *refundRun) Step(ctx context.Context, s *saga.Saga) (saga.Next, error) {
	calls := AsService(ctx, r.refund.Actor)
	switch s.Step {
	case stepRefundPayment:
		return r.refundPayment(calls)
	case stepRefundGiftCards:
		return saga.Next{Step: stepReturnStock}, r.refundGiftCards(calls)
	case stepReturnStock:
		return saga.Next{Step: stepReleaseCoupons}, r.returnStock(calls)
	case stepReleaseCoupons:
		if r.refund.Cancel || r.order.givenBack() { // the order ends as cancelled either way
			if err := r.peers.Coupons.ReleaseCoupons(calls, r.order.ID); err != nil {
				return saga.Next{}, fmt.Errorf("release coupons: %w", err)
			}
		}
		return saga.Next{Step: stepSettlePayment}, nil
	case stepSettlePayment:
		return r.settlePayment(calls)
	case stepFinish:
		return saga.Next{State: saga.Done, Write: r.finish, Attention: r.memory.Problem}, nil
	}
	return saga.Next{}, fmt.Errorf("unknown step %q", s.Step)
}

// refundPayment gives money back through the payment. It is the only step whose refusal ends the refund: nothing else has
// happened yet.
func (r *refundRun) refundPayment(ctx context.Context) (saga.Next, error) {
	next := saga.Next{Step: stepRefundGiftCards}
	if r.refund.ToPayment == 0 {
		return next, nil
	}
	result, err := r.peers.Payments.Refund(ctx, Movement{PaymentID: r.order.PaymentID, ID: r.refund.ID, Amount: r.order.Amount(r.refund.ToPayment)})
	switch {
	case err != nil && !saga.Definite(err):
		return saga.Next{}, fmt.Errorf("refund payment: %w", err)
	case err != nil, result == ResultFailed:
		r.refund.Failure = FailureOf(ErrRefund.New("The payment provider refused the refund.").Because(err))
		return saga.Next{State: saga.Failed, Write: r.undo}, nil
	case result == ResultUnknown:
		return saga.Next{State: saga.Waiting, Wait: resolveEvery}, nil
	}
	next.State = saga.Running
	return next, nil
}

func (r *refundRun) refundGiftCards(ctx context.Context) error {
	for _, part := range r.refund.GiftCards {
		if !r.order.Money.GiftPosted {
			if err := r.peers.Payments.ReleaseGiftCardHold(ctx, part.HoldID, r.order.ID); err != nil {
				return fmt.Errorf("release gift card hold: %w", err)
			}
			continue
		}
		if err := r.peers.Payments.RefundToGiftCard(ctx, r.refund.ID, part.HoldID, r.order.Amount(part.Amount)); err != nil {
			return fmt.Errorf("refund to gift card: %w", err)
		}
	}
	return nil
}

func (r *refundRun) returnStock(ctx context.Context) error {
	parcel := Parcel{ID: r.refund.ID, OrderID: r.order.ID, ReservationID: r.order.ReservationID}
	back := parcel
	back.Restock, back.Reason = r.refund.Restock, clipReason(r.refund.Reason)
	for _, l := range r.refund.Lines {
		if l.Cancelled > 0 {
			parcel.Lines = append(parcel.Lines, StockLine{SKU: l.SKU, Quantity: l.Cancelled})
		}
		if l.Returned > 0 {
			back.Lines = append(back.Lines, StockLine{SKU: l.SKU, Quantity: l.Returned})
		}
	}
	if len(parcel.Lines) > 0 && parcel.ReservationID != "" {
		if err := r.peers.Stock.ReleaseAllocation(ctx, parcel); err != nil {
			return fmt.Errorf("release allocation: %w", err)
		}
	}
	if len(back.Lines) > 0 {
		if err := r.peers.Stock.ReceiveReturn(ctx, back); err != nil {
			return fmt.Errorf("receive return: %w", err)
		}
	}
	return nil
}

// maxReturnReason is the longest reason that the inventory service keeps.
const maxReturnReason = 200

func clipReason(reason string) string {
	runes := []rune(reason)
	return string(runes[:min(len(runes), maxReturnReason)])
}

// settlePayment ends the authorization when the refund left nothing more to ship: what is still owed for units that were
// shipped before is captured, what nobody owes any more is released.
func (r *refundRun) settlePayment(ctx context.Context) (saga.Next, error) {
	next := saga.Next{State: saga.Running, Step: stepFinish}
	rest := r.order.Money.Uncaptured()
	switch {
	case r.order.PaymentID == "":
		return next, nil
	case rest == 0 && r.refund.NotCaptured > 0:
		if _, err := r.peers.Payments.Void(ctx, r.order.PaymentID, r.refund.ID, r.order.ID); err != nil {
			return saga.Next{}, fmt.Errorf("release authorization: %w", err)
		}
		return next, nil
	case rest > 0 && r.order.allUnitsDone() && r.order.anyShipped() && !r.order.Money.Problem:
		result, err := r.peers.Payments.Capture(ctx, Movement{PaymentID: r.order.PaymentID, ID: r.refund.ID, Amount: r.order.Amount(rest), Final: true})
		switch {
		case err != nil && !saga.Definite(err):
			return saga.Next{}, fmt.Errorf("capture rest: %w", err)
		case err != nil, result == ResultFailed:
			r.memory.Problem = true
		case result == ResultUnknown:
			return saga.Next{State: saga.Waiting, Wait: resolveEvery}, nil
		default:
			r.memory.Captured = rest
		}
	}
	return next, nil
}

func (r *refundRun) finish(ctx context.Context) error {
	o, err := r.store.LockOrder(ctx, r.order.ID)
	if err != nil {
		return err
	}
	o.Money.Captured += r.memory.Captured
	if r.memory.Problem {
		o.Money.Problem, o.NeedsAttention = true, true
	}
	kind := "refund.succeeded"
	if r.refund.Cancel {
		kind = "order.cancelled"
		o.Status = Cancelled
	} else {
		o.settle()
	}
	if err := r.store.UpdateOrder(ctx, o); err != nil {
		return err
	}
	r.refund.Status = OperationSucceeded
	if err := r.store.EndRefund(ctx, r.refund); err != nil {
		return err
	}
	return r.store.AppendEvent(ctx, Event{OrderID: o.ID, Kind: kind, Actor: r.refund.Actor, Data: r.facts()})
}

func (r *refundRun) undo(ctx context.Context) error {
	o, err := r.store.LockOrder(ctx, r.order.ID)
	if err != nil {
		return err
	}
	o.unreserve(r.refund)
	if err := r.store.UpdateOrder(ctx, o); err != nil {
		return err
	}
	if err := r.store.UpdateLines(ctx, o); err != nil {
		return err
	}
	r.refund.Status = OperationFailed
	if err := r.store.EndRefund(ctx, r.refund); err != nil {
		return err
	}
	return r.store.AppendEvent(ctx, Event{OrderID: o.ID, Kind: "refund.failed", Actor: r.refund.Actor, Data: r.facts()})
}

func (r *refundRun) facts() map[string]string {
	facts := map[string]string{
		"refund_id":     r.refund.ID,
		"total":         r.order.Amount(r.refund.Total).String(),
		"to_payment":    r.order.Amount(r.refund.ToPayment).String(),
		"to_gift_cards": r.order.Amount(r.refund.ToGiftCards).String(),
		"not_captured":  r.order.Amount(r.refund.NotCaptured).String(),
		"restock":       strconv.FormatBool(r.refund.Restock),
	}
	if r.refund.Reason != "" {
		facts["reason"] = r.refund.Reason
	}
	if r.refund.Failure != nil {
		facts["failure"] = r.refund.Failure.Reason
	}
	return facts
}
