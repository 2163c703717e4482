// Package job is inventory's background work: ending holds whose time is over, giving arrived stock to those who wait for it,
// and forgetting old answers and what came to nothing. Any number of processes may run it.
package job

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/job"
)

const (
	sweepInterval = 5 * time.Second
	purgeInterval = time.Hour
)

// Config says what the worker keeps.
type Config struct {
	// ReservationRetention is how long reservations are kept that came to nothing.
	ReservationRetention time.Duration
}

// Worker does the work of package stock that no caller waits for.
type Worker struct {
	cfg     Config
	stock   *stock.Service
	keeper  *idempotency.Keeper
	log     *zap.Logger
	expired prometheus.Counter
	lag     prometheus.Histogram
	filled  prometheus.Counter
}

// New returns a worker and registers its metrics.
func New(cfg Config, service *stock.Service, keeper *idempotency.Keeper, log *zap.Logger, metrics prometheus.Registerer) (*Worker, error) {
	w := &Worker{
		cfg: cfg, stock: service, keeper: keeper, log: log,
		expired: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "inventory_reservations_expired_total", Help: "Reservations ended because their time was over.",
		}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "inventory_expiry_lag_seconds",
			Help:    "How long the oldest reservation of a sweep was overdue; sweeps that found none are left out.",
			Buckets: []float64{1, 2.5, 5, 7.5, 10, 20, 30, 60, 120, 300},
		}),
		filled: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "inventory_backorders_filled_units_total", Help: "Backordered units that got stock.",
		}),
	}
	for _, collector := range []prometheus.Collector{w.expired, w.lag, w.filled} {
		if err := metrics.Register(collector); err != nil {
			return nil, fmt.Errorf("register job metrics: %w", err)
		}
	}
	return w, nil
}

// Register adds the work to a registry.
func (w *Worker) Register(r *job.Registry) {
	job.Every(r, "expire_reservations", sweepInterval, w.ExpireReservations)
	job.Every(r, "fill_backorders", sweepInterval, w.FillBackorders)
	job.Every(r, "purge_idempotency_keys", idempotency.PurgeInterval, w.PurgeKeys)
	job.Every(r, "purge_reservations", purgeInterval, w.PurgeReservations)
}

// ExpireReservations puts the stock of overdue holds back on sale.
func (w *Worker) ExpireReservations(ctx context.Context) error {
	swept, err := w.stock.ExpireReservations(ctx)
	if swept.Reservations > 0 {
		w.expired.Add(float64(swept.Reservations))
		w.lag.Observe(swept.Lag.Seconds())
		w.log.Info("reservations expired", zap.Int("reservations", swept.Reservations), zap.Duration("lag", swept.Lag))
	}
	return err
}

// FillBackorders gives free stock to committed reservations that wait for it.
func (w *Worker) FillBackorders(ctx context.Context) error {
	units, err := w.stock.FillBackorders(ctx)
	if units > 0 {
		w.filled.Add(float64(units))
		w.log.Info("backorders filled", zap.Int("units", units))
	}
	return err
}

// PurgeKeys forgets answers that no caller will ask for again.
func (w *Worker) PurgeKeys(ctx context.Context) error {
	_, err := w.keeper.Purge(ctx, idempotency.Retention)
	return err
}

// PurgeReservations deletes what came to nothing long ago.
func (w *Worker) PurgeReservations(ctx context.Context) error {
	n, err := w.stock.PurgeReservations(ctx, w.cfg.ReservationRetention)
	if n > 0 {
		w.log.Info("reservations purged", zap.Int("reservations", n))
	}
	return err
}
