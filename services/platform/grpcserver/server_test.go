package grpcserver_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/internal/echo"
)

func health(t *testing.T, conn *grpc.ClientConn, service string) string {
	t.Helper()
	resp, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
	if err != nil {
		return status.Code(err).String()
	}
	return resp.GetStatus().String()
}

// Load balancers ask for the health of a service; they must be turned away before the port closes.
func TestHealthFollowsTheServer(t *testing.T) {
	t.Parallel()
	b := start(t, echoText, nil)
	require.Equal(t, "SERVING", health(t, b.conn, ""))
	require.Equal(t, "SERVING", health(t, b.conn, echo.Service))
	require.Equal(t, "NotFound", health(t, b.conn, "other.Service"))
	b.server.NotServing()
	require.Equal(t, "NOT_SERVING", health(t, b.conn, echo.Service))
	_, err := b.call(t.Context(), `text: "a"`)
	require.NoError(t, err, "calls are still answered")
	require.Empty(t, b.log.String(), "probes are not logged")
}

// Calls that run when a pod is told to stop must get their answers.
func TestStopWaitsForRunningCalls(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	b := start(t, func(context.Context, proto.Message) (string, error) {
		close(entered)
		<-release
		return "late", nil
	}, nil)
	answer := make(chan string, 1)
	go func() {
		text, _ := b.call(context.Background(), `text: "a"`)
		answer <- text
	}()
	<-entered
	stopped := make(chan struct{})
	go func() {
		b.server.Stop(context.Background())
		close(stopped)
	}()
	eventually(t, func() bool {
		conn, err := net.DialTimeout("tcp", b.conn.Target(), time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, "the port closes")
	close(release)
	require.Equal(t, "late", <-answer)
	<-stopped
	require.NoError(t, <-b.served)
}

// A call that never ends must not keep a pod from stopping.
func TestStopCutsOffCallsAtTheDeadline(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	b := start(t, func(ctx context.Context, _ proto.Message) (string, error) {
		close(entered)
		<-ctx.Done()
		return "", ctx.Err()
	}, nil)
	failed := make(chan error, 1)
	go func() {
		_, err := b.call(context.Background(), `text: "a"`)
		failed <- err
	}()
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	b.server.Stop(ctx)
	require.Equal(t, codes.Unavailable, status.Code(<-failed))
}

// A wiring mistake must stop the start, not show up as a missing method in production.
func TestRegistrationMistakesStopTheStart(t *testing.T) {
	t.Parallel()
	contract, err := echo.New()
	require.NoError(t, err)
	server := grpcserver.New(grpcserver.Config{})
	twice := func(r grpc.ServiceRegistrar) { contract.Register(r, echoText) }
	server.Register(twice)
	server.Register(twice)
	_, err = server.Build()
	require.ErrorContains(t, err, "twice")

	server = grpcserver.New(grpcserver.Config{})
	built, err := server.Build()
	require.NoError(t, err)
	server.Register(twice)
	_, err = server.Build()
	require.ErrorIs(t, err, grpcserver.ErrBuilt)
	built.Stop()
}

// A pod that is told to stop while it starts must end, not serve for ever and be killed.
func TestStopBeforeServeEndsIt(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpcserver.New(grpcserver.Config{})
	server.Stop(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		require.FailNow(t, "the server goes on")
	}
	_, err = net.Dial("tcp", listener.Addr().String())
	require.Error(t, err, "the port is closed")
}

// New pods get work only because connections do not live for ever; aging must not cost a call.
func TestAgedConnectionsAreReplacedWithoutErrors(t *testing.T) {
	t.Parallel()
	b := start(t, echoText, func(c *grpcserver.Config) {
		c.MaxConnectionAge, c.MaxConnectionAgeGrace = 50*time.Millisecond, time.Second
	})
	deadline := time.Now().Add(700 * time.Millisecond)
	for calls := 0; time.Now().Before(deadline); calls++ {
		_, err := b.call(t.Context(), `text: "a"`)
		require.NoError(t, err, "call %d", calls)
	}
}

// The gateway serves gRPC through its own HTTP server; stopping after that must not panic.
func TestServeHTTPAndStop(t *testing.T) {
	t.Parallel()
	contract, err := echo.New()
	require.NoError(t, err)
	server := grpcserver.New(grpcserver.Config{})
	server.Register(func(r grpc.ServiceRegistrar) { contract.Register(r, echoText) })
	built, err := server.Build()
	require.NoError(t, err)
	web := httptest.NewUnstartedServer(built)
	web.Config.Protocols = new(http.Protocols)
	web.Config.Protocols.SetUnencryptedHTTP2(true)
	web.Start()
	defer web.Close()
	conn, err := grpc.NewClient(web.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer conn.Close()
	req, err := contract.Request(`text: "a"`)
	require.NoError(t, err)
	text, err := contract.Call(t.Context(), conn, req)
	require.NoError(t, err)
	require.Equal(t, "a", text)
	server.Stop(t.Context())
}

// Callers in the process of a server must meet its checks without paying for a second set of compiled rules.
func TestInterceptorsAreThoseOfTheServer(t *testing.T) {
	t.Parallel()
	contract, err := echo.New()
	require.NoError(t, err)
	metrics := prometheus.NewRegistry()
	server := grpcserver.New(grpcserver.Config{Metrics: metrics})
	require.False(t, server.HasServices())
	server.Register(func(r grpc.ServiceRegistrar) { contract.Register(r, echoText) })
	require.True(t, server.HasServices())
	unary, stream, err := server.Interceptors()
	require.NoError(t, err)
	require.NotEmpty(t, stream)
	req, err := contract.Request(`percent: 101`)
	require.NoError(t, err)
	last := unary[len(unary)-1]
	_, err = last(t.Context(), req, &grpc.UnaryServerInfo{FullMethod: echo.Unary}, nil)
	require.Equal(t, "PERCENT_RANGE", errs.ReasonOf(err))
	err = stream[len(stream)-1](nil, sent{message: req}, &grpc.StreamServerInfo{FullMethod: echo.Stream}, func(_ any, s grpc.ServerStream) error {
		return s.RecvMsg(contract.Empty())
	})
	require.Equal(t, "PERCENT_RANGE", errs.ReasonOf(err))
	families, err := metrics.Gather()
	require.NoError(t, err)
	require.NotEmpty(t, families)
}

// sent is a stream, without a socket, on which one message comes.
type sent struct {
	grpc.ServerStream
	message proto.Message
}

// RecvMsg implements grpc.ServerStream.
func (s sent) RecvMsg(m any) error {
	proto.Merge(m.(proto.Message), s.message)
	return nil
}
