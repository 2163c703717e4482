package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/payment/internal/ledger"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// Config tunes the service; the zero value of a field means its default.
type Config struct {
	// ReturnHosts are the hosts that buyers may be sent back to; a leading dot allows subdomains.
	ReturnHosts []string
	// CallTimeout bounds one call of a provider (8 s).
	CallTimeout time.Duration
	// SettleTime is how long a call that was given up could still arrive at the provider (2 min).
	SettleTime time.Duration
	// FirstWait is how long an operation in doubt waits before it is asked for the first time (1 s).
	FirstWait time.Duration
	// MaxDeclines is how many refused attempts an order and a cart may have in AttemptWindow (5).
	MaxDeclines int
	// MaxCustomerDeclines is the same for a customer (10).
	MaxCustomerDeclines int
	// AttemptWindow is the time in which refused attempts are counted (1 h).
	AttemptWindow time.Duration
	// Expiry is what happens to authorizations that are about to end (TellExpiring).
	Expiry ExpiryPolicy
	// RecordTimeout bounds the transaction that records a result (10 s).
	RecordTimeout time.Duration
}

func (c Config) withDefaults() Config {
	for field, def := range map[*time.Duration]time.Duration{
		&c.CallTimeout: 8 * time.Second, &c.SettleTime: 2 * time.Minute, &c.AttemptWindow: time.Hour, &c.RecordTimeout: 10 * time.Second,
		&c.FirstWait: time.Second,
	} {
		if *field <= 0 {
			*field = def
		}
	}
	if c.Expiry == "" {
		c.Expiry = TellExpiring
	}
	if c.MaxDeclines <= 0 {
		c.MaxDeclines = 5
	}
	if c.MaxCustomerDeclines <= 0 {
		c.MaxCustomerDeclines = 10
	}
	return c
}

// lease protects an operation that is being sent: longer than its call can take.
func (c Config) lease() time.Duration { return c.CallTimeout + 2*time.Second }

// Service carries out what callers ask of payments.
type Service struct {
	store     Store
	providers []Provider
	clock     clock.Clock
	cfg       Config
	log       *zap.Logger
}

// NewService makes the service. The first provider that has a method carries it.
func NewService(store Store, providers []Provider, clk clock.Clock, cfg Config, log *zap.Logger) *Service {
	return &Service{store: store, providers: providers, clock: clk, cfg: cfg.withDefaults(), log: log}
}

func (s *Service) provider(name string) (Provider, error) {
	for _, p := range s.providers {
		if p.Name() == name {
			return p, nil
		}
	}
	return nil, ErrProvider.New("There is no provider %q.", name)
}

func (s *Service) carrier(method string) (Provider, Capabilities, bool) {
	for _, p := range s.providers {
		if c, ok := p.Capabilities(method); ok {
			return p, c, true
		}
	}
	return nil, Capabilities{}, false
}

// Get reads a payment; ErrNotFound.
func (s *Service) Get(ctx context.Context, paymentID string) (*Payment, error) {
	return s.store.Get(ctx, paymentID)
}

// news is what became known of one operation.
type news struct {
	payment   string
	operation string
	outcome   Outcome
	// doubt means that no trustworthy answer came; outcome is empty then.
	doubt bool
	// tell means that the order's owner does not learn it from an answer of this service.
	tell bool
	// also runs in the same transaction.
	also func(ctx context.Context) error
}

// send calls the provider about a committed operation and records what came of it, then does the same with what the
// payment needs next. The caller going away stops neither: the provider may already be at work.
func (s *Service) send(ctx context.Context, p *Payment, op Operation, tell bool) (*Payment, error) {
	work := context.WithoutCancel(ctx)
	n := s.ask(work, p, op, s.call)
	n.tell = tell || ctx.Err() != nil
	return s.record(work, n)
}

// ask runs one exchange with the operation's provider.
func (s *Service) ask(ctx context.Context, p *Payment, op Operation, exchange func(context.Context, Provider, Call) (Outcome, error)) news {
	n := news{payment: p.ID, operation: op.ID}
	provider, err := s.provider(op.Provider)
	if err == nil {
		call := Call{Operation: op, Method: p.Method, Token: p.Token, ReturnURL: p.ReturnURL}
		if auth := p.Authorization(); auth != nil && op.Kind != Authorize {
			call.AuthorizationReference = auth.ProviderReference
		}
		ctx, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
		defer cancel()
		n.outcome, err = exchange(ctx, provider, call)
	}
	if err != nil {
		n.doubt = true
		s.log.Warn("the provider's answer is in doubt", zap.String("payment", p.ID), zap.String("operation", op.ID),
			zap.String("kind", string(op.Kind)), zap.Error(err))
	}
	return n
}

// call sends an operation to its provider.
func (s *Service) call(ctx context.Context, provider Provider, c Call) (Outcome, error) {
	switch c.Operation.Kind {
	case Authorize:
		return provider.Authorize(ctx, c)
	case Capture:
		return provider.Capture(ctx, c)
	case Void:
		return provider.Void(ctx, c)
	case Refund:
		return provider.Refund(ctx, c)
	default:
		return Outcome{}, fmt.Errorf("unknown kind of operation %q", c.Operation.Kind)
	}
}

// record takes news into the books: the operation, the payment, the ledger, the counted attempts, what a requested void
// needs next and the notice to the order's owner change in one transaction. What is needed next is sent afterwards.
func (s *Service) record(ctx context.Context, n news) (*Payment, error) {
	txCtx, cancel := context.WithTimeout(ctx, s.cfg.RecordTimeout)
	defer cancel()
	var p *Payment
	var next []Operation
	err := s.store.Tx(txCtx, func(ctx context.Context) (err error) {
		if p, err = s.store.Lock(ctx, n.payment); err != nil {
			return err
		}
		if next, err = s.take(ctx, p, n); err != nil || n.also == nil {
			return err
		}
		return n.also(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", n.operation, err)
	}
	return s.sendAll(ctx, p, next, n.tell)
}

// take changes a locked payment by news.
func (s *Service) take(ctx context.Context, p *Payment, n news) ([]Operation, error) {
	before, op := p.Summary, p.operation(n.operation)
	if op == nil {
		return nil, fmt.Errorf("payment %s has no operation %s", p.ID, n.operation)
	}
	was := *op
	var changed bool
	if n.doubt {
		changed = Doubt(p, n.operation)
	} else {
		changed = Apply(p, n.operation, n.outcome)
	}
	if !op.Status.Final() && op.Status != Pending && op.Age > 24*time.Hour {
		changed, op.NeedsAttention = changed || !op.NeedsAttention, true
	}
	var changes Changes
	if op.Status == OK && was.Status != OK {
		changes = settle(p, op)
	}
	next := s.prepare(p, "")
	changes.Operations = append(slices.Clone(next), *op)
	if err := s.store.Save(ctx, p, changes, s.backoff); err != nil {
		return nil, err
	}
	if n.tell && (changed || before != p.Summary) && p.OrderID != "" {
		return next, s.store.Notify(ctx, p)
	}
	return next, nil
}

// settle says what a success means: money in the ledger, and an attempt that no longer counts against the buyer.
func settle(p *Payment, op *Operation) Changes {
	c := Changes{ReturnAttempts: op.Kind == Authorize && len(p.AttemptScopes) > 0}
	e := ledger.Entry{
		ID: id.New(), Source: "operation:" + op.ID, OrderID: p.OrderID, PaymentID: p.ID, OperationID: op.ID,
		Actor: op.Actor, RequestID: op.RequestID,
	}
	switch {
	case op.Kind == Capture || op.Kind == Authorize && !p.SeparatesCapture:
		c.Entries = []ledger.Entry{ledger.Captured(e, op.Provider, op.Amount, op.Currency)}
	case op.Kind == Refund:
		c.Entries = []ledger.Entry{ledger.Refunded(e, op.Provider, op.Amount, op.Currency)}
	}
	return c
}

// prepare adds to the payment the operations that a requested void needs now.
func (s *Service) prepare(p *Payment, retry string) []Operation {
	planned := Plan(p, retry)
	for i := range planned {
		op := &planned[i]
		op.ID, op.PaymentID, op.OrderID, op.Provider, op.Currency = id.New(), p.ID, p.OrderID, p.Provider, p.Currency
		op.Status, op.Attempts, op.RequestID, op.Actor = Sending, 1, p.VoidRequestID, p.VoidActor
		p.Operations = append(p.Operations, *op)
	}
	if len(planned) > 0 {
		p.Summary = Derive(p)
	}
	return planned
}

// sendAll sends operations one after the other and answers the payment as it is after the last. A result that cannot be
// recorded is found again by the resolver, so only the caller's own operation makes the call fail.
func (s *Service) sendAll(ctx context.Context, p *Payment, ops []Operation, tell bool) (*Payment, error) {
	for _, op := range ops {
		after, err := s.send(ctx, p, op, tell)
		if err != nil {
			s.log.Error("a planned operation was not recorded", zap.String("operation", op.ID), zap.Error(err))
			return p, nil
		}
		p = after
	}
	return p, nil
}

// backoff is when an operation that is not finished is asked for again: 1 s to 10 min when it is in doubt, 10 s to 10 min
// when the provider will tell by itself.
func (s *Service) backoff(op Operation) time.Duration {
	first := s.cfg.FirstWait
	switch op.Status {
	case Sending:
		return s.cfg.lease()
	case Pending:
		first = 10 * time.Second
	}
	return min(first<<min(max(op.Attempts-1, 0), 10), 10*time.Minute)
}

// actor is who makes a call, for the audit trail.
func actor(ctx context.Context) string { return identity.From(ctx).Key() }

// inProgress is the answer to a repeated request whose first is still being sent.
func inProgress() error {
	return errs.IdempotencyInProgress.New("The first request is still being sent to the provider.").RetryAfter(time.Second)
}

func reused(what string) error {
	return errs.IdempotencyKeyReused.New("The id was used for another %s.", what)
}

// isNotFound tells whether a payment is missing.
func isNotFound(err error) bool { return errs.Has(err, ErrNotFound) }

// isDuplicate tells whether a caller's id is taken.
func isDuplicate(err error) bool { return errors.Is(err, ErrDuplicate) }
