package job

import (
	"context"
	_ "embed"
	"time"

	"go.uber.org/zap"
)

//go:embed rescue.sql
var rescueSQL string

const (
	rescueInterval = 2 * time.Second
	rescueGrace    = 5 * time.Second // for a try that ends at its timeout to say so
)

// rescue frees, until ctx ends, the jobs that killed processes were at. River's own rescuer knows one time for all kinds and
// runs in a leader, which may have died with them: somebody can be waiting for the news in such a job.
func (c *Client) rescue(ctx context.Context) {
	var kinds []string
	var seconds []float64
	for kind, s := range c.registry.kinds {
		kinds, seconds = append(kinds, kind), append(seconds, (s.timeout+rescueGrace).Seconds())
	}
	every(ctx, rescueInterval, func() {
		tag, err := c.db.Exec(ctx, rescueSQL, kinds, seconds)
		switch log := c.registry.observer.log; {
		case err == nil && tag.RowsAffected() > 0:
			log.Warn("jobs of a process that ended start again", zap.Int64("jobs", tag.RowsAffected()))
		case err != nil && ctx.Err() == nil:
			log.Warn("jobs cannot be rescued", zap.Error(err))
		}
	})
}

// every calls fn now and at each tick until ctx ends.
func every(ctx context.Context, interval time.Duration, fn func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		fn()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
