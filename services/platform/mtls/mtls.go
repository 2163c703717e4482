// Package mtls lets the services of a shop know each other by certificate. A certificate names its service in a URI,
// spiffe://<trust domain>/service/<name>; whoever has none that the shop's authorities signed, or one of another trust
// domain, is turned away, on both sides of every connection.
//
// Certificate, key and authorities are files that may change at any time. New ones are taken into use within seconds, for
// new connections, without a restart; files that are not good are reported and what was good before stays in use.
package mtls

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

const defaultInterval = 2 * time.Second

// Config says whose certificate is where.
type Config struct {
	Files
	// Service is the name that the certificate must have.
	Service string
	// Log receives what is taken into use, what is not, and who is turned away. Required.
	Log *zap.Logger
	// Metrics is where counters and expiry are registered. Required.
	Metrics prometheus.Registerer
	// Interval is how often Watch looks at the files. Default: 2 s.
	Interval time.Duration
}

// Identity is what this process shows to others and believes of them. It is safe for concurrent use.
type Identity struct {
	cfg     Config
	metrics *metrics
	inUse   atomic.Pointer[material]
}

// Open reads the files. What is wrong with them is an error.
func Open(cfg Config) (*Identity, error) {
	cfg.Interval = cmp.Or(cfg.Interval, defaultInterval)
	first, err := cfg.read().parse(cfg.Service, time.Now())
	if err != nil {
		return nil, err
	}
	i := &Identity{cfg: cfg}
	if i.metrics, err = newMetrics(cfg.Metrics); err != nil {
		return nil, err
	}
	i.use(first)
	return i, nil
}

// Watch takes changed files into use until ctx ends.
func (i *Identity) Watch(ctx context.Context) {
	ticker := time.NewTicker(i.cfg.Interval)
	defer ticker.Stop()
	look := i.looks()
	for {
		select {
		case <-ticker.C:
			look()
		case <-ctx.Done():
			return
		}
	}
}

// looks gives what Watch does at each tick. New content is taken into use when it has not moved for one interval: files are
// written one after the other, and half of a change is not an error. What is refused is tried again, since a certificate may
// only be valid from soon on, and reported once.
func (i *Identity) looks() func() {
	seen, reported := i.inUse.Load().content, false
	return func() {
		now := i.cfg.read()
		if now == i.inUse.Load().content || now != seen {
			seen, reported = now, false
			return
		}
		next, err := now.parse(i.cfg.Service, time.Now())
		if err == nil {
			i.use(next)
			i.metrics.reloads.WithLabelValues("ok").Inc()
			i.cfg.Log.Info("certificate changed", zap.Time("not_after", next.leaf.NotAfter), zap.String("serial", next.leaf.SerialNumber.String()))
			return
		}
		if !reported {
			reported = true
			i.metrics.reloads.WithLabelValues("failed").Inc()
			i.cfg.Log.Error("new certificate files are not good, the old ones stay in use", zap.Error(err),
				zap.Time("not_after", i.inUse.Load().leaf.NotAfter))
		}
	}
}

func (i *Identity) use(m *material) {
	i.inUse.Store(m)
	i.metrics.show(m)
}
