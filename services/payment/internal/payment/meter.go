package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metered counts and times what providers are asked, by provider, kind of operation and what came of it: ok, pending, failed (a refusal,
// such as a declined card), unknown (no clear answer), and for query also none. Outcomes that come later by a notification are not counted
// again: a query or the notification's own metrics tell of them.
func Metered(providers []Provider, registry prometheus.Registerer) ([]Provider, error) {
	m := &meter{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "payment_provider_calls_total", Help: "Questions to payment providers by kind and outcome: ok, pending, failed (refused), unknown, none.",
		}, []string{"provider", "kind", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "payment_provider_seconds", Help: "Time that payment providers took to answer, by kind.",
			Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"provider", "kind"}),
	}
	for _, c := range []prometheus.Collector{m.calls, m.seconds} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics of providers: %w", err)
		}
	}
	list := make([]Provider, len(providers))
	for i, p := range providers {
		list[i] = metered{p, m}
	}
	return list, nil
}

type meter struct {
	calls   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

// metered is a provider whose calls are counted.
type metered struct {
	Provider
	meter *meter
}

const query = "query"

// Authorize implements Provider.
func (p metered) Authorize(ctx context.Context, c Call) (Outcome, error) {
	defer p.timed(string(Authorize))()
	return p.counted(string(Authorize))(p.Provider.Authorize(ctx, c))
}

// Capture implements Provider.
func (p metered) Capture(ctx context.Context, c Call) (Outcome, error) {
	defer p.timed(string(Capture))()
	return p.counted(string(Capture))(p.Provider.Capture(ctx, c))
}

// Void implements Provider.
func (p metered) Void(ctx context.Context, c Call) (Outcome, error) {
	defer p.timed(string(Void))()
	return p.counted(string(Void))(p.Provider.Void(ctx, c))
}

// Refund implements Provider.
func (p metered) Refund(ctx context.Context, c Call) (Outcome, error) {
	defer p.timed(string(Refund))()
	return p.counted(string(Refund))(p.Provider.Refund(ctx, c))
}

// Query implements Provider.
func (p metered) Query(ctx context.Context, key string) (Outcome, error) {
	defer p.timed(query)()
	return p.counted(query)(p.Provider.Query(ctx, key))
}

func (p metered) timed(kind string) func() {
	began := time.Now()
	return func() { p.meter.seconds.WithLabelValues(p.Name(), kind).Observe(time.Since(began).Seconds()) }
}

// counted counts an answer on its way through.
func (p metered) counted(kind string) func(Outcome, error) (Outcome, error) {
	return func(o Outcome, err error) (Outcome, error) {
		outcome := string(o.Status)
		switch {
		case errors.Is(err, ErrNoOperation):
			outcome = "none"
		case err != nil:
			outcome = "unknown"
		}
		p.meter.calls.WithLabelValues(p.Name(), kind, outcome).Inc()
		return o, err
	}
}
