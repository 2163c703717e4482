// Package tracing takes the trace of a request along in the jobs that the request causes.
package tracing

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const parent = "traceparent"

// Cause is the trace of a context as W3C traceparent, for a job to keep; empty when there is none.
func Cause(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[parent]
}

// Follow makes work a span of the trace that caused it. Work without a cause begins no trace.
func Follow(ctx context.Context, tracer trace.Tracer, name, cause string, work func(ctx context.Context) error) error {
	caused := propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{parent: cause})
	if !trace.SpanContextFromContext(caused).IsValid() {
		return work(ctx)
	}
	ctx, span := tracer.Start(caused, name, trace.WithSpanKind(trace.SpanKindConsumer))
	defer span.End()
	err := work(ctx)
	if err != nil {
		span.SetStatus(codes.Error, "") // the log has the words
	}
	return err
}
