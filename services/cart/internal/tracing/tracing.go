// Package tracing takes the trace of a request along in the sagas that the request begins.
package tracing

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const parent = "traceparent"

// Lifetime is how long what comes of a request is in its trace. Crashes and pages of banks are over by then. What takes longer
// waits for somebody or for a service that is down, and is looked at again and again: its trace would grow for days, longer than
// those who keep traces take spans for one.
const Lifetime = time.Hour

// Cause is the trace of a context as W3C traceparent, for a saga to keep; empty when there is none.
func Cause(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[parent]
}

// Work is what goes on with something that a request began.
type Work struct {
	// Name is the name of its span.
	Name string
	// Cause is what the request kept.
	Cause string
	// Age is how long ago that was.
	Age time.Duration
}

// Follow makes work a span of the trace that caused it or, when that is older than Lifetime, of a trace of its own with a link to
// it. Work without a cause begins no trace.
func Follow(ctx context.Context, tracer trace.Tracer, w Work, do func(ctx context.Context) error) error {
	cause := read(w.Cause)
	if !cause.IsValid() {
		return do(ctx)
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer)}
	if w.Age < Lifetime || !cause.IsSampled() { // a trace that nobody keeps gets no successors either
		ctx = trace.ContextWithRemoteSpanContext(ctx, cause)
	} else {
		options = append(options, trace.WithNewRoot(), trace.WithLinks(trace.Link{SpanContext: cause}))
	}
	ctx, span := tracer.Start(ctx, w.Name, options...)
	defer span.End()
	err := do(ctx)
	if err != nil {
		span.SetStatus(codes.Error, "") // the log has the words
	}
	return err
}

// Link leads from the trace of a request to the trace of what it goes on with, unless they are one.
func Link(ctx context.Context, cause string) {
	span, to := trace.SpanFromContext(ctx), read(cause)
	if to.IsValid() && to.TraceID() != span.SpanContext().TraceID() {
		span.AddLink(trace.Link{SpanContext: to})
	}
}

func read(cause string) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{parent: cause})
	return trace.SpanContextFromContext(ctx)
}
