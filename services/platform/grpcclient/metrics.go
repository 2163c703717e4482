package grpcclient

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/telemetry"
)

// metrics counts the calls to all peers of a process.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	breaker  *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rpc_client_requests_total", Help: "Calls to other services, by peer, RPC and gRPC code.",
		}, []string{"peer", "rpc", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rpc_client_duration_seconds", Help: "Time of calls to other services, retries included, by peer and RPC.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"peer", "rpc"}),
		breaker: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "rpc_client_breaker_open", Help: "1 while calls to the peer are refused without being sent.",
		}, []string{"peer"}),
	}
	err := errors.Join(telemetry.Register(reg, &m.requests), telemetry.Register(reg, &m.duration), telemetry.Register(reg, &m.breaker))
	if err != nil {
		return nil, fmt.Errorf("register metrics of the client: %w", err)
	}
	return m, nil
}

func (m *metrics) observe(peer, rpc string, err error, took time.Duration) {
	code := "OK"
	if err != nil {
		code = errs.CodeOf(err).String()
	}
	m.requests.WithLabelValues(peer, rpc, code).Inc()
	m.duration.WithLabelValues(peer, rpc).Observe(took.Seconds())
}
