package grpcclient_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/clock/clocktest"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/internal/echo"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

// Clients live as long as the process and must not leave goroutines behind calls.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"))
}

func serve(t *testing.T, addr string, handler echo.Handler) (*grpcserver.Server, string) {
	t.Helper()
	contract, err := echo.New()
	require.NoError(t, err)
	server := grpcserver.New(grpcserver.Config{})
	server.Register(func(r grpc.ServiceRegistrar) { contract.Register(r, handler) })
	listener, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		server.Stop(ctx)
		<-served
	})
	return server, listener.Addr().String()
}

func dial(t *testing.T, cfg grpcclient.Config) *grpc.ClientConn {
	t.Helper()
	if cfg.Peer == "" {
		cfg.Peer = "echo"
	}
	conn, err := grpcclient.Dial(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func call(ctx context.Context, t *testing.T, conn *grpc.ClientConn) (string, error) {
	t.Helper()
	contract, err := echo.New()
	require.NoError(t, err)
	req, err := contract.Request(`text: "a"`)
	require.NoError(t, err)
	return contract.Call(ctx, conn, req)
}

func echoText(_ context.Context, req proto.Message) (string, error) { return echo.Text(req), nil }

// freeAddr is an address on which nothing listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// A caller decides by the kind of a peer's error; it must arrive as it was made.
func TestErrorsOfThePeerArriveWhole(t *testing.T) {
	t.Parallel()
	soldOut := errs.Define(errs.FailedPrecondition, "SOLD_OUT", "Not enough stock.")
	_, addr := serve(t, "127.0.0.1:0", func(context.Context, proto.Message) (string, error) {
		return "", soldOut.At("lines[0].quantity", "Only 2 left.").Meta("available", "2").Because(errors.New("secret"))
	})
	_, err := call(t.Context(), t, dial(t, grpcclient.Config{Addr: addr}))
	require.True(t, errs.Has(err, soldOut))
	require.Equal(t, "lines[0].quantity", errs.FieldsOf(err)[0].Path)
	require.Equal(t, "2", errs.MetaOf(err, "available"))
	require.NotContains(t, err.Error(), "secret")
}

// While a peer is down, callers must hear so at once and be told when to come back; addresses stay inside.
func TestAPeerThatIsDownIsUnavailableAtOnce(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	conn := dial(t, grpcclient.Config{Peer: "inventory", Addr: addr})
	began := time.Now()
	_, err := call(t.Context(), t, conn)
	require.Less(t, time.Since(began), time.Second)
	require.Equal(t, errs.Unavailable, errs.CodeOf(err))
	require.Equal(t, "DEPENDENCY_UNAVAILABLE", errs.ReasonOf(err))
	require.Equal(t, "inventory", errs.MetaOf(err, "peer"))
	require.Equal(t, time.Second, errs.RetryAfterOf(err))
	require.NotContains(t, status.Convert(errs.ToGRPC(err)).Message(), addr)
}

// A restarted peer must get calls again within a moment, without a restart of its callers.
func TestAPeerThatComesBackIsUsedAgain(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	conn := dial(t, grpcclient.Config{Addr: addr})
	_, err := call(t.Context(), t, conn)
	require.Error(t, err)
	for range 2 {
		server, _ := serve(t, addr, echoText)
		began := time.Now()
		require.Eventually(t, func() bool { _, err := call(t.Context(), t, conn); return err == nil }, 5*time.Second, 5*time.Millisecond)
		require.Less(t, time.Since(began), 3*time.Second)
		server.Stop(t.Context())
		_, err := call(t.Context(), t, conn)
		require.Equal(t, "DEPENDENCY_UNAVAILABLE", errs.ReasonOf(err))
	}
}

// A call without a deadline would hang with its peer.
func TestCallsGetADeadline(t *testing.T) {
	t.Parallel()
	_, addr := serve(t, "127.0.0.1:0", func(ctx context.Context, _ proto.Message) (string, error) {
		<-ctx.Done()
		return "", ctx.Err()
	})
	conn := dial(t, grpcclient.Config{Addr: addr, Timeout: 50 * time.Millisecond})
	_, err := call(t.Context(), t, conn)
	require.Equal(t, "DEADLINE_EXCEEDED", errs.ReasonOf(err))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = call(ctx, t, conn)
	require.Equal(t, errs.DeadlineExceeded, errs.CodeOf(err))
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	_, err = call(ctx, t, conn)
	require.Equal(t, errs.Canceled, errs.CodeOf(err))
}

// The peer must know for whom it works and under which request, or rights and logs end at the first hop.
func TestPrincipalAndRequestIDTravel(t *testing.T) {
	t.Parallel()
	_, addr := serve(t, "127.0.0.1:0", func(ctx context.Context, _ proto.Message) (string, error) {
		return identity.From(ctx).Key() + " " + identity.RequestID(ctx), nil
	})
	conn := dial(t, grpcclient.Config{Addr: addr})
	ctx := identity.With(t.Context(), identity.Principal{Kind: identity.Customer, Subject: "c1", Groups: []string{"vip"}})
	text, err := call(identity.WithRequestID(ctx, "r1"), t, conn)
	require.NoError(t, err)
	require.Equal(t, "customer:c1 r1", text)
}

// A slow peer must never hold the locks of a transaction.
func TestCallsInsideATransactionAreRefused(t *testing.T) {
	t.Parallel()
	reached := atomic.Bool{}
	_, addr := serve(t, "127.0.0.1:0", func(context.Context, proto.Message) (string, error) { reached.Store(true); return "", nil })
	conn := dial(t, grpcclient.Config{Addr: addr})
	database := postgrestest.New(t, "echo", fstest.MapFS{"1_nothing.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}})
	var inTx, stream error
	require.NoError(t, database.DB.Tx(t.Context(), func(ctx context.Context) error {
		_, inTx = call(ctx, t, conn)
		contract, err := echo.New()
		if err == nil {
			_, stream = contract.Chat(ctx, conn)
		}
		return err
	}))
	require.Equal(t, errs.Internal, errs.CodeOf(inTx))
	require.ErrorContains(t, inTx, "transaction")
	require.ErrorContains(t, stream, "transaction")
	require.False(t, reached.Load())
	_, err := call(t.Context(), t, conn)
	require.NoError(t, err)
}

func failTwice(calls *atomic.Int32) echo.Handler {
	return func(context.Context, proto.Message) (string, error) {
		if calls.Add(1) <= 2 {
			return "", errs.Overloaded.New("Busy.")
		}
		return "ok", nil
	}
}

// Reads survive a hiccup of the peer; anything that is not known to be idempotent is sent exactly once.
func TestOnlyIdempotentMethodsAreSentAgain(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	_, addr := serve(t, "127.0.0.1:0", failTwice(&calls))
	_, err := call(t.Context(), t, dial(t, grpcclient.Config{Addr: addr}))
	require.Equal(t, "OVERLOADED", errs.ReasonOf(err))
	require.EqualValues(t, 1, calls.Load())

	calls.Store(0)
	text, err := call(t.Context(), t, dial(t, grpcclient.Config{Addr: addr, Idempotent: []string{echo.Service + "/Echo"}}))
	require.NoError(t, err)
	require.Equal(t, "ok", text)
	require.EqualValues(t, 3, calls.Load())
	calls.Store(0)
	_, err = call(t.Context(), t, dial(t, grpcclient.Config{Addr: addr, Idempotent: []string{echo.Service + "/Other"}}))
	require.Error(t, err)
}

// Retries against a peer in trouble must stop by themselves, or they keep it in trouble.
func TestRetriesHaveABudget(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	_, addr := serve(t, "127.0.0.1:0", func(context.Context, proto.Message) (string, error) {
		calls.Add(1)
		return "", errs.Overloaded.New("Busy.")
	})
	conn := dial(t, grpcclient.Config{Addr: addr, Idempotent: []string{echo.Service}})
	const sent = 30
	for range sent {
		_, err := call(t.Context(), t, conn)
		require.Error(t, err)
	}
	require.LessOrEqual(t, calls.Load(), int32(sent+6))
}

// Every pod of a peer must get its share, or scaling out does nothing.
func TestCallsGoRoundAllAddresses(t *testing.T) {
	t.Parallel()
	names := manual.NewBuilderWithScheme("pods")
	var addrs []resolver.Address
	for _, name := range []string{"one", "two", "three"} {
		_, addr := serve(t, "127.0.0.1:0", func(context.Context, proto.Message) (string, error) { return name, nil })
		addrs = append(addrs, resolver.Address{Addr: addr})
	}
	names.InitialState(resolver.State{Addresses: addrs})
	conn := dial(t, grpcclient.Config{Addr: "pods:///echo", Options: []grpc.DialOption{grpc.WithResolvers(names)}})
	seen := map[string]int{}
	require.Eventually(t, func() bool {
		name, err := call(t.Context(), t, conn)
		if err == nil {
			seen[name]++
		}
		return len(seen) == 3 && seen["one"] > 3 && seen["two"] > 3 && seen["three"] > 3
	}, 5*time.Second, time.Millisecond)
}

// A pod that drains answers NOT_SERVING and must get no new calls while its port is still open.
func TestDrainingServersGetNoNewCalls(t *testing.T) {
	t.Parallel()
	draining, first := serve(t, "127.0.0.1:0", func(context.Context, proto.Message) (string, error) { return "draining", nil })
	_, second := serve(t, "127.0.0.1:0", func(context.Context, proto.Message) (string, error) { return "healthy", nil })
	names := manual.NewBuilderWithScheme("pods")
	names.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: first}, {Addr: second}}})
	conn := dial(t, grpcclient.Config{Addr: "pods:///echo", Options: []grpc.DialOption{grpc.WithResolvers(names)}})
	require.Eventually(t, func() bool { name, err := call(t.Context(), t, conn); return err == nil && name == "draining" }, 5*time.Second, time.Millisecond)
	draining.NotServing()
	streak := 0
	require.Eventually(t, func() bool {
		name, err := call(t.Context(), t, conn)
		require.NoError(t, err)
		if streak++; name == "draining" {
			streak = 0
		}
		return streak >= 20
	}, 5*time.Second, time.Millisecond)
}

// Streams carry imports and exports: the same errors, identity and account as calls.
func TestStreamsAreTreatedLikeCalls(t *testing.T) {
	t.Parallel()
	_, addr := serve(t, "127.0.0.1:0", func(ctx context.Context, req proto.Message) (string, error) {
		if echo.Text(req) == "fail" {
			return "", errs.VersionConflict.New("Changed.")
		}
		return identity.From(ctx).Key(), nil
	})
	registry := prometheus.NewRegistry()
	conn := dial(t, grpcclient.Config{Addr: addr, Metrics: registry})
	contract, err := echo.New()
	require.NoError(t, err)
	chat := func(texts ...string) error {
		ctx := identity.With(t.Context(), identity.Principal{Kind: identity.Staff, Subject: "s"})
		stream, err := contract.Chat(ctx, conn)
		require.NoError(t, err)
		for _, text := range texts {
			req, err := contract.Request(`text: "` + text + `"`)
			require.NoError(t, err)
			require.NoError(t, stream.SendMsg(req))
			out := contract.Response()
			if err := stream.RecvMsg(out); err != nil {
				return err
			}
			require.Equal(t, "staff:s", echo.Text(out))
		}
		require.NoError(t, stream.CloseSend())
		return stream.RecvMsg(contract.Response())
	}
	require.ErrorIs(t, chat("a", "b"), io.EOF)
	require.True(t, errs.Has(chat("a", "fail"), errs.VersionConflict))
	count, err := testutil.GatherAndCount(registry, "rpc_client_requests_total")
	require.NoError(t, err)
	require.Equal(t, 2, count, "one OK and one Aborted")
}

// hang answers no call until it is released.
type hang struct{ released chan struct{} }

func (h hang) handle(ctx context.Context, req proto.Message) (string, error) {
	select {
	case <-h.released:
		return echo.Text(req), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// A peer that hangs must cost its callers a moment each for a while, not their whole deadline for ever; and it must be
// used again when it is well.
func TestTheBreakerOpensForAHangingPeerAndClosesAgain(t *testing.T) {
	t.Parallel()
	peer := hang{released: make(chan struct{})}
	server, addr := serve(t, "127.0.0.1:0", peer.handle)
	_ = server
	now := clocktest.New(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	registry := prometheus.NewRegistry()
	conn := dial(t, grpcclient.Config{Addr: addr, Timeout: 300 * time.Millisecond, Clock: now, Metrics: registry})
	done := make(chan error, 20)
	for range cap(done) {
		go func() { _, err := call(context.Background(), t, conn); done <- err }()
	}
	for range cap(done) {
		require.Equal(t, errs.DeadlineExceeded, errs.CodeOf(<-done))
	}
	began := time.Now()
	_, err := call(t.Context(), t, conn)
	require.Equal(t, "DEPENDENCY_UNAVAILABLE", errs.ReasonOf(err))
	require.ErrorContains(t, err, "breaker")
	require.Less(t, time.Since(began), 100*time.Millisecond)

	now.Advance(2 * time.Second)
	_, err = call(t.Context(), t, conn)
	require.Equal(t, errs.DeadlineExceeded, errs.CodeOf(err), "one probe is let through and fails")
	_, err = call(t.Context(), t, conn)
	require.ErrorContains(t, err, "breaker")

	close(peer.released)
	now.Advance(2 * time.Second)
	for range 3 {
		_, err = call(t.Context(), t, conn)
		require.NoError(t, err)
	}
}

// Errors that a healthy peer answers with must not cut it off.
func TestTheBreakerIgnoresAnswers(t *testing.T) {
	t.Parallel()
	_, addr := serve(t, "127.0.0.1:0", func(context.Context, proto.Message) (string, error) {
		return "", errs.DatabaseUnavailable.New("Down.")
	})
	conn := dial(t, grpcclient.Config{Addr: addr})
	for range 50 {
		_, err := call(t.Context(), t, conn)
		require.Equal(t, "DATABASE_UNAVAILABLE", errs.ReasonOf(err))
	}
}

// A status that a proxy or the library made must not show its text to clients.
func TestForeignStatusesSayNothing(t *testing.T) {
	t.Parallel()
	for code, want := range map[codes.Code]errs.Code{
		codes.Internal: errs.Internal, codes.Unknown: errs.Internal, codes.Unavailable: errs.Unavailable,
		codes.Unimplemented: errs.Unimplemented, codes.DeadlineExceeded: errs.DeadlineExceeded, codes.NotFound: errs.Internal,
	} {
		conn := dial(t, grpcclient.Config{Addr: "127.0.0.1:1", Options: []grpc.DialOption{grpc.WithChainUnaryInterceptor(
			func(context.Context, string, any, any, *grpc.ClientConn, grpc.UnaryInvoker, ...grpc.CallOption) error {
				return status.Error(code, "secret proxy")
			})}})
		_, err := call(t.Context(), t, conn)
		require.Equal(t, want, errs.CodeOf(err), code.String())
		require.NotContains(t, status.Convert(errs.ToGRPC(err)).Message(), "secret")
	}
}

// A wrong address must fail at start, not at the first order.
func TestBadTargetsFailAtDial(t *testing.T) {
	t.Parallel()
	_, err := grpcclient.Dial(grpcclient.Config{Peer: "echo", Addr: "no-such-scheme:///%zz"})
	require.Error(t, err)
}
