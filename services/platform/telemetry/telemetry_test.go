package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/internal/echo"
	"github.com/cartwright-shop/cartwright/services/platform/telemetry"
)

// Log pipelines parse every line; one that is not JSON or lacks the service is lost.
func TestLinesAreJSONWithServiceAndVersion(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	level := zap.NewAtomicLevel()
	log := telemetry.NewLogger(&out, level, "cart", "v7")
	log.Debug("hidden")
	log.Info("shown", zap.Int("n", 1), zap.Error(errors.New("cause")))
	level.SetLevel(zap.DebugLevel)
	log.Debug("shown too")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &fields))
	require.Equal(t, "cart", fields["service"])
	require.Equal(t, "v7", fields["version"])
	require.Equal(t, "shown", fields["msg"])
	require.Equal(t, "cause", fields["error"])
	require.Contains(t, fields, "ts")
}

// A card number in the log puts every copy of the log in the scope of PCI.
func TestCardNumbersAreMaskedEverywhere(t *testing.T) {
	t.Parallel()
	const card = "4242 4242 4242 4242"
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, zap.NewAtomicLevel(), "cart", "v7").With(zap.String("bound", card))
	log.Info("message "+card, zap.String("text", card), zap.Error(errors.New("error "+card)), zap.ByteString("bytes", []byte(card)))
	require.NotContains(t, out.String(), "4242 4242")
	require.Equal(t, 5, strings.Count(out.String(), "[card number]"))
}

// Dashboards tell releases apart by build_info.
func TestTheRegistryHasProcessAndBuild(t *testing.T) {
	t.Parallel()
	families, err := telemetry.NewRegistry("cart", "v7").Gather()
	require.NoError(t, err)
	names := map[string]bool{}
	for _, f := range families {
		names[f.GetName()] = true
	}
	for _, want := range []string{"build_info", "go_goroutines", "process_cpu_seconds_total"} {
		require.True(t, names[want], want)
	}
}

// spans is a collector that keeps what it gets.
type spans struct {
	collector.UnimplementedTraceServiceServer
	mu  sync.Mutex
	got map[string][]string // names by trace id
}

func (s *spans) Export(_ context.Context, req *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range req.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				id := string(span.GetTraceId())
				s.got[id] = append(s.got[id], span.GetKind().String())
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// A slow checkout is found by one trace through all services.
func TestClientAndServerShareATrace(t *testing.T) {
	t.Parallel()
	sink := &spans{got: map[string][]string{}}
	collecting := grpc.NewServer()
	collector.RegisterTraceServiceServer(collecting, sink)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = collecting.Serve(listener) }()
	defer collecting.Stop()
	tracing, err := telemetry.NewTracing(t.Context(), telemetry.TraceConfig{
		Endpoint: "http://" + listener.Addr().String(), Ratio: 1, Service: "echo", Version: "v1"})
	require.NoError(t, err)

	traceID := callOnce(t, tracing)
	require.Len(t, traceID, 32)
	require.NoError(t, tracing.Flush(t.Context()))
	sink.mu.Lock()
	defer sink.mu.Unlock()
	require.Len(t, sink.got, 1)
	for _, kinds := range sink.got {
		require.ElementsMatch(t, []string{"SPAN_KIND_CLIENT", "SPAN_KIND_SERVER"}, kinds)
	}
}

// Without a collector nothing is traced, and a request id stands in for the trace id in the log.
func TestTracingIsOffByDefault(t *testing.T) {
	t.Parallel()
	tracing, err := telemetry.NewTracing(t.Context(), telemetry.TraceConfig{})
	require.NoError(t, err)
	require.Empty(t, tracing.Server())
	require.Empty(t, tracing.Client())
	require.Len(t, callOnce(t, tracing), 32)
	_, span := tracing.Provider().Tracer("x").Start(t.Context(), "y")
	require.False(t, span.SpanContext().IsSampled())
	require.NoError(t, tracing.Flush(t.Context()))
}

// callOnce makes one traced call and returns the trace id that the handler saw.
func callOnce(t *testing.T, tracing *telemetry.Tracing) string {
	t.Helper()
	contract, err := echo.New()
	require.NoError(t, err)
	server := grpcserver.New(grpcserver.Config{Stats: tracing.Server()})
	server.Register(func(r grpc.ServiceRegistrar) {
		contract.Register(r, func(ctx context.Context, _ proto.Message) (string, error) { return grpcserver.TraceID(ctx), nil })
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop(t.Context())
	conn, err := grpcclient.Dial(grpcclient.Config{Peer: "echo", Addr: listener.Addr().String(), Stats: tracing.Client()})
	require.NoError(t, err)
	defer conn.Close()
	req, err := contract.Request(`text: "a"`)
	require.NoError(t, err)
	text, err := contract.Call(t.Context(), conn, req)
	require.NoError(t, err)
	return text
}
