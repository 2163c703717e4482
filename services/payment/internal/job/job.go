// Package job is payment's background work: telling the orders' owner about changes, applying notifications, asking
// providers about what is in doubt, and giving back what ran out. Any number of processes may run it.
package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
	"github.com/cartwright-shop/cartwright/services/payment/internal/ledger"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/reconcile"
	"github.com/cartwright-shop/cartwright/services/payment/internal/tracing"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/job"
)

const (
	measureEvery    = 15 // rounds of the resolver
	expireInterval  = 5 * time.Second
	lapseInterval   = time.Minute
	auditInterval   = 10 * time.Minute
	purgeInterval   = time.Hour
	compareInterval = 5 * time.Minute
	compareRecent   = time.Hour
	compareAll      = 8 * 24 * time.Hour // longer than an authorization holds
	notifyTimeout   = 10 * time.Second
)

// Parts are what a Worker is made of.
type Parts struct {
	// Payments and Cards hold the rules.
	Payments *payment.Service
	Cards    *giftcard.Service
	// Books reads the ledger.
	Books ledger.Reader
	// Comparer compares our books with the providers'.
	Comparer *reconcile.Service
	// Keeper stores answers.
	Keeper *idempotency.Keeper
	// Checkouts owns the orders.
	Checkouts cartv1.CheckoutServiceClient
	// ResolveInterval is how often operations in doubt are looked for.
	ResolveInterval time.Duration
	// Tracer makes jobs spans of the traces that caused them.
	Tracer trace.Tracer
	// Log gets what a person should know.
	Log *zap.Logger
}

// Worker does what no caller waits for.
type Worker struct {
	Parts
	gauges gauges
}

// Register adds the work to a registry.
func (w *Worker) Register(r *job.Registry) {
	job.Handle(r, func(ctx context.Context, args payment.Changed) error {
		return w.follow(ctx, args, args.Cause, func(ctx context.Context) error { return w.Notify(ctx, args) })
	}, job.Timeout(notifyTimeout))
	job.Handle(r, func(ctx context.Context, args payment.Arrived) error {
		return w.follow(ctx, args, args.Cause, func(ctx context.Context) error { return w.ApplyEvent(ctx, args) })
	})
	job.Every(r, "expire_gift_card_holds", expireInterval, w.ExpireHolds)
	job.Every(r, "release_lapsed_authorizations", lapseInterval, w.ReleaseLapsed)
	job.Every(r, "tend_expiring_authorizations", lapseInterval, w.TendExpiring)
	job.Every(r, "reconcile_recent", compareInterval, w.ReconcileRecent)
	job.Every(r, "reconcile_all", 24*time.Hour, w.ReconcileAll)
	job.Every(r, "audit_ledger", auditInterval, w.AuditLedger)
	job.Every(r, "purge", purgeInterval, w.Purge)
	job.Every(r, "purge_idempotency_keys", idempotency.PurgeInterval, w.PurgeKeys)
}

func (w *Worker) follow(ctx context.Context, args job.Args, cause string, work func(ctx context.Context) error) error {
	return tracing.Follow(ctx, w.Tracer, "job "+args.Kind(), cause, work)
}

// Notify tells the orders' owner that a payment changed. It reads the payment itself, so order and repetition do not matter.
func (w *Worker) Notify(ctx context.Context, args payment.Changed) error {
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
	for rounds := 0; ; rounds++ {
		if err := w.round(ctx); err != nil && ctx.Err() == nil {
			w.Log.Warn("resolver round failed", zap.Error(err))
		}
		if rounds%measureEvery == 0 {
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

// TendExpiring does what the policy says about authorizations that are about to end.
func (w *Worker) TendExpiring(ctx context.Context) error {
	_, err := w.Payments.TendExpiring(asService(ctx))
	return err
}

// ReconcileRecent compares the last hour with the providers' reports.
func (w *Worker) ReconcileRecent(ctx context.Context) error {
	return w.Comparer.RunRecent(asService(ctx), compareRecent)
}

// ReconcileAll compares all that can still change.
func (w *Worker) ReconcileAll(ctx context.Context) error {
	return w.Comparer.RunRecent(asService(ctx), compareAll)
}

// AuditLedger sums the book, and compares gift cards with what was posted and is held of them.
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
	cards, err := w.Books.CardDrift(ctx)
	if err != nil {
		return err
	}
	if cards != 0 {
		w.Log.Error("gift cards and their postings do not agree", zap.Int64("minor_units", cards))
	}
	w.gauges.drift.Set(float64(drift + cards))
	return nil
}

// Purge forgets what nobody will ask for again.
func (w *Worker) Purge(ctx context.Context) error {
	return w.Payments.Purge(ctx)
}

// PurgeKeys forgets answers that no caller will ask for again.
func (w *Worker) PurgeKeys(ctx context.Context) error {
	_, err := w.Keeper.Purge(ctx, idempotency.Retention)
	return err
}

// asService makes what runs in the background act as this service.
func asService(ctx context.Context) context.Context {
	return identity.With(ctx, identity.Principal{Kind: identity.Service, Subject: "payment"})
}
