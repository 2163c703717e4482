package groupcommit

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// vectors are the metrics of all groups, each with the label step.
type vectors struct {
	size, wait, took *prometheus.HistogramVec
	queued           *prometheus.GaugeVec
	left, split      *prometheus.CounterVec
	refused          *prometheus.CounterVec
}

// meters are those of one group.
type meters struct {
	size, wait, took prometheus.Observer
	queued           prometheus.Gauge
	left, split      prometheus.Counter
	refused          func(why string) prometheus.Counter
}

func newMeters(metrics prometheus.Registerer) (*vectors, error) {
	step := []string{"step"}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "inventory_batch_" + name, Help: help, Buckets: buckets}, step)
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "inventory_batch_" + name, Help: help}, append(step, labels...))
	}
	seconds := prometheus.ExponentialBuckets(0.001, 2, 12)
	v := &vectors{
		size: histogram("size", "Callers that shared a statement.", prometheus.ExponentialBuckets(1, 2, 11)),
		wait: histogram("wait_seconds", "Time callers waited for their turn.", seconds),
		took: histogram("seconds", "Time the database took for a batch.", seconds),
		queued: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "inventory_batch_queue", Help: "Callers that wait for their turn.",
		}, step),
		left:    counter("left_total", "Callers whose time was over before their turn."),
		split:   counter("split_total", "Batches whose members were served one by one because one of them failed."),
		refused: counter("refused_total", "Callers turned away at once: the queue was full, or their turn would have come late.", "why"),
	}
	for _, c := range []prometheus.Collector{v.size, v.wait, v.took, v.queued, v.left, v.split, v.refused} {
		if err := metrics.Register(c); err != nil {
			return nil, fmt.Errorf("register batch metrics: %w", err)
		}
	}
	return v, nil
}

func (v *vectors) of(step string) meters {
	return meters{
		size: v.size.WithLabelValues(step), wait: v.wait.WithLabelValues(step), took: v.took.WithLabelValues(step),
		queued: v.queued.WithLabelValues(step), left: v.left.WithLabelValues(step), split: v.split.WithLabelValues(step),
		refused: func(why string) prometheus.Counter { return v.refused.WithLabelValues(step, why) },
	}
}
