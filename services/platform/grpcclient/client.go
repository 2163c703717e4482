// Package grpcclient dials the other services. Every call has a deadline, carries the principal and the request id,
// fails fast while the peer is down, and returns *errs.Error with the peer's reason.
//
// It refuses to send while a database transaction is open: a slow peer would hold its locks.
package grpcclient

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	_ "google.golang.org/grpc/health" // switches on the health checks that the service config asks for
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/status"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/fault"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

const (
	retryAfter       = time.Second
	keepaliveTime    = 30 * time.Second
	keepaliveTimeout = 10 * time.Second
)

var errInTransaction = errors.New("grpc call while a database transaction is open")

// Dial prepares a connection and begins to connect. The peer may be down; calls fail until it is up.
func Dial(cfg Config) (*grpc.ClientConn, error) {
	allowAsking()
	cfg = cfg.withDefaults()
	metrics, err := newMetrics(cfg.Metrics)
	if err != nil {
		return nil, err
	}
	config, err := cfg.serviceConfig()
	if err != nil {
		return nil, err
	}
	p := &peer{cfg: cfg, metrics: metrics, breaker: newBreaker(cfg.Clock.Now)}
	metrics.breaker.WithLabelValues(cfg.Peer).Set(0)
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(cfg.TLS.Client(cfg.Peer)),
		grpc.WithResolvers(asked{resolver.Get("dns")}),
		grpc.WithDefaultServiceConfig(config),
		grpc.WithDisableServiceConfig(),
		grpc.WithChainUnaryInterceptor(append([]grpc.UnaryClientInterceptor{p.unary()}, fault.Client()...)...),
		grpc.WithStreamInterceptor(p.stream()),
		grpc.WithIdleTimeout(0),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(cfg.MaxRecvBytes)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTimeout, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 2 * time.Second,
		}),
	}
	for _, h := range cfg.Stats {
		opts = append(opts, grpc.WithStatsHandler(h))
	}
	conn, err := grpc.NewClient(cfg.target(), append(opts, cfg.Options...)...)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", cfg.Peer, err)
	}
	conn.Connect()
	return conn, nil
}

// peer is one dependency.
type peer struct {
	cfg     Config
	metrics *metrics
	breaker *breaker
}

func (p *peer) unary() grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		start := time.Now()
		err := p.admit(ctx, method)
		if err == nil {
			var cancel context.CancelFunc
			ctx, cancel = withTimeout(ctx, p.cfg.Timeout)
			defer cancel()
			err = next(outgoing(ctx), method, req, reply, cc, opts...)
			p.settle(ctx, err, start)
			err = p.convert(err)
		}
		p.metrics.observe(p.cfg.Peer, method, err, time.Since(start))
		return err
	}
}

func (p *peer) stream() grpc.StreamClientInterceptor {
	return func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		start := time.Now()
		if err := p.admit(ctx, method); err != nil {
			p.metrics.observe(p.cfg.Peer, method, err, time.Since(start))
			return nil, err
		}
		ctx, cancel := withTimeout(ctx, p.cfg.StreamTimeout)
		s := &clientStream{peer: p, method: method, ctx: ctx, cancel: cancel, start: start, serverStreams: desc.ServerStreams}
		inner, err := next(outgoing(ctx), desc, cc, method, opts...)
		if err != nil {
			return nil, s.finish(err)
		}
		s.ClientStream = inner
		return s, nil
	}
}

// admit refuses calls that must not or need not be sent.
func (p *peer) admit(ctx context.Context, method string) error {
	if postgres.InTx(ctx) {
		p.cfg.Log.Error("call refused", zap.String("peer", p.cfg.Peer), zap.String("rpc", method), zap.Error(errInTransaction), zap.Stack("stack"))
		return errs.InternalError.New("Something broke on our side.").Because(fmt.Errorf("%s: %w", method, errInTransaction))
	}
	if !p.breaker.allow() {
		return p.unavailable(errBreakerOpen)
	}
	return nil
}

// settle tells the breaker how a call ended.
func (p *peer) settle(ctx context.Context, err error, start time.Time) {
	result := judge(ctx, err, time.Since(start))
	if !p.breaker.record(result) {
		return
	}
	open := p.breaker.isOpen()
	p.metrics.breaker.WithLabelValues(p.cfg.Peer).Set(boolToFloat(open))
	p.cfg.Log.Warn("breaker changed", zap.String("peer", p.cfg.Peer), zap.Bool("open", open))
}

// convert gives the error of a call its kind. A status that our servers did not write comes from the connection or from
// a proxy; it names the peer, and it never shows the library's text, which has addresses in it.
func (p *peer) convert(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return errs.Known(err)
	}
	if _, ok := status.FromError(err); !ok {
		return err
	}
	if errs.Ours(err) {
		return p.theirs(err)
	}
	switch code := errs.CodeOf(errs.FromGRPC(err)); code {
	case errs.Unavailable:
		return p.unavailable(err)
	case errs.DeadlineExceeded:
		return errs.DeadlineReached.New("The time given for the call is over.").Meta("peer", p.cfg.Peer).Because(err)
	case errs.Canceled:
		return errs.CallCanceled.New("The caller gave up.").Because(err)
	case errs.Unimplemented:
		return errs.MethodUnknown.New("The method does not exist yet.").Meta("peer", p.cfg.Peer).Because(err)
	default:
		return errs.InternalError.New("Something broke on our side.").Because(fmt.Errorf("call %s: %w", p.cfg.Peer, err))
	}
}

// theirs is the error that the peer has made. That it is busy has a cause here, unlike a refusal of our own.
func (p *peer) theirs(err error) error {
	known, ok := errors.AsType[*errs.Error](errs.FromGRPC(err))
	if ok && errs.Has(known, errs.Overloaded) {
		return known.Because(fmt.Errorf("call %s: %w", p.cfg.Peer, err))
	}
	return errs.FromGRPC(err)
}

func (p *peer) unavailable(cause error) error {
	return errs.DependencyUnavailable.New("A service this call needs does not answer.").Meta("peer", p.cfg.Peer).RetryAfter(retryAfter).Because(cause)
}

func withTimeout(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, timeout)
}

// outgoing puts the principal and the request id into the metadata of the call.
func outgoing(ctx context.Context) context.Context {
	pairs := make([]string, 0, 4)
	if p := identity.From(ctx); !p.IsZero() {
		pairs = append(pairs, identity.PrincipalKey, p.Encode())
	}
	if id := identity.RequestID(ctx); id != "" {
		pairs = append(pairs, identity.RequestIDKey, id)
	}
	return metadata.AppendToOutgoingContext(ctx, pairs...)
}

func boolToFloat(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
