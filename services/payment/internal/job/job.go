// Package job is payment's background work: telling the orders' owner about changes, applying notifications, asking
// providers about what is in doubt, and giving back what ran out. Any number of processes may run it.
package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
	"github.com/cartwright-shop/cartwright/services/payment/internal/ledger"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/job"
)

const (
	measureInterval = 15 * time.Second
	expireInterval  = 5 * time.Second
	lapseInterval   = time.Minute
	auditInterval   = 10 * time.Minute
	purgeInterval   = time.Hour
	keyAge          = 7 * 24 * time.Hour
	notifyTimeout   = 10 * time.Second
)

// Parts are what a Worker is made of.
type Parts struct {
	// Payments and Cards hold the rules.
	Payments *payment.Service
	Cards    *giftcard.Service
	// Books reads the ledger.
	Books ledger.Reader
	// Keeper stores answers.
	Keeper *idempotency.Keeper
	// Checkouts owns the orders.
	Checkouts cartv1.CheckoutServiceClient
	// ResolveInterval is how often operations in doubt are looked for.
	ResolveInterval time.Duration
	// Log gets what a person should know.
	Log *zap.Logger
}

// Worker does what no caller waits for.
type Worker struct {
	Parts
	gauges gauges
}

type gauges struct {
	doubt, oldest, attention, parked, drift prometheus.Gauge
	resolved, expired                       prometheus.Counter
}

// New returns a worker and registers its metrics. Its Parts are made of the client that runs it, so they are set afterwards,
// before it runs.
func New(metrics prometheus.Registerer) (*Worker, error) {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "payment_" + name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "payment_" + name, Help: help})
	}
	w := &Worker{gauges: gauges{
		doubt:     gauge("operations_in_doubt", "Operations whose outcome at the provider is not known."),
		oldest:    gauge("operations_in_doubt_oldest_seconds", "Age of the oldest operation in doubt; alert above 900."),
		attention: gauge("operations_need_attention", "Operations that a person has to look at; alert above 0."),
		parked:    gauge("webhooks_parked", "Notifications about operations that are not known."),
		drift:     gauge("ledger_drift_minor_units", "Sum of all postings, which must be 0; alert on anything else."),
		resolved:  counter("operations_asked_total", "Operations whose outcome was asked for in the background."),
		expired:   counter("giftcard_holds_expired_total", "Holds on gift cards given back because their time ran out."),
	}}
	g := w.gauges
	for _, c := range []prometheus.Collector{g.doubt, g.oldest, g.attention, g.parked, g.drift, g.resolved, g.expired} {
		if err := metrics.Register(c); err != nil {
			return nil, fmt.Errorf("register job metrics: %w", err)
		}
	}
	return w, nil
}

// Register adds the work to a registry.
func (w *Worker) Register(r *job.Registry) {
	job.Handle(r, w.Notify)
	job.Handle(r, w.ApplyEvent)
	job.Every(r, "expire_gift_card_holds", expireInterval, w.ExpireHolds)
	job.Every(r, "release_lapsed_authorizations", lapseInterval, w.ReleaseLapsed)
	job.Every(r, "audit_ledger", auditInterval, w.AuditLedger)
	job.Every(r, "purge", purgeInterval, w.Purge)
}

// Notify tells the orders' owner that a payment changed. It reads the payment itself, so order and repetition do not matter.
func (w *Worker) Notify(ctx context.Context, args payment.Changed) error {
	ctx, cancel := context.WithTimeout(ctx, notifyTimeout)
	defer cancel()
	_, err := w.Checkouts.NotifyPayment(asService(ctx), &cartv1.NotifyPaymentRequest{
		EventId: args.EventID, OrderId: args.OrderID, PaymentId: args.PaymentID,
	})
	switch errs.CodeOf(err) {
	case errs.NotFound, errs.Invalid:
		return job.Cancel(fmt.Errorf("notify payment: %w", err)) // no such order: nobody waits for it
	}
	return err
}

// ApplyEvent applies one notification of a provider.
func (w *Worker) ApplyEvent(ctx context.Context, args payment.Arrived) error {
	return w.Payments.ApplyEvent(asService(ctx), args.Provider, args.EventID)
}

// Resolve asks providers about what is in doubt, again and again, until ctx ends. It is a loop of its own because jobs of a
// killed process start again too late for a buyer who waits.
func (w *Worker) Resolve(ctx context.Context) error {
	ctx = asService(ctx)
	ticker := time.NewTicker(w.ResolveInterval)
	defer ticker.Stop()
	measured := time.Time{}
	for {
		if err := w.round(ctx); err != nil && ctx.Err() == nil {
			w.Log.Warn("resolver round failed", zap.Error(err))
		}
		if now := time.Now(); now.Sub(measured) >= measureInterval {
			measured = now
			w.measure(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (w *Worker) round(ctx context.Context) error {
	asked, err := w.Payments.ResolveDue(ctx)
	w.gauges.resolved.Add(float64(asked))
	_, parkedErr := w.Payments.ApplyParked(ctx)
	return errors.Join(err, parkedErr)
}

func (w *Worker) measure(ctx context.Context) {
	m, err := w.Payments.Measure(ctx)
	if err != nil {
		return // the next round says why
	}
	w.gauges.doubt.Set(float64(m.Operations))
	w.gauges.oldest.Set(m.Oldest.Seconds())
	w.gauges.attention.Set(float64(m.Attention))
	w.gauges.parked.Set(float64(m.ParkedEvents))
	if m.Oldest > 15*time.Minute {
		w.Log.Error("operations are in doubt for more than 15 minutes", zap.Int64("operations", m.Operations), zap.Duration("oldest", m.Oldest))
	}
}

// ExpireHolds gives back holds on gift cards whose time has run out.
func (w *Worker) ExpireHolds(ctx context.Context) error {
	n, err := w.Cards.FreeExpired(ctx)
	w.gauges.expired.Add(float64(n))
	return err
}

// ReleaseLapsed voids authorizations that ran out.
func (w *Worker) ReleaseLapsed(ctx context.Context) error {
	_, err := w.Payments.ReleaseLapsed(asService(ctx))
	return err
}

// AuditLedger sums the book.
func (w *Worker) AuditLedger(ctx context.Context) error {
	balances, err := w.Books.TrialBalance(ctx)
	if err != nil {
		return err
	}
	sums := map[string]int64{}
	for _, b := range balances {
		sums[b.Currency] += b.Debits - b.Credits
	}
	drift := int64(0)
	for currency, sum := range sums {
		drift += max(sum, -sum)
		if sum != 0 {
			w.Log.Error("the ledger does not balance", zap.String("currency", currency), zap.Int64("minor_units", sum))
		}
	}
	w.gauges.drift.Set(float64(drift))
	return nil
}

// Purge forgets what nobody will ask for again.
func (w *Worker) Purge(ctx context.Context) error {
	_, err := w.Keeper.Purge(ctx, keyAge)
	return errors.Join(err, w.Payments.Purge(ctx))
}

// asService makes what runs in the background act as this service.
func asService(ctx context.Context) context.Context {
	return identity.With(ctx, identity.Principal{Kind: identity.Service, Subject: "payment"})
}
