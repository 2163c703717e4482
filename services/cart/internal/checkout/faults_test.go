package checkout_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// fault is what goes wrong with one call to another service.
type fault string

const (
	lostRequest fault = "the request is lost"
	lostReply   fault = "the reply is lost"
	killBefore  fault = "the process dies before the call"
	killAfter   fault = "the process dies after the call"
	late        fault = "the request arrives late"
)

// faults makes calls go wrong, each once, by the request id that a scenario's calls carry.
type faults struct {
	mu    sync.Mutex
	armed map[string]armed
	hit   map[string]bool
	calls map[string]int
	// down are the methods that do not answer a scenario until they are mended, and what becomes of its calls meanwhile.
	down map[string]fault
	// sequence are the methods by request id, in the order in which they were called.
	sequence map[string][]string
}

type armed struct {
	fault fault
	kill  func()
}

func newFaults() *faults {
	return &faults{armed: map[string]armed{}, hit: map[string]bool{}, calls: map[string]int{}, down: map[string]fault{}, sequence: map[string][]string{}}
}

// arm lets the first call of method with this request id go wrong.
func (f *faults) arm(requestID, method string, a armed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed[requestID+"/"+method] = a
}

// fail lets every call of method with this request id go wrong until mend.
func (f *faults) fail(requestID, method string, how fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down[requestID+"/"+method] = how
}

func (f *faults) mend(requestID, method string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.down, requestID+"/"+method)
}

func (f *faults) wasHit(requestID, method string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hit[requestID+"/"+method]
}

// count is how often method was called with this request id.
func (f *faults) count(requestID, method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[requestID+"/"+method]
}

// order are the methods called with this request id, one after the other.
func (f *faults) order(requestID string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.sequence[requestID])
}

func (f *faults) take(key string) (armed, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	requestID, method, _ := strings.Cut(key, "/")
	f.sequence[requestID] = append(f.sequence[requestID], method)
	f.calls[key]++
	if how, down := f.down[key]; down {
		return armed{fault: how}, true
	}
	a, ok := f.armed[key]
	if ok {
		delete(f.armed, key)
		f.hit[key] = true
	}
	return a, ok
}

func (f *faults) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	method := info.FullMethod[strings.LastIndex(info.FullMethod, "/")+1:]
	a, ok := f.take(identity.RequestID(ctx) + "/" + method)
	if !ok {
		return handler(ctx, req)
	}
	if a.fault == late { // what the network holds up arrives, whatever became of its sender
		a.kill()
		return handler(context.WithoutCancel(ctx), req)
	}
	unavailable := errs.DependencyUnavailable.New("The service is gone.")
	switch a.fault {
	case lostReply, killAfter:
		// The peer finishes what it began, whatever becomes of the caller.
		if _, err := handler(context.WithoutCancel(ctx), req); err != nil {
			return nil, err
		}
	}
	if a.kill != nil {
		a.kill()
	}
	return nil, unavailable
}

// serve runs a stand-in behind the real server chain, so that every request is held against the contract.
func (f *faults) serve(t *testing.T, register func(grpc.ServiceRegistrar)) string {
	server := grpcserver.New(grpcserver.Config{Admit: []grpc.UnaryServerInterceptor{f.intercept}})
	server.Register(register)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		server.Stop(ctx)
		require.NoError(t, <-done)
	})
	return listener.Addr().String()
}

func dial(t *testing.T, peer, addr string) *grpc.ClientConn {
	conn, err := grpcclient.Dial(grpcclient.Config{Peer: peer, Addr: addr})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return conn
}
