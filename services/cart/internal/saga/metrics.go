package saga

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what sagas do.
type Metrics struct {
	steps     *prometheus.HistogramVec
	active    *prometheus.GaugeVec
	oldest    *prometheus.GaugeVec
	attention *prometheus.GaugeVec
}

// Stat is one row of the overview of active sagas.
type Stat struct {
	// Kind of saga.
	Kind string
	// State they are in.
	State State
	// Count of them.
	Count int64
	// Attention counts those a person has to look at.
	Attention int64
	// Oldest is how long the oldest has been active; a wait for the buyer counts.
	Oldest time.Duration
}

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cartwright_saga_step_seconds", Help: "Duration of saga steps.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10, 30},
		}, []string{"kind", "step", "result"}),
		active: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "cartwright_saga_active", Help: "Sagas that have not ended, over all pods.",
		}, []string{"kind", "state"}),
		oldest: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "cartwright_saga_oldest_seconds", Help: "Age of the oldest saga that has not ended.",
		}, []string{"kind", "state"}),
		attention: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "cartwright_saga_needs_attention", Help: "Sagas a person has to look at.",
		}, []string{"kind"}),
	}
	var errAll error
	for _, collector := range []prometheus.Collector{m.steps, m.active, m.oldest, m.attention} {
		errAll = errors.Join(errAll, registry.Register(collector))
	}
	if errAll != nil {
		return nil, errAll
	}
	return m, nil
}

// Set replaces the overview.
func (m *Metrics) Set(stats []Stat) {
	m.active.Reset()
	m.oldest.Reset()
	m.attention.Reset()
	for _, s := range stats {
		m.active.WithLabelValues(s.Kind, string(s.State)).Set(float64(s.Count))
		m.oldest.WithLabelValues(s.Kind, string(s.State)).Set(s.Oldest.Seconds())
		m.attention.WithLabelValues(s.Kind).Add(float64(s.Attention))
	}
}

func (m *Metrics) step(s *Saga, err error, took time.Duration) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.steps.WithLabelValues(s.Kind, s.Step, result).Observe(took.Seconds())
}
