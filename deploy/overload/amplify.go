package overload

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/cartwright-shop/cartwright/services/platform/errs"

	"github.com/cartwright-shop/cartwright/deploy/bench"
)

// Amplification is what reached a service that refuses everything.
type Amplification struct {
	// Case says how the service fails and how many asked.
	Case string `json:"case"`
	// Requests are those of clients that need the service, Arrived the calls that reached it.
	Requests int `json:"requests"`
	Arrived  int `json:"arrived"`
}

// Ratio is calls per request.
func (a Amplification) Ratio() float64 { return float64(a.Arrived) / float64(max(a.Requests, 1)) }

// failing is a service whose process is well and whose every call is unavailable.
type failing struct {
	server  *grpc.Server
	arrived atomic.Int64
	// known makes it refuse as our services do when their database is away; else as a connection that breaks.
	known atomic.Bool
}

// startFailing listens where the service did.
func startFailing(address string) (*failing, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	f := &failing{}
	f.server = grpc.NewServer(grpc.UnknownServiceHandler(f.refuse))
	healthv1.RegisterHealthServer(f.server, health.NewServer())
	go func() { _ = f.server.Serve(listener) }()
	return f, nil
}

func (f *failing) refuse(_ any, stream grpc.ServerStream) error {
	if method, ok := grpc.MethodFromServerStream(stream); ok && !strings.HasPrefix(method, "/grpc.health") {
		f.arrived.Add(1)
	}
	if f.known.Load() {
		return errs.ToGRPC(errs.DependencyUnavailable.New("The database does not answer."))
	}
	return status.Error(codes.Unavailable, "broken")
}

// Amplify puts a service that refuses everything in the place of pricing, which has ended, and counts what reaches it for
// every request that needs it: product pages, and carts that are made.
func (c *Crowd) Amplify(ctx context.Context, address string) ([]Amplification, error) {
	f, err := startFailing(address)
	if err != nil {
		return nil, err
	}
	defer f.server.Stop()
	if err := c.reached(ctx, f); err != nil {
		return nil, err
	}
	var all []Amplification
	for _, one := range []struct {
		name      string
		known     bool
		perSecond float64
		length    time.Duration
	}{
		{"connections break, 200 requests/s", false, 200, 10 * time.Second},
		{"connections break, 5 requests/s", false, 5, 20 * time.Second},
		{"its database is away, 200 requests/s", true, 200, 10 * time.Second},
		{"its database is away, 5 requests/s", true, 5, 20 * time.Second},
	} {
		f.known.Store(one.known)
		before := f.arrived.Load()
		_, t, err := c.opened(ctx, one.perSecond, one.length, c.visitors.needPrices)
		if err != nil {
			return nil, err
		}
		c.Settle()
		all = append(all, Amplification{Case: one.name, Requests: t.total(), Arrived: int(f.arrived.Load() - before)})
	}
	return all, nil
}

// reached returns once the gateway has found the service that fails: until then calls end before it.
func (c *Crowd) reached(ctx context.Context, f *failing) error {
	t := newTally()
	for range 600 {
		c.visitors.needPrices(ctx, int(c.serial.Add(1)), t)
		if f.arrived.Load() > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("no call reached the service that fails: %s", t.firstFailure)
}

// needPrices asks once for what cannot be answered without pricing.
func (v *visitors) needPrices(_ context.Context, n int, t *tally) {
	if n%2 == 0 {
		v.once(Browse, v.request(http.MethodGet, "/v1/products/"+bench.Handle(n%bench.Products), "", nil), t)
		return
	}
	v.once(CartWrite, v.request(http.MethodPost, "/v1/carts", fmt.Sprintf("%s-amp-%d", v.run, n),
		map[string]any{"lines": []any{map[string]any{"sku": bench.SKU(n%bench.Products, 0), "quantity": 1}}}), t)
}

func (t *tally) total() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := 0
	for _, samples := range t.samples {
		sum += len(samples)
	}
	return sum
}
