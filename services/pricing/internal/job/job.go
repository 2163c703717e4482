// Package job holds the work of the service that no caller waits for: giving back uses whose time has run out, and deleting
// what nobody can ask about any more.
package job

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/redemption"
)

const (
	expireEvery = 10 * time.Second
	// batch bounds what one tick does; what is left waits for the next one.
	batch = 1000
)

// AttemptStore forgets tries of coupon codes.
type AttemptStore interface {
	// PurgeAttempts deletes attempts that no longer count, at most limit, and says how many.
	PurgeAttempts(ctx context.Context, limit int) (int, error)
}

// Worker does the work. Any number of processes may run one.
type Worker struct {
	uses     *redemption.Service
	attempts AttemptStore
	keeper   *idempotency.Keeper
	expired  prometheus.Counter
}

// New returns a worker and registers its metrics.
func New(uses *redemption.Service, attempts AttemptStore, keeper *idempotency.Keeper, metrics prometheus.Registerer) (*Worker, error) {
	expired := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pricing_expired_uses_total",
		Help: "Orders whose reserved promotions were given back because their time ran out.",
	})
	if err := metrics.Register(expired); err != nil {
		return nil, fmt.Errorf("register pricing worker metrics: %w", err)
	}
	return &Worker{uses: uses, attempts: attempts, keeper: keeper, expired: expired}, nil
}

// Register adds the work to the jobs of the process.
func (w *Worker) Register(r *job.Registry) {
	job.Every(r, "expire_uses", expireEvery, w.Expire)
	job.Every(r, "purge", idempotency.PurgeInterval, w.Purge)
}

// Expire gives back reservations whose time has run out.
func (w *Worker) Expire(ctx context.Context) error {
	n, err := w.uses.ExpireDue(ctx, batch)
	w.expired.Add(float64(n))
	if err != nil {
		return fmt.Errorf("expire uses: %w", err)
	}
	return nil
}

// Purge deletes old tries, old tombstones and old answers.
func (w *Worker) Purge(ctx context.Context) error {
	if _, err := w.attempts.PurgeAttempts(ctx, batch); err != nil {
		return err
	}
	if _, err := w.uses.PurgeOld(ctx, batch); err != nil {
		return err
	}
	if _, err := w.keeper.Purge(ctx, idempotency.Retention); err != nil {
		return fmt.Errorf("purge answers: %w", err)
	}
	return nil
}
