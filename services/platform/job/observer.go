package job

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river/rivertype"
	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/platform/fault"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

//go:embed backlog.sql
var backlogSQL string

// observer counts and logs what jobs do, and watches how many wait or are dead.
type observer struct {
	db      *postgres.DB
	log     *zap.Logger
	runs    *prometheus.CounterVec
	seconds *prometheus.CounterVec
	backlog *prometheus.GaugeVec
	oldest  *prometheus.GaugeVec
}

// run names one try of a job.
type run struct {
	kind    string
	id      int64
	attempt int
	last    bool
}

func (o *observer) open(db *postgres.DB, c Config) error {
	o.db, o.log = db, c.Log
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "cartwright_job_" + name, Help: help}, labels)
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "cartwright_job_" + name, Help: help}, []string{"kind", "state"})
	}
	o.runs = counter("runs_total", "Tries of jobs by result: ok, error (will be tried again) or dead.", "kind", "result")
	o.seconds = counter("run_seconds_total", "Time spent in tries of jobs.", "kind")
	o.backlog = gauge("backlog", "Jobs by state: waiting (due now), retrying or dead.")
	o.oldest = gauge("oldest_seconds", "How long the oldest job of a state has been due or dead.")
	if c.Metrics == nil {
		return nil
	}
	for _, collector := range []prometheus.Collector{o.runs, o.seconds, o.backlog, o.oldest} {
		if err := c.Metrics.Register(collector); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	return nil
}

// run runs one try.
func (o *observer) run(ctx context.Context, r run, fn func(ctx context.Context) error) error {
	start, result := time.Now(), "panic"
	defer func() { // also while a panic passes through
		o.runs.WithLabelValues(r.kind, result).Inc()
		o.seconds.WithLabelValues(r.kind).Add(time.Since(start).Seconds())
	}()
	err := fn(fault.Within(ctx, "job", r.kind))
	var canceled *rivertype.JobCancelError
	fields := []zap.Field{zap.String("job", r.kind), zap.Int64("job_id", r.id), zap.Int("attempt", r.attempt), zap.Error(err)}
	switch {
	case err == nil:
		result = "ok"
	case r.last || errors.As(err, &canceled):
		result = "dead"
		o.log.Error("job is dead", fields...)
	default:
		result = "error"
		o.log.Warn("job failed", fields...)
	}
	return err
}

// watch refreshes the gauges until ctx ends.
func (o *observer) watch(ctx context.Context) {
	every(ctx, watchInterval, func() {
		if err := o.count(ctx); err != nil && ctx.Err() == nil {
			o.log.Warn("jobs cannot be counted", zap.Error(err))
		}
	})
}

func (o *observer) count(ctx context.Context) error {
	rows, err := o.db.Query(ctx, backlogSQL)
	if err != nil {
		return err
	}
	defer rows.Close()
	o.backlog.Reset()
	o.oldest.Reset()
	for rows.Next() {
		var kind, state string
		var count int64
		var seconds float64
		if err := rows.Scan(&kind, &state, &count, &seconds); err != nil {
			return err
		}
		o.backlog.WithLabelValues(kind, state).Set(float64(count))
		o.oldest.WithLabelValues(kind, state).Set(seconds)
	}
	return rows.Err()
}
