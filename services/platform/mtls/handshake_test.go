package mtls_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/internal/echo"
	"github.com/cartwright-shop/cartwright/services/platform/mtls"
	"github.com/cartwright-shop/cartwright/services/platform/mtls/mtlstest"
)

// serve answers calls as p, over connections that grow no older than age.
func (p *party) serve(t *testing.T, age time.Duration) string {
	t.Helper()
	contract, err := echo.New()
	require.NoError(t, err)
	server := grpcserver.New(grpcserver.Config{TLS: p.identity, MaxConnectionAge: age})
	server.Register(func(r grpc.ServiceRegistrar) {
		contract.Register(r, func(ctx context.Context, _ proto.Message) (string, error) { return mtls.Caller(ctx), nil })
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop(context.Background())
		require.NoError(t, <-served)
	})
	return listener.Addr().String()
}

func (p *party) dial(t *testing.T, peer, addr string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpcclient.Dial(grpcclient.Config{Peer: peer, Addr: addr, TLS: p.identity})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func call(t *testing.T, conn grpc.ClientConnInterface, opts ...grpc.CallOption) (string, error) {
	contract, err := echo.New()
	require.NoError(t, err)
	req, err := contract.Request(`text: "a"`)
	require.NoError(t, err)
	return contract.Call(t.Context(), conn, req, opts...)
}

// raw are the credentials of a client that is not ours and takes whatever server there is.
func raw(t *testing.T, by *mtlstest.Authority, r *mtlstest.Request) credentials.TransportCredentials {
	t.Helper()
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
	if r != nil {
		cert, key, err := by.Issue(*r)
		require.NoError(t, err)
		pair, err := tls.X509KeyPair(cert, key)
		require.NoError(t, err)
		config.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(config)
}

// Whoever can reach a service's port could act as the gateway, for any customer, when one of these got in.
func TestStrangersAreTurnedAway(t *testing.T) {
	t.Parallel()
	by, other := authority(t, "one"), authority(t, "other")
	server := newParty(t, "echo", by)
	addr := server.serve(t, time.Minute)
	old := credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12})
	for name, one := range map[string]struct {
		with   credentials.TransportCredentials
		reason string
	}{
		"plaintext":               {insecure.NewCredentials(), "not_tls"},
		"TLS 1.2":                 {old, "other"},
		"no certificate":          {raw(t, nil, nil), "no_certificate"},
		"another authority":       {raw(t, other, &mtlstest.Request{Service: "caller"}), "unknown_authority"},
		"another trust domain":    {raw(t, by, &mtlstest.Request{Service: "caller", Domain: "staging.example"}), "name"},
		"no name":                 {raw(t, by, &mtlstest.Request{URIs: []string{}}), "name"},
		"expired":                 {raw(t, by, &mtlstest.Request{Service: "caller", Until: time.Now().Add(-time.Second)}), "expired"},
		"not valid yet":           {raw(t, by, &mtlstest.Request{Service: "caller", From: time.Now().Add(time.Hour)}), "expired"},
		"a server's certificate":  {raw(t, by, &mtlstest.Request{Service: "caller", Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}), "invalid"},
		"signed by a certificate": {signedByLeaf(t, by), "unknown_authority"},
	} {
		before := server.metric(t, "mtls_refused_connections_total", "side", "server", "reason", one.reason)
		conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(one.with))
		require.NoError(t, err)
		_, err = call(t, conn)
		require.Error(t, err, name)
		require.Equal(t, errs.Unavailable, errs.CodeOf(errs.FromGRPC(err)), name)
		eventually(t, func() bool {
			return server.metric(t, "mtls_refused_connections_total", "side", "server", "reason", one.reason) > before
		}, name+" is counted as "+one.reason)
		require.NoError(t, conn.Close())
	}
	require.Contains(t, server.log.String(), `"reason":"unknown_authority"`)
	caller, err := call(t, newParty(t, "caller", by).dial(t, "echo", addr))
	require.NoError(t, err)
	require.Equal(t, "caller", caller)
}

// signedByLeaf is a certificate that a service has signed with its own.
func signedByLeaf(t *testing.T, by *mtlstest.Authority) credentials.TransportCredentials {
	t.Helper()
	cert, key, err := by.Issue(mtlstest.Request{Service: "caller"})
	require.NoError(t, err)
	leaf, err := mtlstest.Load(cert, key)
	require.NoError(t, err)
	forged, own, err := leaf.Issue(mtlstest.Request{Service: "caller"})
	require.NoError(t, err)
	pair, err := tls.X509KeyPair(append(forged, cert...), own)
	require.NoError(t, err)
	return credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13})
}

// A service that took another's address would get what is meant for it: stock to reserve, cards to charge.
func TestAClientTakesNoOtherService(t *testing.T) {
	t.Parallel()
	by, other := authority(t, "one"), authority(t, "other")
	client := newParty(t, "caller", by)
	addr := newParty(t, "echo", by).serve(t, time.Minute)
	_, err := call(t, client.dial(t, "payment", addr))
	require.True(t, errs.Has(err, errs.DependencyUnavailable), "%v", err)
	require.Positive(t, client.metric(t, "mtls_refused_connections_total", "side", "client", "reason", "name"))
	require.Contains(t, client.log.String(), "it is for echo, wanted is payment")

	_, err = call(t, client.dial(t, "echo", newParty(t, "echo", other).serve(t, time.Minute)))
	require.True(t, errs.Has(err, errs.DependencyUnavailable), "%v", err)
	require.Positive(t, client.metric(t, "mtls_refused_connections_total", "side", "client", "reason", "unknown_authority"))
}

// pace is how often a call is made under load: 200 a second.
const pace = 5 * time.Millisecond

// load is calls at a steady pace.
type load struct {
	calls  atomic.Int64
	failed atomic.Pointer[error] // the first one
	stop   func()
}

func newLoad(t *testing.T, conn *grpc.ClientConn) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{}
	var running sync.WaitGroup
	l.stop = func() { cancel(); running.Wait() }
	t.Cleanup(l.stop)
	running.Go(func() {
		ticker := time.NewTicker(pace)
		defer ticker.Stop()
		for ctx.Err() == nil {
			<-ticker.C
			running.Go(func() {
				if _, err := call(t, conn); err != nil {
					l.failed.CompareAndSwap(nil, &err)
				}
				l.calls.Add(1)
			})
		}
	})
	return l
}

// more waits until so many calls more have been answered.
func (l *load) more(t *testing.T, n int64) {
	t.Helper()
	target := l.calls.Load() + n
	eventually(t, func() bool { return l.calls.Load() >= target }, "calls go on")
}

// shown is the certificate that new connections to addr see.
func shown(t *testing.T, addr string) []byte {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}}
	conn, err := dialer.DialContext(t.Context(), "tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Raw
}

// mounted is the certificate in p's files.
func (p *party) mounted(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(mtlstest.FilesIn(p.dir).Cert)
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	return block.Bytes
}

// A renewal each few weeks, and a new authority each few years, must not cost one call nor one restart.
func TestRotationUnderLoadFailsNoCall(t *testing.T) {
	t.Parallel()
	before, after := authority(t, "before"), authority(t, "after")
	server, client := newParty(t, "echo", before), newParty(t, "caller", before)
	server.watch(t)
	client.watch(t)
	addr := server.serve(t, 150*time.Millisecond)
	calls := newLoad(t, client.dial(t, "echo", addr))
	calls.more(t, 20)
	both := []*mtlstest.Authority{before, after}
	for n, step := range []struct {
		by       *mtlstest.Authority
		believed []*mtlstest.Authority
	}{{before, nil}, {before, both}, {after, both}, {after, nil}} {
		for _, p := range []*party{server, client} {
			issue(t, p.dir, step.by, mtlstest.Request{Service: p.name}, step.believed...)
			eventually(t, func() bool { return p.reloads(t, "ok") == float64(n+1) }, p.name+" takes the new files")
			calls.more(t, 60) // over several connections
		}
		require.Equal(t, server.mounted(t), shown(t, addr), "new connections see the new certificate")
	}
	calls.stop()
	if err := calls.failed.Load(); err != nil {
		require.NoError(t, *err, "one of %d calls", calls.calls.Load())
	}
	t.Logf("%d calls, none failed", calls.calls.Load())
	require.Zero(t, server.reloads(t, "failed")+client.reloads(t, "failed"))

	late, err := grpc.NewClient(addr, grpc.WithTransportCredentials(raw(t, before, &mtlstest.Request{Service: "caller"})))
	require.NoError(t, err)
	t.Cleanup(func() { _ = late.Close() })
	_, err = call(t, late)
	require.Error(t, err, "the old authority is believed no longer")
}
