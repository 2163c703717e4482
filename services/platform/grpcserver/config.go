package grpcserver

import (
	"cmp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"github.com/cartwright-shop/cartwright/services/platform/mtls"
)

// Config sets a server or a chain of interceptors. Zero values mean the default given at each field.
type Config struct {
	// Log receives one line per failed call. Default: none.
	Log *zap.Logger
	// Metrics is where the counters of calls are registered. Default: a registry of its own.
	Metrics prometheus.Registerer
	// Public is true for a server that strangers call: identity metadata in their calls is ignored, and every answer
	// carries the request id in its header.
	Public bool
	// TLS, when it is set, makes the server accept only services that show a certificate, and lets each of them call only the
	// methods whose contract names it. It has no effect on a Public server: strangers have no certificates.
	TLS *mtls.Identity
	// Admit runs after request id and identity are known and before a request is looked at: authentication and limits.
	Admit []grpc.UnaryServerInterceptor
	// AdmitStream is Admit for streams.
	AdmitStream []grpc.StreamServerInterceptor
	// DefaultDeadline is given to unary calls that come without one. Default: 10 s.
	DefaultDeadline time.Duration
	// MaxDeadline cuts longer deadlines of unary calls. Default: 60 s.
	MaxDeadline time.Duration
	// StreamDeadline is the longest life of a stream. Default: 10 min.
	StreamDeadline time.Duration
	// MinRemaining is the time under which a call is refused at once. Default: 5 ms.
	MinRemaining time.Duration
	// MaxRecvBytes is the largest message that is taken. Default: 1 MiB.
	MaxRecvBytes int
	// MaxSendBytes is the largest message that is sent. Default: 16 MiB.
	MaxSendBytes int
	// MaxConnectionAge makes clients connect anew so that new servers get work. Default: 5 min.
	MaxConnectionAge time.Duration
	// MaxConnectionAgeGrace is how long calls of an aged connection may still run. Default: MaxDeadline plus 5 s.
	MaxConnectionAgeGrace time.Duration
	// Stats are handlers for tracing.
	Stats []stats.Handler
}

func (c Config) withDefaults() Config {
	c.Log = cmp.Or(c.Log, zap.NewNop())
	c.Metrics = cmp.Or[prometheus.Registerer](c.Metrics, prometheus.NewRegistry())
	c.DefaultDeadline = cmp.Or(c.DefaultDeadline, 10*time.Second)
	c.MaxDeadline = cmp.Or(c.MaxDeadline, time.Minute)
	c.StreamDeadline = cmp.Or(c.StreamDeadline, 10*time.Minute)
	c.MinRemaining = cmp.Or(c.MinRemaining, 5*time.Millisecond)
	c.MaxConnectionAge = cmp.Or(c.MaxConnectionAge, 5*time.Minute)
	c.MaxConnectionAgeGrace = cmp.Or(c.MaxConnectionAgeGrace, c.MaxDeadline+5*time.Second)
	c.MaxRecvBytes = cmp.Or(c.MaxRecvBytes, 1<<20)
	c.MaxSendBytes = cmp.Or(c.MaxSendBytes, 16<<20)
	return c
}

// secure tells whether callers show certificates.
func (c Config) secure() bool { return c.TLS != nil && !c.Public }
