package mtls

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cartwright-shop/cartwright/services/platform/telemetry"
)

// metrics tell in time that a certificate will expire, and who cannot connect.
type metrics struct {
	notBefore prometheus.Gauge
	notAfter  *prometheus.GaugeVec
	reloads   *prometheus.CounterVec
	refused   *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		notBefore: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "mtls_certificate_not_before_seconds", Help: "Unix time from which the certificate in use is valid.",
		}),
		notAfter: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "mtls_certificate_not_after_seconds", Help: "Unix time at which the certificate in use, or the authority it ends at, expires.",
		}, []string{"of"}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mtls_reloads_total", Help: "Changes of the certificate files, by whether they were taken into use.",
		}, []string{"result"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mtls_refused_connections_total", Help: "Connections that were not made because of a certificate, by the side of this process and the reason.",
		}, []string{"side", "reason"}),
	}
	err := errors.Join(telemetry.Register(reg, &m.notBefore), telemetry.Register(reg, &m.notAfter), telemetry.Register(reg, &m.reloads), telemetry.Register(reg, &m.refused))
	if err != nil {
		return nil, fmt.Errorf("register metrics of certificates: %w", err)
	}
	for _, result := range []string{"ok", "failed"} {
		m.reloads.WithLabelValues(result)
	}
	return m, nil
}

func (m *metrics) show(in *material) {
	m.notBefore.Set(float64(in.leaf.NotBefore.Unix()))
	m.notAfter.WithLabelValues("certificate").Set(float64(in.leaf.NotAfter.Unix()))
	m.notAfter.WithLabelValues("authority").Set(float64(in.authority.NotAfter.Unix()))
}
