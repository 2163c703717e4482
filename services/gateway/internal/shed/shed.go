// Package shed bounds the work that one process takes on at once and decides what is refused first when there is too
// much: looking around before carts, carts before paying, and the notices of payment providers last.
package shed

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/policy"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
)

// Class is a kind of work by when it is refused.
type Class uint8

// The classes, the first one refused first.
const (
	Browse Class = iota
	Normal
	Checkout
	Notice
	classes
)

// retryAfter is when a refused client may come back.
const retryAfter = time.Second

// share is how much of the whole a class may fill, in percent: the rest is kept for the classes above it.
func (c Class) share() int64 {
	switch c {
	case Browse:
		return 80
	case Normal:
		return 90
	case Checkout:
		return 98
	default:
		return 100
	}
}

// String is the name of the class in metrics.
func (c Class) String() string {
	switch c {
	case Browse:
		return "browse"
	case Normal:
		return "normal"
	case Checkout:
		return "checkout"
	default:
		return "notice"
	}
}

// ClassOf is the class of a public method.
func ClassOf(rule *typev1.Policy) Class {
	switch rule.GetPriority() {
	case typev1.Priority_PRIORITY_BROWSE:
		return Browse
	case typev1.Priority_PRIORITY_CHECKOUT:
		return Checkout
	default:
		return Normal
	}
}

// Gate counts the work in progress. It is safe for concurrent use.
type Gate struct {
	inUse   atomic.Int64
	limits  [classes]int64
	refused [classes]prometheus.Counter
}

// New returns a gate for at most that many pieces of work at once.
func New(most int, metrics prometheus.Registerer) (*Gate, error) {
	g := &Gate{}
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gateway_shed_total", Help: "Requests refused because the process had too much to do.",
	}, []string{"class"})
	working := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gateway_work_in_progress", Help: "Requests that are worked on now; waiting for a client's bytes is not work.",
	}, func() float64 { return float64(g.inUse.Load()) })
	for _, collector := range []prometheus.Collector{refused, working} {
		if err := metrics.Register(collector); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	for class := range classes {
		g.limits[class] = max(1, int64(most)*class.share()/100)
		g.refused[class] = refused.WithLabelValues(class.String())
	}
	return g, nil
}

// Enter begins a piece of work, or refuses it with OVERLOADED. The work ends with Leave.
func (g *Gate) Enter(class Class) error {
	if g.inUse.Add(1) <= g.limits[class] {
		return nil
	}
	g.inUse.Add(-1)
	g.refused[class].Inc()
	return errs.Overloaded.New("The shop has more work than it can do in time.").RetryAfter(retryAfter)
}

// Leave ends a piece of work that Enter let in.
func (g *Gate) Leave() { g.inUse.Add(-1) }

// Interceptor lets in the calls of public methods by their policy.
func (g *Gate) Interceptor(table policy.Table) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if err := g.Enter(ClassOf(table[info.FullMethod])); err != nil {
			return nil, err
		}
		defer g.Leave()
		return handler(ctx, req)
	}
}

// StreamInterceptor is Interceptor for streams.
func (g *Gate) StreamInterceptor(table policy.Table) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if err := g.Enter(ClassOf(table[info.FullMethod])); err != nil {
			return err
		}
		defer g.Leave()
		return handler(srv, stream)
	}
}
