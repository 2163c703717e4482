package grpcserver_test

import (
	"net"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/internal/echo"
	"github.com/cartwright-shop/cartwright/services/platform/mtls"
	"github.com/cartwright-shop/cartwright/services/platform/mtls/mtlstest"
)

// credentialsOf gives a new certificate for a service.
func credentialsOf(t *testing.T, by *mtlstest.Authority, service string) *mtls.Identity {
	t.Helper()
	cert, key, err := by.Issue(mtlstest.Request{Service: service})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, mtlstest.Mount(dir, cert, key, by.PEM()))
	identity, err := mtlstest.Open(mtlstest.FilesIn(dir), service)
	require.NoError(t, err)
	return identity
}

// A service that is taken over must be able to do no more than it had to do before: no refunds from the catalogue.
func TestOnlyDeclaredCallersAreServed(t *testing.T) {
	t.Parallel()
	by, err := mtlstest.NewAuthority("one")
	require.NoError(t, err)
	b := start(t, echoText, func(c *grpcserver.Config) { c.TLS = credentialsOf(t, by, "echo") })
	target := b.conn.Target()
	as := func(service string) *grpc.ClientConn {
		conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(credentialsOf(t, by, service).Client("echo")))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	unary := func(conn *grpc.ClientConn) error {
		req, err := b.contract.Request(`text: "a"`)
		require.NoError(t, err)
		_, err = b.contract.Call(t.Context(), conn, req)
		return err
	}
	chat := func(conn *grpc.ClientConn) error {
		stream, err := b.contract.Chat(t.Context(), conn)
		require.NoError(t, err)
		req, err := b.contract.Request(`text: "a"`)
		require.NoError(t, err)
		_ = stream.SendMsg(req)
		err = stream.RecvMsg(b.contract.Response())
		_ = stream.CloseSend()
		return err
	}
	refused := func(err error) {
		t.Helper()
		require.Equal(t, errs.PermissionDenied, errs.CodeOf(errs.FromGRPC(err)), "%v", err)
		require.Equal(t, "CALLER_NOT_ALLOWED", errs.ReasonOf(errs.FromGRPC(err)))
	}

	both, one, none := as("client"), as("caller"), as("stranger")
	require.NoError(t, unary(both), "the contract names it for the service")
	require.NoError(t, chat(both), "and for the method alone")
	require.NoError(t, unary(one))
	refused(chat(one))
	refused(unary(none))
	refused(chat(none))
	lines := b.log.lines(t, "caller refused")
	require.Len(t, lines, 3)
	require.Equal(t, "caller", lines[0]["caller"])
	require.Equal(t, echo.Stream, lines[0]["rpc"])
	require.Equal(t, []any{"client"}, lines[0]["allowed"])
	require.Equal(t, 1.0, counted(t, b.registry, echo.Unary, "stranger"))

	_, err = grpc_health_v1.NewHealthClient(none).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	require.NoError(t, err, "whoever is a service may ask for health")
	err = none.Invoke(t.Context(), "/cartwright.test.v1.EchoService/Nothing", &emptypb.Empty{}, &emptypb.Empty{})
	require.Equal(t, "UNIMPLEMENTED", errs.ReasonOf(errs.FromGRPC(err)))
	require.Error(t, unary(b.conn), "plaintext")
}

func counted(t *testing.T, registry *prometheus.Registry, rpc, caller string) float64 {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() != "rpc_server_callers_refused_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := m.GetLabel() // by name
			if labels[0].GetValue() == caller && labels[1].GetValue() == rpc {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// The public server has its own way to know who calls; strangers have no certificates of ours.
func TestAPublicServerAsksForNoCertificate(t *testing.T) {
	t.Parallel()
	by, err := mtlstest.NewAuthority("one")
	require.NoError(t, err)
	b := start(t, echoText, func(c *grpcserver.Config) { c.TLS, c.Public = credentialsOf(t, by, "echo"), true })
	text, err := b.call(t.Context(), `text: "a"`)
	require.NoError(t, err)
	require.Equal(t, "a", text)
}

// A contract that cannot be read says nothing of who may call: that must stop the start, not open the service.
func TestAServiceWithoutContractIsNotServed(t *testing.T) {
	t.Parallel()
	by, err := mtlstest.NewAuthority("one")
	require.NoError(t, err)
	server := grpcserver.New(grpcserver.Config{TLS: credentialsOf(t, by, "echo")})
	server.Register(func(r grpc.ServiceRegistrar) {
		r.RegisterService(&grpc.ServiceDesc{ServiceName: "cartwright.test.v1.NobodyService"}, nil)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	require.ErrorContains(t, server.Serve(listener), "who may call cartwright.test.v1.NobodyService")
}
