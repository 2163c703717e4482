package postgres

import "github.com/prometheus/client_golang/prometheus"

// Collector reports the pool's state to Prometheus. Waiting callers show in cartwright_db_wait_seconds_total long before
// requests fail.
func (d *DB) Collector() prometheus.Collector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("cartwright_db_"+name, help, nil, nil)
	}
	return &collector{
		db:       d,
		max:      desc("connections_max", "Connections the pool may open."),
		total:    desc("connections", "Connections that are open."),
		acquired: desc("connections_in_use", "Connections that are in use."),
		acquires: desc("acquires_total", "Connections handed out."),
		waits:    desc("waits_total", "Connections that had to be waited for."),
		wait:     desc("wait_seconds_total", "Time spent waiting for a connection."),
		canceled: desc("acquire_failures_total", "Waits for a connection that were given up."),
		opened:   desc("connections_opened_total", "Connections opened since start."),
	}
}

type collector struct {
	db                                                            *DB
	max, total, acquired, acquires, waits, wait, canceled, opened *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{c.max, c.total, c.acquired, c.acquires, c.waits, c.wait, c.canceled, c.opened} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	stat := c.db.pool.Stat()
	gauge := func(desc *prometheus.Desc, value float64) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
	counter := func(desc *prometheus.Desc, value float64) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value)
	}
	gauge(c.max, float64(stat.MaxConns()))
	gauge(c.total, float64(stat.TotalConns()))
	gauge(c.acquired, float64(stat.AcquiredConns()))
	counter(c.acquires, float64(stat.AcquireCount()))
	counter(c.waits, float64(stat.EmptyAcquireCount()))
	counter(c.wait, stat.EmptyAcquireWaitTime().Seconds())
	counter(c.canceled, float64(stat.CanceledAcquireCount()))
	counter(c.opened, float64(stat.NewConnsCount()))
}
