package grpcclient

import (
	"sync"
	"time"

	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/dns"
)

// askEvery is how often a name is looked up: well within the time for which a pod that ends still serves.
const askEvery = 2 * time.Second

// allowAsking lifts gRPC's limit of one look in 30 s, which is one for the whole process.
var allowAsking = sync.OnceFunc(func() { dns.SetMinResolutionInterval(askEvery / 2) })

// asked has gRPC's resolver look names up again and again. By itself it does so only when a connection breaks: a new pod would wait for
// the age of connections until it got work. And when all pods were replaced in less than the 30 s, calls would go to addresses that
// nobody has any more.
type asked struct{ resolver.Builder }

// Build implements resolver.Builder.
func (a asked) Build(target resolver.Target, cc resolver.ClientConn, o resolver.BuildOptions) (resolver.Resolver, error) {
	inner, err := a.Builder.Build(target, cc, o)
	if err != nil {
		return nil, err
	}
	closed := make(chan struct{})
	go func() {
		for tick := time.Tick(askEvery); ; inner.ResolveNow(resolver.ResolveNowOptions{}) {
			select {
			case <-tick:
			case <-closed:
				return
			}
		}
	}()
	return closing{inner, closed}, nil
}

// closing ends the questions with the resolver.
type closing struct {
	resolver.Resolver
	closed chan struct{}
}

// Close implements resolver.Resolver.
func (c closing) Close() {
	close(c.closed)
	c.Resolver.Close()
}
