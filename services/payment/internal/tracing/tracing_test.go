package tracing_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/cartwright-shop/cartwright/services/payment/internal/tracing"
)

// When it fails, what a request caused after its answer cannot be found from the request's trace, or jobs of nobody's request fill
// traces of their own.
func TestWorkIsInTheTraceOfItsCause(t *testing.T) {
	t.Parallel()
	tracer := noop.NewTracerProvider().Tracer("test") // its spans are their parents
	cause := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	kept := tracing.Cause(trace.ContextWithSpanContext(t.Context(), cause))
	require.NotEmpty(t, kept)
	for kept, want := range map[string]trace.TraceID{kept: cause.TraceID(), "": {}, "what is this": {}} {
		refused := errors.New("refused")
		require.ErrorIs(t, tracing.Follow(t.Context(), tracer, "job", kept, func(ctx context.Context) error {
			require.Equal(t, want, trace.SpanContextFromContext(ctx).TraceID(), kept)
			return refused
		}), refused)
	}
	require.Empty(t, tracing.Cause(t.Context()))
}
