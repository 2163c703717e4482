package payment

import (
	"context"
	"fmt"
)

// VoidRequest asks to undo a payment.
type VoidRequest struct {
	// PaymentID names the payment; it may be one that was never seen.
	PaymentID string
	// VoidID is the caller's id of this void.
	VoidID string
	// RequestID is for the audit trail.
	RequestID string
	// OrderID is kept on a tombstone.
	OrderID string
}

// Void releases what is authorized, or refunds what a method took at once. While the outcome of something is open the wish
// is kept and carried out when it is known. A payment never seen becomes a tombstone that refuses its authorization.
func (s *Service) Void(ctx context.Context, r VoidRequest) (*Payment, error) {
	return s.void(ctx, r, false)
}

func (s *Service) void(ctx context.Context, r VoidRequest, tell bool) (*Payment, error) {
	var p *Payment
	var next []Operation
	err := s.store.Tx(ctx, func(ctx context.Context) (err error) {
		next = nil
		p, err = s.store.Lock(ctx, r.PaymentID)
		if isNotFound(err) {
			p, err = s.bury(ctx, r)
		}
		if err != nil {
			return err
		}
		return s.planVoid(ctx, p, r, &next, tell)
	})
	if err != nil {
		return nil, fmt.Errorf("void: %w", err)
	}
	return s.sendAll(ctx, p, next, tell)
}

func (s *Service) planVoid(ctx context.Context, p *Payment, r VoidRequest, next *[]Operation, tell bool) error {
	if r.VoidID == lapseVoid && underWay(p, Capture) {
		return errCapturing
	}
	asked, before := p.VoidRequested, p.Summary
	if err := RequestVoid(p, Operation{CallerID: r.VoidID, RequestID: r.RequestID, Actor: actor(ctx)}); err != nil {
		return err
	}
	retry := ""
	if asked && r.VoidID != p.VoidID {
		retry = r.VoidID
	}
	*next = s.prepare(p, retry)
	if asked && len(*next) == 0 {
		return nil
	}
	// The undo marks are on any of the operations.
	if err := s.store.Save(ctx, p, Changes{Operations: p.Operations}, s.backoff); err != nil {
		return err
	}
	if tell && before != p.Summary && p.OrderID != "" {
		return s.store.Notify(ctx, p)
	}
	return nil
}

// bury leaves a tombstone.
func (s *Service) bury(ctx context.Context, r VoidRequest) (*Payment, error) {
	p := &Payment{
		ID: r.PaymentID, OrderID: r.OrderID, SeparatesCapture: true, RequestID: r.RequestID, Actor: actor(ctx), Version: 1,
		VoidRequested: true, VoidID: r.VoidID, VoidRequestID: r.RequestID, VoidActor: actor(ctx),
	}
	p.Summary = Derive(p)
	inserted, err := s.store.Insert(ctx, p, s.cfg.lease())
	if err != nil || inserted {
		return p, err
	}
	return s.store.Lock(ctx, r.PaymentID)
}
