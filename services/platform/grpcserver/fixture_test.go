package grpcserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/internal/echo"
	"github.com/cartwright-shop/cartwright/services/platform/telemetry"
)

// A server that leaves goroutines behind fills the memory of a pod that runs for weeks.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// buffer is a log that tests may read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *buffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *buffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// lines are the log lines with the given message.
func (l *buffer) lines(t *testing.T, msg string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(l.String()) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields), line)
		if fields["msg"] == msg {
			found = append(found, fields)
		}
	}
	return found
}

// bundle is a running server with a client that has no interceptors, as a stranger's would have none.
type bundle struct {
	t        *testing.T
	contract *echo.Contract
	server   *grpcserver.Server
	conn     *grpc.ClientConn
	log      *buffer
	level    zap.AtomicLevel
	registry *prometheus.Registry
	served   chan error
}

func start(t *testing.T, handler echo.Handler, change func(*grpcserver.Config)) *bundle {
	t.Helper()
	contract, err := echo.New()
	require.NoError(t, err)
	b := &bundle{t: t, contract: contract, log: &buffer{}, level: zap.NewAtomicLevel(), registry: prometheus.NewRegistry(), served: make(chan error, 1)}
	cfg := grpcserver.Config{Log: telemetry.NewLogger(b.log, b.level, "echo", "v1"), Metrics: b.registry}
	if change != nil {
		change(&cfg)
	}
	b.server = grpcserver.New(cfg)
	b.server.Register(func(r grpc.ServiceRegistrar) { contract.Register(r, handler) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { b.served <- b.server.Serve(listener) }()
	b.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = b.conn.Close()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		b.server.Stop(ctx)
	})
	return b
}

func (b *bundle) call(ctx context.Context, request string, opts ...grpc.CallOption) (string, error) {
	b.t.Helper()
	req, err := b.contract.Request(request)
	require.NoError(b.t, err)
	return b.contract.Call(ctx, b.conn, req, opts...)
}

// refused calls and returns the error as a caller sees it.
func (b *bundle) refused(request string) error {
	b.t.Helper()
	_, err := b.call(b.t.Context(), request)
	require.Error(b.t, err, request)
	return errs.FromGRPC(err)
}

func echoText(_ context.Context, req proto.Message) (string, error) { return echo.Text(req), nil }

func failing(err error) echo.Handler {
	return func(context.Context, proto.Message) (string, error) { return "", err }
}

func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, 10*time.Second, 5*time.Millisecond, what)
}
