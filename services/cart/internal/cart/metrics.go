package cart

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what happens to carts. A nil one counts nothing.
type Metrics struct {
	changes, conflicts, stales, asks prometheus.Counter
}

// NewMetrics registers the counters.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	counter := func(name, text string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: "cart", Name: name, Help: text})
		registry.MustRegister(c)
		return c
	}
	return &Metrics{
		changes:   counter("changes_total", "Changes of carts that were written."),
		conflicts: counter("write_conflicts_total", "Changes that were made again because another one was faster."),
		stales:    counter("stale_prices_total", "Carts answered with remembered prices because a service that knows did not answer."),
		asks:      counter("prices_asked_total", "Times a cart was priced by asking the catalogue and pricing."),
	}
}

func (m *Metrics) changed()  { m.add(func(m *Metrics) prometheus.Counter { return m.changes }) }
func (m *Metrics) conflict() { m.add(func(m *Metrics) prometheus.Counter { return m.conflicts }) }
func (m *Metrics) stale()    { m.add(func(m *Metrics) prometheus.Counter { return m.stales }) }
func (m *Metrics) asked()    { m.add(func(m *Metrics) prometheus.Counter { return m.asks }) }

func (m *Metrics) add(which func(*Metrics) prometheus.Counter) {
	if m != nil {
		which(m).Inc()
	}
}
