package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc/filters"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc/stats"
)

// TraceConfig sets tracing.
type TraceConfig struct {
	// Endpoint is the URL of an OTLP collector that speaks gRPC, such as "http://collector:4317". Empty: no tracing.
	Endpoint string
	// Ratio is the share of requests that are traced when the caller has not decided, 0 to 1.
	Ratio float64
	// Service and Version name the process.
	Service, Version string
}

// Tracing is the tracer of a process. The zero value traces nothing and costs nothing.
type Tracing struct {
	provider *sdktrace.TracerProvider
}

// NewTracing starts to send spans, if an endpoint is set. The collector may be down; spans are dropped then.
func NewTracing(ctx context.Context, cfg TraceConfig) (*Tracing, error) {
	if cfg.Endpoint == "" {
		return &Tracing{}, nil
	}
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(cfg.Endpoint))
	if err != nil {
		return nil, fmt.Errorf("start tracing: %w", err)
	}
	return newTracing(exporter, cfg), nil
}

func newTracing(exporter sdktrace.SpanExporter, cfg TraceConfig) *Tracing {
	return &Tracing{provider: sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(cfg.Ratio))),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", cfg.Service), attribute.String("service.version", cfg.Version))),
	)}
}

// Provider makes tracers for code that starts spans itself.
func (t *Tracing) Provider() trace.TracerProvider {
	if t.provider == nil {
		return noop.NewTracerProvider()
	}
	return t.provider
}

// Propagator carries trace context over HTTP and jobs, as W3C traceparent.
func (t *Tracing) Propagator() propagation.TextMapPropagator { return propagation.TraceContext{} }

// Server returns handlers that trace the calls a server gets, health checks left out.
func (t *Tracing) Server() []stats.Handler {
	if t.provider == nil {
		return nil
	}
	return []stats.Handler{otelgrpc.NewServerHandler(t.options()...)}
}

// Client returns handlers that trace the calls a client makes, health checks left out.
func (t *Tracing) Client() []stats.Handler {
	if t.provider == nil {
		return nil
	}
	return []stats.Handler{otelgrpc.NewClientHandler(t.options()...)}
}

func (t *Tracing) options() []otelgrpc.Option {
	return []otelgrpc.Option{
		otelgrpc.WithTracerProvider(t.provider), otelgrpc.WithMeterProvider(metricnoop.NewMeterProvider()),
		otelgrpc.WithPropagators(t.Propagator()), otelgrpc.WithFilter(filters.Not(filters.HealthCheck())),
	}
}

// Flush sends the spans that wait and stops.
func (t *Tracing) Flush(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("flush traces: %w", err)
	}
	return nil
}
