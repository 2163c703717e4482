// Package job runs what no caller waits for: listing products again after the catalogue's structure changed, and deleting
// answers that nobody can ask for any more.
package job

import (
	"context"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// Reindex lists products again whose channel or category changed. Which ones is in the database.
type Reindex struct{}

// Kind implements job.Args.
func (Reindex) Kind() string { return "reindex" }

const (
	reindexTimeout = 5 * time.Minute
	sweepInterval  = time.Minute
)

// Register sets what the service's jobs do. The sweep takes up what a killed process left.
func Register(registry *job.Registry, cat *catalog.Catalog, keeper *idempotency.Keeper) {
	job.Handle(registry, func(ctx context.Context, _ Reindex) error { return cat.ReindexStale(ctx) }, job.Timeout(reindexTimeout))
	job.Every(registry, "reindex-sweep", sweepInterval, cat.ReindexStale)
	job.Every(registry, "purge", idempotency.PurgeInterval, func(ctx context.Context) error {
		if _, err := keeper.Purge(ctx, idempotency.Retention); err != nil {
			return fmt.Errorf("purge answers: %w", err)
		}
		return nil
	})
}
