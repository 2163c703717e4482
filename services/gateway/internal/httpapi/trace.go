package httpapi

import (
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traced starts a trace for each request. A trace that the client brings is linked, not continued: whether we trace is no
// decision of strangers.
func traced(tracer trace.Tracer) runtime.Middleware {
	return func(next runtime.HandlerFunc) runtime.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
			route := ""
			if pattern, ok := runtime.HTTPPattern(r.Context()); ok {
				route = pattern.String()
			}
			theirs := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
			options := []trace.SpanStartOption{
				trace.WithSpanKind(trace.SpanKindServer),
				trace.WithAttributes(attribute.String("http.request.method", r.Method), attribute.String("http.route", route)),
			}
			if trace.SpanContextFromContext(theirs).IsValid() {
				options = append(options, trace.WithLinks(trace.LinkFromContext(theirs)))
			}
			ctx, span := tracer.Start(r.Context(), r.Method+" "+route, options...)
			defer span.End()
			next(w, r.WithContext(ctx), params)
		}
	}
}
