package service_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/internal/echo"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// freeAddr is an address on which nothing listens yet.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// calling is a program that has peers at the addresses; it sends its connections.
func calling(conns chan<- *grpc.ClientConn, addrs ...string) service.Program[settings] {
	return service.Program[settings]{Name: "echo", Build: func(ctx context.Context, cfg settings, rt *service.Runtime) error {
		if _, err := rt.DialBack("caller", "127.0.0.1:1"); err != nil { // nobody waits for it
			return err
		}
		for _, addr := range addrs {
			conn, err := rt.Dial("peer", addr)
			if err != nil {
				return err
			}
			conns <- conn
		}
		return build(answering)(ctx, cfg, rt)
	}}
}

// peerAt serves at an address; the function ends it.
func peerAt(t *testing.T, addr string) func() {
	t.Helper()
	contract, err := echo.New()
	require.NoError(t, err)
	server := grpcserver.New(grpcserver.Config{})
	server.Register(func(r grpc.ServiceRegistrar) { contract.Register(r, answering(nil, settings{})) })
	l, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(l) }()
	stop := func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		server.Stop(ctx)
		<-served
	}
	t.Cleanup(stop)
	return stop
}

// A new pod that takes customers before it can reach the services behind it turns them away, while the pods it replaces could have
// served them. Once it works it must stay: a peer that goes down takes no pod of its callers out of the load balancer.
func TestTrafficWaitsForTheFirstConnections(t *testing.T) {
	t.Parallel()
	near, far := freeAddr(t), freeAddr(t)
	conns := make(chan *grpc.ClientConn, 2)
	b := start(t, calling(conns, near, far), localConfig(""))
	peerAt(t, near)
	status, body := b.get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "not all peers have been connected yet")

	stop := peerAt(t, far)
	eventually(t, func() bool { status, _ := b.get("/readyz"); return status == http.StatusOK }, "ready with its peers")
	require.False(t, b.logged("a peer cannot be reached yet; serving without it"))
	stop()
	<-conns
	toFar := <-conns
	eventually(t, func() bool { return toFar.GetState() != connectivity.Ready }, "the loss is seen")
	status, _ = b.get("/readyz")
	require.Equal(t, http.StatusOK, status)
}

// A shop whose payment service is down still shows its goods: a pod that starts then must not wait for it for ever.
func TestAPeerThatIsDownHoldsTrafficBackOnlyForAWhile(t *testing.T) {
	t.Parallel()
	down := freeAddr(t)
	b := start(t, calling(make(chan *grpc.ClientConn, 1), down), localConfig(""))
	eventually(t, func() bool { status, _ := b.get("/readyz"); return status == http.StatusOK }, "ready though a peer is down")
	require.True(t, b.logged("a peer cannot be reached yet; serving without it"))
	require.Contains(t, b.log.String(), down)
}
