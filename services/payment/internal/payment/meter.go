package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Metered traces, counts and times what providers are asked, by provider, kind of operation and what came of it: ok, pending, failed (a refusal,
// such as a declined card), unknown (no clear answer), and for query also none. Outcomes that come later by a notification are not counted
// again: a query or the notification's own metrics tell of them.
func Metered(providers []Provider, registry prometheus.Registerer, traces trace.TracerProvider) ([]Provider, error) {
	m := &meter{
		tracer: traces.Tracer("github.com/cartwright-shop/cartwright/services/payment"),
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
	tracer  trace.Tracer
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
	ctx, done := p.begin(ctx, string(Authorize))
	return done(p.Provider.Authorize(ctx, c))
}

// Capture implements Provider.
func (p metered) Capture(ctx context.Context, c Call) (Outcome, error) {
	ctx, done := p.begin(ctx, string(Capture))
	return done(p.Provider.Capture(ctx, c))
}

// Void implements Provider.
func (p metered) Void(ctx context.Context, c Call) (Outcome, error) {
	ctx, done := p.begin(ctx, string(Void))
	return done(p.Provider.Void(ctx, c))
}

// Refund implements Provider.
func (p metered) Refund(ctx context.Context, c Call) (Outcome, error) {
	ctx, done := p.begin(ctx, string(Refund))
	return done(p.Provider.Refund(ctx, c))
}

// Query implements Provider.
func (p metered) Query(ctx context.Context, key string) (Outcome, error) {
	ctx, done := p.begin(ctx, query)
	return done(p.Provider.Query(ctx, key))
}

// begin starts the account of a request; the function it returns ends it and hands the answer on.
func (p metered) begin(ctx context.Context, kind string) (context.Context, func(Outcome, error) (Outcome, error)) {
	began := time.Now()
	ctx, span := p.meter.tracer.Start(ctx, "provider "+p.Name()+" "+kind, trace.WithSpanKind(trace.SpanKindClient))
	return ctx, func(o Outcome, err error) (Outcome, error) {
		outcome := string(o.Status)
		switch {
		case errors.Is(err, ErrNoOperation):
			outcome = "none"
		case err != nil:
			outcome = "unknown"
		}
		span.SetAttributes(attribute.String("outcome", outcome))
		span.End()
		p.meter.seconds.WithLabelValues(p.Name(), kind).Observe(time.Since(began).Seconds())
		p.meter.calls.WithLabelValues(p.Name(), kind, outcome).Inc()
		return o, err
	}
}
