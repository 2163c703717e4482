package grpcserver

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/scrub"
)

// observeUnary is the outermost interceptor: everything that goes wrong inside is counted, logged once and made a status.
func (c *chain) observeUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
	if isHealth(info.FullMethod) {
		return handler(ctx, req)
	}
	ctx = withRequestID(ctx)
	if c.cfg.Public {
		_ = grpc.SetHeader(ctx, metadata.Pairs(identity.RequestIDKey, identity.RequestID(ctx)))
	}
	done := c.begin(info.FullMethod)
	defer func() {
		if p := recover(); p != nil {
			err = c.panicked(ctx, info.FullMethod, p)
		}
		if err != nil {
			resp = nil
		}
		err = done(ctx, err)
	}()
	return handler(ctx, req)
}

func (c *chain) observeStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	if isHealth(info.FullMethod) {
		return handler(srv, stream)
	}
	ctx := withRequestID(stream.Context())
	if c.cfg.Public {
		_ = stream.SetHeader(metadata.Pairs(identity.RequestIDKey, identity.RequestID(ctx)))
	}
	name := info.FullMethod
	if srv == nil {
		name = "unknown" // chosen by the client, so it must not become a label
	}
	done := c.begin(name)
	defer func() {
		if p := recover(); p != nil {
			err = c.panicked(ctx, name, p)
		}
		err = done(ctx, err)
	}()
	return handler(srv, &contextStream{ServerStream: stream, ctx: ctx})
}

// begin starts the account of a call; the function it returns ends it and gives the status to send.
func (c *chain) begin(rpc string) func(ctx context.Context, err error) error {
	start := time.Now()
	c.metrics.inFlight.Inc()
	return func(ctx context.Context, err error) error {
		took := time.Since(start)
		c.metrics.inFlight.Dec()
		if err == nil {
			c.metrics.observe(rpc, okCode, took)
			if ce := c.cfg.Log.Check(zap.DebugLevel, "call served"); ce != nil {
				ce.Write(callFields(ctx, rpc, okCode, took)...)
			}
			return nil
		}
		known := classify(ctx, err)
		c.metrics.observe(rpc, known.Code().String(), took)
		c.logFailure(ctx, rpc, known, took)
		return errs.ToGRPC(known)
	}
}

const okCode = "OK"

func (c *chain) logFailure(ctx context.Context, rpc string, failure *errs.Error, took time.Duration) {
	level := zap.InfoLevel
	switch code := failure.Code(); {
	case errs.Has(failure, errs.Overloaded) && errors.Unwrap(failure) == nil:
		// It is counted. A line for each would cost more than the refusal, just when there is no time.
		level = zap.DebugLevel
	case code == errs.Internal:
		level = zap.ErrorLevel
	case code == errs.Unavailable, code == errs.DeadlineExceeded:
		level = zap.WarnLevel
	}
	ce := c.cfg.Log.Check(level, "call failed")
	if ce == nil {
		return
	}
	fields := append(callFields(ctx, rpc, failure.Code().String(), took), zap.String("reason", failure.Reason()),
		zap.String("error", scrub.Mask(failure.Error())))
	ce.Write(fields...)
}

func callFields(ctx context.Context, rpc, code string, took time.Duration) []zap.Field {
	return []zap.Field{
		zap.String("trace_id", TraceID(ctx)), zap.String("request_id", identity.RequestID(ctx)), zap.String("rpc", rpc),
		zap.String("code", code), zap.Float64("duration_ms", float64(took.Microseconds())/1000),
	}
}

// TraceID is the id of the trace that ctx belongs to, the request id when there is no trace.
func TraceID(ctx context.Context) string {
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return identity.RequestID(ctx)
}

var errPanic = errors.New("panic")

func (c *chain) panicked(ctx context.Context, rpc string, value any) error {
	c.metrics.panics.Inc()
	c.cfg.Log.Error("handler panicked", zap.String("trace_id", TraceID(ctx)), zap.String("rpc", rpc), zap.Any("panic", value),
		zap.ByteString("stack", debug.Stack()))
	return errs.InternalError.New("Something broke on our side.").Because(errPanic)
}

// withRequestID takes the id of the context, else of the caller, else makes one.
func withRequestID(ctx context.Context) context.Context {
	if identity.RequestID(ctx) != "" {
		return ctx
	}
	if id := first(ctx, identity.RequestIDKey); identity.ValidRequestID(id) {
		return identity.WithRequestID(ctx, id)
	}
	var random [16]byte
	rand.Read(random[:])
	return identity.WithRequestID(ctx, hex.EncodeToString(random[:]))
}

func (c *chain) identityUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, err := c.withPrincipal(ctx)
	if err != nil {
		return nil, err
	}
	return handler(ctx, req)
}

func (c *chain) identityStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	ctx, err := c.withPrincipal(stream.Context())
	if err != nil {
		return err
	}
	return handler(srv, &contextStream{ServerStream: stream, ctx: ctx})
}

func (c *chain) withPrincipal(ctx context.Context) (context.Context, error) {
	if c.cfg.Public {
		return ctx, nil
	}
	text := first(ctx, identity.PrincipalKey)
	if text == "" {
		return ctx, nil
	}
	p, err := identity.Decode(text)
	if err != nil {
		return ctx, errs.PrincipalInvalid.New("The identity sent with the call cannot be read.").Because(err)
	}
	return identity.With(ctx, p), nil
}

func first(ctx context.Context, key string) string {
	values := metadata.ValueFromIncomingContext(ctx, key)
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
