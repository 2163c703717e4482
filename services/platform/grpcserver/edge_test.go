package grpcserver_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

func errorDomain(t *testing.T, err error) string {
	t.Helper()
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.GetDomain()
		}
	}
	return ""
}

// One handler's bug must cost one call, not the process, and the log must say where.
func TestPanicsBecomeInternal(t *testing.T) {
	t.Parallel()
	b := start(t, func(context.Context, proto.Message) (string, error) { panic("boom at 4242424242424242") }, nil)
	err := b.refused(`text: "a"`)
	require.Equal(t, "INTERNAL", errs.ReasonOf(err))
	require.NotContains(t, err.Error(), "boom")
	lines := b.log.lines(t, "handler panicked")
	require.Len(t, lines, 1)
	require.Contains(t, lines[0]["stack"], "edge_test.go")
	require.NotContains(t, b.log.String(), "4242424242424242")
	_, err = b.call(t.Context(), `text: "a" lines { sku: "" }`)
	require.Equal(t, codes.InvalidArgument, status.Code(err), "the server still answers")
}

// What the database throws must tell clients whether to retry, and never quote SQL.
func TestDriverErrorsGetAKind(t *testing.T) {
	t.Parallel()
	pg := func(code string) error {
		return fmt.Errorf("select order: %w", &pgconn.PgError{Code: code, Message: "secret SQL", Detail: "secret detail"})
	}
	cases := []struct {
		err    error
		code   errs.Code
		reason string
		wait   time.Duration
	}{
		{pg("57014"), errs.DeadlineExceeded, "DEADLINE_EXCEEDED", 0},
		{pg("57P01"), errs.Unavailable, "DATABASE_UNAVAILABLE", time.Second},
		{pg("57P03"), errs.Unavailable, "DATABASE_UNAVAILABLE", time.Second},
		{pg("08006"), errs.Unavailable, "DATABASE_UNAVAILABLE", time.Second},
		{pg("53300"), errs.Unavailable, "DATABASE_UNAVAILABLE", time.Second},
		{pg("53100"), errs.Unavailable, "DATABASE_UNAVAILABLE", time.Second}, // the disk is full
		{pg("25006"), errs.Unavailable, "DATABASE_UNAVAILABLE", time.Second},
		{pg("25P03"), errs.Unavailable, "DATABASE_UNAVAILABLE", time.Second},
		{pg("28P01"), errs.Unavailable, "DATABASE_UNAVAILABLE", time.Second},
		{pg("42P01"), errs.Unavailable, "DATABASE_UNAVAILABLE", time.Second},
		{pg("40001"), errs.Aborted, "CONFLICT", 100 * time.Millisecond},
		{pg("40P01"), errs.Aborted, "CONFLICT", 100 * time.Millisecond},
		{pg("55P03"), errs.Aborted, "CONFLICT", 100 * time.Millisecond},
		{pg("23505"), errs.AlreadyExists, "ALREADY_EXISTS", 0},
		{pg("23503"), errs.FailedPrecondition, "STATE_CONFLICT", 0},
		{pg("23514"), errs.FailedPrecondition, "STATE_CONFLICT", 0},
		{pg("22021"), errs.Invalid, "CHAR_NOT_ALLOWED", 0},
		{pg("42601"), errs.Internal, "INTERNAL", 0},
		{pg(""), errs.Internal, "INTERNAL", 0},
		{fmt.Errorf("query: %w", &net.OpError{Op: "read", Err: errors.New("secret host")}), errs.Unavailable, "DATABASE_UNAVAILABLE", time.Second},
		{fmt.Errorf("query: %w", context.DeadlineExceeded), errs.DeadlineExceeded, "DEADLINE_EXCEEDED", 0},
		{errors.New("secret"), errs.Internal, "INTERNAL", 0},
		{errs.NotFoundKind.New("No such order.").Because(pg("42601")), errs.NotFound, "NOT_FOUND", 0},
	}
	for _, c := range cases {
		b := start(t, failing(c.err), nil)
		_, wire := b.call(t.Context(), `text: "a"`)
		require.NotContains(t, fmt.Sprint(status.Convert(wire).Proto()), "secret")
		err := errs.FromGRPC(wire)
		require.Equal(t, c.code, errs.CodeOf(err), c.err.Error())
		require.Equal(t, c.reason, errs.ReasonOf(err), c.err.Error())
		require.Equal(t, c.wait, errs.RetryAfterOf(err), c.err.Error())
	}
}

// A refused connection to a real port must read as "try again", whatever the driver wraps it in.
func TestRefusedConnectionsAreUnavailable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())
	_, refused := pgconn.Connect(t.Context(), "postgres://u:p@"+addr+"/db")
	require.Error(t, refused)
	b := start(t, failing(fmt.Errorf("reserve: %w", refused)), nil)
	err = b.refused(`text: "a"`)
	require.Equal(t, "DATABASE_UNAVAILABLE", errs.ReasonOf(err))
	require.NotContains(t, err.Error(), addr)
}

// Each failed call is one line that holds what a person at night needs, with the cause that the client does not see.
func TestFailuresAreLoggedOnceWithTheirCause(t *testing.T) {
	t.Parallel()
	b := start(t, failing(errs.NotFoundKind.New("No such order.").Because(errors.New("the cause"))), nil)
	ctx := metadata.AppendToOutgoingContext(t.Context(), identity.RequestIDKey, "req-7")
	_, err := b.call(ctx, `text: "a"`)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "the cause")
	lines := b.log.lines(t, "call failed")
	require.Len(t, lines, 1)
	for key, want := range map[string]any{
		"service": "echo", "version": "v1", "rpc": "/cartwright.test.v1.EchoService/Echo", "code": "NotFound", "reason": "NOT_FOUND",
		"request_id": "req-7", "trace_id": "req-7", "level": "info",
	} {
		require.Equal(t, want, lines[0][key], key)
	}
	require.Contains(t, lines[0]["error"], "the cause")
	require.Contains(t, lines[0], "duration_ms")
}

// A server that has too much to do must not spend its time on writing so. With a cause, something else is wrong, and is told.
func TestOverloadIsLoggedOnlyWithACause(t *testing.T) {
	t.Parallel()
	b := start(t, failing(errs.Overloaded.New("Too much to do.")), nil)
	require.Equal(t, "OVERLOADED", errs.ReasonOf(b.refused(`text: "a"`)))
	require.Empty(t, b.log.lines(t, "call failed"))
	b = start(t, failing(errs.Overloaded.New("The database is busy.").Because(errors.New("acquire connection"))), nil)
	require.Equal(t, "OVERLOADED", errs.ReasonOf(b.refused(`text: "a"`)))
	require.Len(t, b.log.lines(t, "call failed"), 1)
}

// Successes are many: they are logged only when somebody turned the level down, without a restart.
func TestSuccessesAreLoggedAtDebug(t *testing.T) {
	t.Parallel()
	b := start(t, echoText, nil)
	_, err := b.call(t.Context(), `text: "a"`)
	require.NoError(t, err)
	require.Empty(t, b.log.lines(t, "call served"))
	b.level.SetLevel(zap.DebugLevel)
	_, err = b.call(t.Context(), `text: "a"`)
	require.NoError(t, err)
	eventually(t, func() bool { return len(b.log.lines(t, "call served")) == 1 }, "one line for the second call")
}

// Rates, errors and durations per RPC are what alerts are made of.
func TestCallsAreCounted(t *testing.T) {
	t.Parallel()
	b := start(t, echoText, nil)
	for range 3 {
		_, err := b.call(t.Context(), `text: "a"`)
		require.NoError(t, err)
	}
	require.Error(t, b.refused(`percent: 101`))
	want := `
# HELP rpc_server_requests_total Calls served, by RPC and gRPC code.
# TYPE rpc_server_requests_total counter
rpc_server_requests_total{code="InvalidArgument",rpc="/cartwright.test.v1.EchoService/Echo"} 1
rpc_server_requests_total{code="OK",rpc="/cartwright.test.v1.EchoService/Echo"} 3
`
	require.NoError(t, testutil.GatherAndCompare(b.registry, strings.NewReader(want), "rpc_server_requests_total"))
	count, err := testutil.GatherAndCount(b.registry, "rpc_server_duration_seconds")
	require.NoError(t, err)
	require.Equal(t, 1, count)
}

func whoami(ctx context.Context, _ proto.Message) (string, error) {
	return identity.From(ctx).Key() + " " + identity.RequestID(ctx), nil
}

// Services must act for the caller the gateway found, and for nobody when it found none.
func TestIdentityComesFromMetadata(t *testing.T) {
	t.Parallel()
	b := start(t, whoami, nil)
	staff := identity.Principal{Kind: identity.Staff, Subject: "s1", Scopes: []string{"orders"}}
	ctx := metadata.AppendToOutgoingContext(t.Context(), identity.PrincipalKey, staff.Encode(), identity.RequestIDKey, "r1")
	text, err := b.call(ctx, `text: "a"`)
	require.NoError(t, err)
	require.Equal(t, "staff:s1 r1", text)

	text, err = b.call(t.Context(), `text: "a"`)
	require.NoError(t, err)
	require.Regexp(t, `^anonymous [0-9a-f]{32}$`, text, "a request id is made when there is none")

	ctx = metadata.AppendToOutgoingContext(t.Context(), identity.PrincipalKey, "root;1;;;")
	_, err = b.call(ctx, `text: "a"`)
	require.Equal(t, "PRINCIPAL_INVALID", errs.ReasonOf(errs.FromGRPC(err)))
	ctx = metadata.AppendToOutgoingContext(t.Context(), identity.RequestIDKey, "forged id")
	text, err = b.call(ctx, `text: "a"`)
	require.NoError(t, err)
	require.NotContains(t, text, "forged")
}

// On the public port anyone could claim to be staff; only the server's own authentication counts there.
func TestPublicServersIgnoreClaimedIdentity(t *testing.T) {
	t.Parallel()
	admitted := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if p := identity.From(ctx); !p.IsZero() {
			return nil, errs.Forbidden.New("claimed %s", p.Key())
		}
		return next(identity.With(ctx, identity.Principal{Kind: identity.Customer, Subject: "c1"}), req)
	}
	b := start(t, whoami, func(c *grpcserver.Config) {
		c.Public = true
		c.Admit = []grpc.UnaryServerInterceptor{admitted}
	})
	staff := identity.Principal{Kind: identity.Staff, Subject: "s1"}
	ctx := metadata.AppendToOutgoingContext(t.Context(), identity.PrincipalKey, staff.Encode())
	var header metadata.MD
	text, err := b.call(metadata.AppendToOutgoingContext(ctx, identity.RequestIDKey, "r9"), `text: "a"`, grpc.Header(&header))
	require.NoError(t, err)
	require.Equal(t, "customer:c1 r9", text)
	require.Equal(t, []string{"r9"}, header.Get(identity.RequestIDKey), "support asks for the id of the answer")
}

// A request that waits for ever holds a connection of the database for ever.
func TestDeadlinesAreGivenAndCut(t *testing.T) {
	t.Parallel()
	remaining := func(ctx context.Context, _ proto.Message) (string, error) {
		deadline, ok := ctx.Deadline()
		if !ok {
			return "none", nil
		}
		return time.Until(deadline).Round(time.Second).String(), nil
	}
	b := start(t, remaining, func(c *grpcserver.Config) { c.DefaultDeadline, c.MaxDeadline = 7*time.Second, 30*time.Second })
	for want, given := range map[string]time.Duration{"7s": 0, "20s": 20 * time.Second, "30s": time.Hour} {
		ctx, cancel := t.Context(), context.CancelFunc(func() {})
		if given > 0 {
			ctx, cancel = context.WithTimeout(ctx, given)
		}
		text, err := b.call(ctx, `text: "a"`)
		cancel()
		require.NoError(t, err)
		require.Equal(t, want, text)
	}
}

// Work for a caller who cannot get the answer any more only makes the others late.
func TestCallsWithoutTimeLeftAreRefusedBeforeTheHandler(t *testing.T) {
	t.Parallel()
	reached := false
	b := start(t, func(context.Context, proto.Message) (string, error) { reached = true; return "", nil },
		func(c *grpcserver.Config) { c.MinRemaining = time.Minute })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := b.call(ctx, `text: "a"`)
	require.Equal(t, codes.DeadlineExceeded, status.Code(err))
	require.Equal(t, "DEADLINE_EXCEEDED", errs.ReasonOf(errs.FromGRPC(err)))
	require.False(t, reached)
}

// When the caller leaves, the work must stop.
func TestHandlersSeeTheCallerLeave(t *testing.T) {
	t.Parallel()
	entered, left := make(chan struct{}), make(chan struct{})
	b := start(t, func(ctx context.Context, _ proto.Message) (string, error) {
		close(entered)
		<-ctx.Done()
		close(left)
		return "", fmt.Errorf("query: %w", ctx.Err())
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := b.call(ctx, `text: "a"`)
		done <- err
	}()
	<-entered
	cancel()
	<-left
	require.Equal(t, codes.Canceled, status.Code(<-done))
	eventually(t, func() bool {
		lines := b.log.lines(t, "call failed")
		return len(lines) == 1 && lines[0]["reason"] == "CANCELLED" && lines[0]["level"] == "info"
	}, "a caller that left is not our failure")
}
