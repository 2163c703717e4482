package cart

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what happens to carts. A nil one counts nothing.
type Metrics struct{ events *prometheus.CounterVec }

// NewMetrics registers the counters.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{events: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "cart_events_total",
		Help: "What happened to carts: changed (written), conflict (made again because another change was faster), " +
			"asked (priced by the catalogue and pricing), stale (answered with remembered prices because those did not answer).",
	}, []string{"event"})}
	if err := registry.Register(m.events); err != nil {
		return nil, fmt.Errorf("register cart metrics: %w", err)
	}
	for _, event := range []string{"changed", "conflict", "asked", "stale"} {
		m.events.WithLabelValues(event)
	}
	return m, nil
}

func (m *Metrics) changed()  { m.count("changed") }
func (m *Metrics) conflict() { m.count("conflict") }
func (m *Metrics) asked()    { m.count("asked") }
func (m *Metrics) stale()    { m.count("stale") }

func (m *Metrics) count(event string) {
	if m != nil {
		m.events.WithLabelValues(event).Inc()
	}
}
