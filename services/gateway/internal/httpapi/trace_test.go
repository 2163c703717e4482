package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// recorder keeps what spans were started with.
type recorder struct {
	noop.Tracer
	name   string
	config trace.SpanConfig
	parent trace.SpanContext
}

func (r *recorder) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	r.name, r.config, r.parent = name, trace.NewSpanStartConfig(options...), trace.SpanContextFromContext(ctx)
	return r.Tracer.Start(ctx, name, options...)
}

// A stranger who sends a trace of his own must not decide what we trace, and support must still find the way to it.
func TestATraceOfTheClientIsLinkedNotContinued(t *testing.T) {
	t.Parallel()
	tracer, served := &recorder{}, false
	handler := traced(tracer)(func(http.ResponseWriter, *http.Request, map[string]string) { served = true })
	request := httptest.NewRequest(http.MethodGet, "/v1/products", nil)
	request.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	handler(httptest.NewRecorder(), request, nil)
	require.True(t, served)
	require.False(t, tracer.parent.IsValid())
	require.Len(t, tracer.config.Links(), 1)
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", tracer.config.Links()[0].SpanContext.TraceID().String())
	require.Equal(t, trace.SpanKindServer, tracer.config.SpanKind())
	request.Header.Del("Traceparent")
	handler(httptest.NewRecorder(), request, nil)
	require.Empty(t, tracer.config.Links())
}
