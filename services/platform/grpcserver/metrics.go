package grpcserver

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cartwright-shop/cartwright/services/platform/telemetry"
)

// metrics counts rate, errors and duration per RPC. Labels are bounded by the contract and the gRPC codes.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	panics   prometheus.Counter

	callersRefused *prometheus.CounterVec
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
		callersRefused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rpc_server_callers_refused_total", Help: "Calls by services that the contract of the RPC does not name as callers.",
		}, []string{"rpc", "caller"}),
	}
	err := errors.Join(telemetry.Register(reg, &m.requests), telemetry.Register(reg, &m.duration), telemetry.Register(reg, &m.inFlight), telemetry.Register(reg, &m.panics),
		telemetry.Register(reg, &m.callersRefused))
	if err != nil {
		return nil, fmt.Errorf("register metrics of the server: %w", err)
	}
	return m, nil
}

func (m *metrics) observe(rpc, code string, took time.Duration) {
	m.requests.WithLabelValues(rpc, code).Inc()
	m.duration.WithLabelValues(rpc).Observe(took.Seconds())
}
