// Package shed bounds the work that one process takes on at once and decides what is refused first when there is too
// much: looking around before carts, carts before the back office, that before paying, and the notices of payment providers last. How much pages and
// carts may take is found by how long answers take; a fixed bound stands around all of it.
package shed

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/policy"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
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
	Office
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
	case Office:
		return 95
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
	case Office:
		return "office"
	case Checkout:
		return "checkout"
	default:
		return "notice"
	}
}

// ClassOf is the class of a public method.
func ClassOf(rule *typev1.Policy) Class {
	switch {
	case rule.GetAudience() == typev1.Audience_AUDIENCE_STAFF:
		return Office
	case rule.GetPriority() == typev1.Priority_PRIORITY_BROWSE:
		return Browse
	case rule.GetPriority() == typev1.Priority_PRIORITY_CHECKOUT:
		return Checkout
	default:
		return Normal
	}
}

// Config says how much a gate lets in.
type Config struct {
	// Most is the work at once, of all classes, that is never exceeded.
	Most int
	// Floor is what the limit for pages and carts does not fall below; 0 means eight for each processor.
	Floor int
	// Processors are those that this process may use.
	Processors int
	Clock      clock.Clock
	Metrics    prometheus.Registerer
}

// errUnanswered is how work ended whose handler panicked: quickly, and not well.
var errUnanswered = errors.New("the handler did not answer")

// floorPerProcessor keeps processors busy while requests wait for services and disks.
const floorPerProcessor = 8

// Gate counts the work in progress. It is safe for concurrent use.
type Gate struct {
	clock   clock.Clock
	inUse   atomic.Int64
	limits  [classes]int64
	line    *line
	refused [classes]prometheus.Counter
	waited  [paced]prometheus.Observer
}

// New returns a gate.
func New(cfg Config) (*Gate, error) {
	if cfg.Floor == 0 {
		cfg.Floor = floorPerProcessor * cfg.Processors
	}
	g := &Gate{clock: cfg.Clock}
	g.line = &line{clock: cfg.Clock, pace: newPace(cfg.Floor, cfg.Most, cfg.Clock.Now())}
	for class := range classes {
		g.limits[class] = max(1, int64(cfg.Most)*class.share()/100)
	}
	return g, g.measure(cfg.Metrics)
}

func (g *Gate) measure(metrics prometheus.Registerer) error {
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gateway_shed_total", Help: "Requests refused because the process had too much to do.",
	}, []string{"class"})
	working := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gateway_work_in_progress", Help: "Requests that are worked on or wait for room; waiting for a client's bytes is not work.",
	}, func() float64 { return float64(g.inUse.Load()) })
	limit := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gateway_work_limit", Help: "Pages and carts that are worked on at once at most, found by how long answers take.",
	}, g.line.limit)
	waited := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "gateway_queue_seconds", Help: "How long requests waited for room, those that were refused then among them.",
		Buckets: []float64{0.001, 0.005, 0.02, 0.05, 0.1, 0.3, 1},
	}, []string{"class"})
	for _, collector := range []prometheus.Collector{refused, working, limit, waited} {
		if err := metrics.Register(collector); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	for class := range classes {
		g.refused[class] = refused.WithLabelValues(class.String())
	}
	for class := range paced {
		g.waited[class] = waited.WithLabelValues(class.String())
	}
	return nil
}

// Pass is a piece of work that was let in.
type Pass struct {
	gate   *Gate
	paced  bool
	method string
	begun  time.Time
}

// Enter begins a piece of work, at once or after a moment in line, or refuses it with OVERLOADED. The work ends with Leave of
// the pass. Work is compared with other work of the same method.
func (g *Gate) Enter(ctx context.Context, class Class, method string) (Pass, error) {
	if err := g.count(class); err != nil {
		return Pass{}, err
	}
	if class >= paced {
		return Pass{gate: g}, nil
	}
	came := g.clock.Now()
	in := g.line.enter(ctx, class)
	begun := g.clock.Now()
	g.waited[class].Observe(begun.Sub(came).Seconds())
	if !in {
		g.inUse.Add(-1)
		return Pass{}, g.refuse(class)
	}
	return Pass{gate: g, paced: true, method: method, begun: begun}, nil
}

func (g *Gate) count(class Class) error {
	if g.inUse.Add(1) <= g.limits[class] {
		return nil
	}
	g.inUse.Add(-1)
	return g.refuse(class)
}

func (g *Gate) refuse(class Class) error {
	g.refused[class].Inc()
	return errs.Overloaded.New("The shop has more work than it can do in time.").RetryAfter(retryAfter)
}

// Leave ends the work. How long it took says something only when it went well: refusals are quick.
func (p Pass) Leave(err error) {
	p.gate.inUse.Add(-1)
	if p.paced {
		p.gate.line.leave(p.method, p.gate.clock.Now().Sub(p.begun), err == nil)
	}
}

// Interceptor lets in the calls of public methods by their policy.
func (g *Gate) Interceptor(table policy.Table) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (answer any, err error) {
		pass, err := g.Enter(ctx, ClassOf(table[info.FullMethod]), info.FullMethod)
		if err != nil {
			return nil, err
		}
		defer func() { pass.Leave(err) }()
		err = errUnanswered
		return handler(ctx, req)
	}
}

// StreamInterceptor bounds streams: files, which take as long as their clients do. They count, but have no part in the pace.
func (g *Gate) StreamInterceptor(table policy.Table) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if err := g.count(ClassOf(table[info.FullMethod])); err != nil {
			return err
		}
		defer g.inUse.Add(-1)
		return handler(srv, stream)
	}
}
