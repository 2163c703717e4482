package grpcserver

import (
	"context"
	"strings"

	"google.golang.org/grpc"

	"github.com/cartwright-shop/cartwright/services/platform/fault"
)

const healthPrefix = "/grpc.health.v1."

// chain holds what the interceptors of one server share. From the outside in: request id, observation (log, metrics, panics,
// errors to statuses), calling service, deadline, identity, cfg.Admit, text, validation.
type chain struct {
	cfg     Config
	metrics *metrics
	text    *textChecker
	rules   *rules
	callers callers // nil where callers show no certificates
	foreign bool    // the server is not a Server of ours and lacks the codec
}

func newChain(cfg Config, descs []*grpc.ServiceDesc) (*chain, error) {
	rules, err := newRules(descs)
	if err != nil {
		return nil, err
	}
	metrics, err := newMetrics(cfg.Metrics)
	if err != nil {
		return nil, err
	}
	c := &chain{cfg: cfg, metrics: metrics, text: &textChecker{}, rules: rules}
	if cfg.secure() {
		c.callers, err = newCallers(descs)
	}
	return c, err
}

func (c *chain) unary() []grpc.UnaryServerInterceptor {
	list := append(fault.Server(), c.observeUnary, c.callerUnary, c.deadlineUnary, c.identityUnary)
	for _, admit := range c.cfg.Admit {
		list = append(list, exceptHealth(admit))
	}
	return append(list, c.inspectUnary)
}

func (c *chain) stream() []grpc.StreamServerInterceptor {
	list := []grpc.StreamServerInterceptor{c.observeStream, c.callerStream, c.deadlineStream, c.identityStream}
	for _, admit := range c.cfg.AdmitStream {
		list = append(list, exceptHealthStream(admit))
	}
	return append(list, c.inspectStream)
}

// Health checks come from probes and balancers: no identity, no limits, no log.
func isHealth(method string) bool { return strings.HasPrefix(method, healthPrefix) }

func exceptHealth(next grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if isHealth(info.FullMethod) {
			return handler(ctx, req)
		}
		return next(ctx, req, info, handler)
	}
}

func exceptHealthStream(next grpc.StreamServerInterceptor) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if isHealth(info.FullMethod) {
			return handler(srv, stream)
		}
		return next(srv, stream, info, handler)
	}
}

// inspectUnary refuses requests whose texts or fields are wrong before the handler sees them.
func (c *chain) inspectUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := c.inspect(req); err != nil {
		return nil, err
	}
	return handler(ctx, req)
}

func (c *chain) inspectStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if isHealth(info.FullMethod) {
		return handler(srv, stream)
	}
	return handler(srv, &inspectedStream{ServerStream: stream, chain: c})
}

func (c *chain) inspect(req any) error {
	if bad, ok := req.(undecodable); ok {
		return bad.err
	}
	if err := c.text.check(req); err != nil {
		return err
	}
	return c.rules.check(req)
}

type inspectedStream struct {
	grpc.ServerStream
	chain *chain
}

// RecvMsg receives a message and refuses it when its texts or fields are wrong.
func (s *inspectedStream) RecvMsg(m any) error {
	if s.chain.foreign {
		if err := s.ServerStream.RecvMsg(m); err != nil {
			return err
		}
		return s.chain.inspect(m)
	}
	in := decoding{into: m}
	if err := s.ServerStream.RecvMsg(&in); err != nil {
		return err
	}
	if in.err != nil {
		return in.err
	}
	return s.chain.inspect(m)
}

// contextStream is a stream whose context was changed by an interceptor.
type contextStream struct {
	grpc.ServerStream
	ctx context.Context
}

// Context is the changed context.
func (s *contextStream) Context() context.Context { return s.ctx }
