package grpcserver

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts rate, errors and duration per RPC. Labels are bounded by the contract and the gRPC codes.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	panics   prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rpc_server_requests_total", Help: "Calls served, by RPC and gRPC code.",
		}, []string{"rpc", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rpc_server_duration_seconds", Help: "Time from the first interceptor to the answer, by RPC.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"rpc"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "rpc_server_in_flight", Help: "Calls that run now."}),
		panics:   prometheus.NewCounter(prometheus.CounterOpts{Name: "rpc_server_panics_total", Help: "Handlers that panicked."}),
	}
	err := errors.Join(register(reg, &m.requests), register(reg, &m.duration), register(reg, &m.inFlight), register(reg, &m.panics))
	if err != nil {
		return nil, fmt.Errorf("register metrics of the server: %w", err)
	}
	return m, nil
}

// register lets a server and a chain of the same process share one set of metrics.
func register[C prometheus.Collector](reg prometheus.Registerer, collector *C) error {
	err := reg.Register(*collector)
	if already, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if have, same := already.ExistingCollector.(C); same {
			*collector = have
			return nil
		}
	}
	return err
}

func (m *metrics) observe(rpc, code string, took time.Duration) {
	m.requests.WithLabelValues(rpc, code).Inc()
	m.duration.WithLabelValues(rpc).Observe(took.Seconds())
}
