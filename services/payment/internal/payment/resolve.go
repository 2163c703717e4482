package payment

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
)

// How much one round of the resolver takes on, and how many of these it asks for at the same time.
const (
	resolveBatch   = 64
	resolveWorkers = 8
	keyMargin      = time.Hour // no key is sent again so close to the end of the provider's window
)

// Resolve asks the providers now about every operation of a payment that is not finished, and about those that failed: one
// that a provider refused first and carried out later has moved money.
func (s *Service) Resolve(ctx context.Context, paymentID string) (*Payment, error) {
	p, err := s.store.Get(ctx, paymentID)
	if err != nil {
		return nil, err
	}
	for _, op := range p.Operations {
		if op.Status == Failed {
			after, err := s.recheck(ctx, p, op)
			if err != nil {
				return nil, err
			}
			p = after
		}
		if op.Status.Final() {
			continue
		}
		after, claimed, err := s.resolve(ctx, p, op.ID, true)
		if err != nil {
			return nil, err
		}
		if claimed {
			p = after
		}
	}
	return p, nil
}

// recheck asks what a provider says of an operation that failed, and records only that it has succeeded since. No answer is no
// news.
func (s *Service) recheck(ctx context.Context, p *Payment, op Operation) (*Payment, error) {
	n := s.ask(ctx, p, op, func(ctx context.Context, provider Provider, _ Call) (Outcome, error) {
		outcome, err := provider.Query(ctx, op.ID)
		if errors.Is(err, ErrNoOperation) {
			return Outcome{Status: Failed}, nil
		}
		return outcome, err
	})
	if n.doubt || n.outcome.Status != OK {
		return p, nil
	}
	n.tell = true
	return s.record(context.WithoutCancel(ctx), n)
}

// resolve asks about one operation, unless somebody else is at it.
func (s *Service) resolve(ctx context.Context, p *Payment, operation string, tell bool) (*Payment, bool, error) {
	claimed, err := s.store.ClaimOperation(ctx, operation, s.cfg.lease())
	if err != nil || !claimed {
		return p, false, err
	}
	after, err := s.settleDoubt(ctx, p, operation, tell)
	return after, true, err
}

// settleDoubt asks the provider what became of an operation and records it.
func (s *Service) settleDoubt(ctx context.Context, p *Payment, operation string, tell bool) (*Payment, error) {
	op := p.operation(operation)
	if op == nil {
		return nil, fmt.Errorf("payment %s has no operation %s", p.ID, operation)
	}
	work := context.WithoutCancel(ctx)
	n := s.ask(work, p, *op, func(ctx context.Context, provider Provider, c Call) (Outcome, error) {
		outcome, err := provider.Query(ctx, op.ID)
		if errors.Is(err, ErrNoOperation) {
			return s.missing(ctx, provider, c, p.VoidRequested)
		}
		return outcome, err
	})
	n.tell = tell || ctx.Err() != nil
	return s.record(work, n)
}

// missing decides about an operation that the provider has never seen. Sending it again with its key is safe, and tells,
// while the provider honours the key; later, and for an authorization that nobody wants any more, it has failed, as soon
// as it cannot be on its way any more.
func (s *Service) missing(ctx context.Context, provider Provider, c Call, unwanted bool) (Outcome, error) {
	op := c.Operation
	resend := op.Age < provider.KeyWindow()-keyMargin && (op.Kind != Authorize || !unwanted)
	switch {
	case op.Status == Pending:
		return Outcome{}, fmt.Errorf("the provider lost operation %s, which it had", op.ID)
	case resend:
		return s.call(ctx, provider, c)
	case op.Age < s.cfg.SettleTime:
		return Outcome{}, fmt.Errorf("operation %s may still be on its way", op.ID)
	default:
		return Outcome{Key: op.ID, Status: Failed, Reason: ReasonNotFound}, nil
	}
}

// ResolveDue asks about operations whose time has come, and answers how many there were. Any number of processes may do so.
func (s *Service) ResolveDue(ctx context.Context) (int, error) {
	due, err := s.store.ClaimDue(ctx, resolveBatch, s.cfg.lease())
	if err != nil {
		return 0, fmt.Errorf("claim due operations: %w", err)
	}
	var workers sync.WaitGroup
	slots := make(chan struct{}, resolveWorkers)
	for _, d := range due {
		slots <- struct{}{}
		workers.Go(func() {
			defer func() { <-slots }()
			if err := s.resolveOne(ctx, d); err != nil {
				s.log.Warn("operation not resolved", zap.String("operation", d.OperationID), zap.Error(err))
			}
		})
	}
	workers.Wait()
	return len(due), nil
}

func (s *Service) resolveOne(ctx context.Context, d Due) error {
	p, err := s.store.Get(ctx, d.PaymentID)
	if err != nil {
		return err
	}
	_, err = s.settleDoubt(ctx, p, d.OperationID, true)
	return err
}

// Measure counts what is in doubt.
func (s *Service) Measure(ctx context.Context) (InDoubt, error) { return s.store.Measure(ctx) }
