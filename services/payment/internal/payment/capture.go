package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// MoveRequest asks to capture or refund an amount.
type MoveRequest struct {
	// PaymentID names the payment.
	PaymentID string
	// CallerID is the caller's id of this movement: the idempotency key within the payment.
	CallerID string
	// RequestID is for the audit trail.
	RequestID string
	// Amount is more than 0.
	Amount money.Money
	// Final releases what is left after a capture.
	Final bool

	tell bool // no answer of this service tells the order's owner
}

// begin reserves an amount and stores the operation, in one step.
type begin func(ctx context.Context, op *Operation, lease time.Duration) (authorization string, ok bool, err error)

// Capture takes a part or all of what is authorized. It answers the payment and the capture.
func (s *Service) Capture(ctx context.Context, r MoveRequest) (*Payment, Operation, error) {
	return s.move(ctx, Capture, r, s.store.BeginCapture)
}

// Refund gives back a part or all of what was captured. It answers the payment and the refund.
func (s *Service) Refund(ctx context.Context, r MoveRequest) (*Payment, Operation, error) {
	return s.move(ctx, Refund, r, s.store.BeginRefund)
}

func (s *Service) move(ctx context.Context, kind Kind, r MoveRequest, begin begin) (*Payment, Operation, error) {
	if _, err := money.New(r.Amount.Currency, r.Amount.Minor); err != nil {
		return nil, Operation{}, err
	}
	if r.Amount.Minor <= 0 {
		return nil, Operation{}, money.ErrRange.At("amount.minorUnits", "The amount must be more than 0.")
	}
	op := Operation{
		ID: id.New(), PaymentID: r.PaymentID, Kind: kind, Status: Sending, Attempts: 1, Amount: r.Amount.Minor,
		Currency: r.Amount.Currency, Final: r.Final, CallerID: r.CallerID, RequestID: r.RequestID, Actor: actor(ctx),
	}
	authorization, ok, err := begin(ctx, &op, s.cfg.lease())
	if err != nil && !isDuplicate(err) {
		return nil, Operation{}, fmt.Errorf("begin %s: %w", kind, err)
	}
	if err != nil || !ok {
		return s.repeatMove(ctx, kind, r)
	}
	p := &Payment{ID: r.PaymentID, Operations: []Operation{{Kind: Authorize, ProviderReference: authorization}}}
	p, err = s.send(ctx, p, op, r.tell)
	if err != nil {
		return nil, Operation{}, err
	}
	return p, *p.operation(op.ID), nil
}

// repeatMove answers a request that was made before, or says why a new one cannot be.
func (s *Service) repeatMove(ctx context.Context, kind Kind, r MoveRequest) (*Payment, Operation, error) {
	p, err := s.store.Get(ctx, r.PaymentID)
	if err != nil {
		return nil, Operation{}, err
	}
	op := p.called(kind, r.CallerID)
	switch {
	case op == nil:
		return nil, Operation{}, refuseMove(p, kind, r, s.clock.Now())
	case op.Amount != r.Amount.Minor || op.Currency != r.Amount.Currency || op.Final != r.Final:
		return nil, Operation{}, reused(string(kind))
	case op.Status == Sending:
		after, claimed, err := s.resolve(ctx, p, op.ID, false)
		if err != nil {
			return nil, Operation{}, err
		}
		if !claimed {
			return nil, Operation{}, inProgress()
		}
		return after, *after.operation(op.ID), nil
	}
	return p, *op, nil
}

// refuseMove says why an amount cannot be captured or refunded.
func refuseMove(p *Payment, kind Kind, r MoveRequest, now time.Time) error {
	left := p.Refundable()
	if kind == Capture {
		left = p.Capturable()
	}
	state := func(text string) error { return ErrState.New("%s", text).Meta("state", string(p.State)) }
	switch {
	case p.Currency != r.Amount.Currency && p.Currency != "":
		return money.ErrMismatch.At("amount.currencyCode", "The payment is in %s.", p.Currency)
	case kind == Refund && p.Captured == 0:
		return state("Nothing was captured.")
	case kind == Capture && lapsed(p, now):
		return ErrAuthExpired.New("The authorization has expired.")
	case kind == Capture && (p.VoidRequested || p.State == IntegrityFailure || left <= 0 && p.CaptureReserved == 0):
		return state("Nothing is left to capture.")
	case r.Amount.Minor > left:
		return ErrExceeds.At("amount.minorUnits", "At most %s is left.", money.Money{Currency: p.Currency, Minor: max(left, 0)}).
			Meta("left_minor_units", fmt.Sprint(max(left, 0)))
	default:
		// A capture that releases the rest never runs beside another one; or what was in the way has just ended.
		return inProgress()
	}
}

// lapsed tells whether an authorization ran out, and nobody voided or captured all of it before.
func lapsed(p *Payment, now time.Time) bool {
	return p.CaptureBefore != nil && !now.Before(*p.CaptureBefore) && p.Captured < p.Authorized && (!p.VoidRequested || p.VoidID == lapseVoid)
}
