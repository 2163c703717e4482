package job

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/payment/internal/reconcile"
)

type gauges struct {
	doubt, oldest, attention, parked, dead, expiring, drift, compared prometheus.Gauge
	findings                                                          *prometheus.GaugeVec
	resolved, expired                                                 prometheus.Counter
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
		parked:    gauge("webhooks_parked", "Notifications that were put off and are tried again."),
		dead:      gauge("webhooks_dead", "Notifications that were given up; alert above 0."),
		expiring:  gauge("authorizations_expiring", "Authorizations that end within 12 hours with something left to capture."),
		drift:     gauge("ledger_drift_minor_units", "How far the books are from adding up, which must be 0; alert on anything else."),
		compared:  gauge("reconciliation_age_seconds", "Time since the last comparison with a provider's report ended; 0 before the first."),
		findings: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "payment_reconciliation_findings", Help: "Open findings by class; alert above 0 on any but timing.",
		}, []string{"class"}),
		resolved: counter("operations_asked_total", "Operations whose outcome was asked for in the background."),
		expired:  counter("giftcard_holds_expired_total", "Holds on gift cards given back because their time ran out."),
	}}
	g := w.gauges
	for _, c := range []prometheus.Collector{
		g.doubt, g.oldest, g.attention, g.parked, g.dead, g.expiring, g.drift, g.compared, g.findings, g.resolved, g.expired,
	} {
		if err := metrics.Register(c); err != nil {
			return nil, fmt.Errorf("register job metrics: %w", err)
		}
	}
	return w, nil
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
	w.gauges.dead.Set(float64(m.DeadEvents))
	w.gauges.expiring.Set(float64(m.Expiring))
	if m.Oldest > 15*time.Minute {
		w.Log.Error("operations are in doubt for more than 15 minutes", zap.Int64("operations", m.Operations), zap.Duration("oldest", m.Oldest))
	}
	standing, err := w.Comparer.Standing(ctx)
	if err != nil {
		return
	}
	for _, class := range reconcile.Classes() {
		w.gauges.findings.WithLabelValues(string(class)).Set(float64(standing.Open[class]))
	}
	w.gauges.compared.Set(standing.Age.Seconds())
}
