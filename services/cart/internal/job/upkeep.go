package job

import (
	"context"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
)

// How long events of other services are remembered: longer than anybody sends one again.
const (
	eventAge   = 30 * 24 * time.Hour
	purgeBatch = 1000
)

// SagaStore is what the upkeep of sagas needs.
type SagaStore interface {
	SagaStats(ctx context.Context) ([]saga.Stat, error)
	PurgeTakenEvents(ctx context.Context, age time.Duration, limit int) (int64, error)
}

// ReportSagas shows how many sagas have not ended, and how old they are, to whoever watches the service, until the context
// ends. Every process reports by itself: a figure that only one of them kept up would go stale on the others.
func ReportSagas(store SagaStore, metrics *saga.Metrics, every time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			stats, err := store.SagaStats(ctx)
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return fmt.Errorf("report sagas: %w", err)
			}
			metrics.Set(stats)
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
			}
		}
	}
}

// PurgeEvents forgets old events of other services.
func PurgeEvents(store SagaStore) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			n, err := store.PurgeTakenEvents(ctx, eventAge, purgeBatch)
			if err != nil {
				return fmt.Errorf("purge events: %w", err)
			}
			if n < purgeBatch {
				return nil
			}
		}
	}
}
