package grpcclient

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"google.golang.org/grpc/resolver"
)

const (
	// namesScheme is that of addresses without one.
	namesScheme = "names"
	// namesEvery is how often a name is looked up: well within the time for which a pod that ends still serves.
	namesEvery = 2 * time.Second
	// namesTimeout bounds one look.
	namesTimeout = 5 * time.Second
)

// names looks a peer's name up again and again. gRPC's own resolver does so only when a connection breaks, and at most every 30 s: a new
// pod would wait for the age of connections until it got work, and when all pods are replaced in less than half a minute, calls
// would go to addresses that nobody has any more.
type names struct {
	lookup func(ctx context.Context, host string) ([]string, error)
}

// Scheme implements resolver.Builder.
func (n names) Scheme() string { return namesScheme }

// Build implements resolver.Builder.
func (n names) Build(target resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	host, port, err := net.SplitHostPort(target.Endpoint())
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", target.Endpoint(), err)
	}
	if net.ParseIP(host) != nil {
		return watching{func() {}}, cc.UpdateState(resolver.State{Addresses: []resolver.Address{{Addr: target.Endpoint()}}})
	}
	ctx, stop := context.WithCancel(context.Background())
	go n.watch(ctx, cc, host, port)
	return watching{stop}, nil
}

// watch keeps what was found last while nothing can be found: a name server that is away must not end calls that work.
func (n names) watch(ctx context.Context, cc resolver.ClientConn, host, port string) {
	tick := time.NewTicker(namesEvery)
	defer tick.Stop()
	var known []string
	for {
		found, err := n.look(ctx, host)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && !slices.Equal(found, known):
			var state resolver.State
			for _, ip := range found {
				state.Addresses = append(state.Addresses, resolver.Address{Addr: net.JoinHostPort(ip, port)})
			}
			known = found
			_ = cc.UpdateState(state) // an error asks for another look, which comes anyway
		case err != nil && known == nil:
			cc.ReportError(fmt.Errorf("look up %s: %w", host, err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (n names) look(ctx context.Context, host string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, namesTimeout)
	defer cancel()
	found, err := n.lookup(ctx, host)
	slices.Sort(found)
	return slices.Compact(found), err
}

// watching is a name that is looked up until it is closed.
type watching struct{ stop context.CancelFunc }

// ResolveNow implements resolver.Resolver: the next look is soon enough.
func (watching) ResolveNow(resolver.ResolveNowOptions) {}

// Close implements resolver.Resolver.
func (w watching) Close() { w.stop() }
