// Package caller carries the network address of a public caller to handlers that limit attempts by it.
package caller

import (
	"context"
	"net"

	"google.golang.org/grpc/peer"
)

type contextKey struct{}

// WithAddress returns a context whose caller has a remote address, "host:port" or "host".
func WithAddress(ctx context.Context, remote string) context.Context {
	return context.WithValue(ctx, contextKey{}, host(remote))
}

// Address returns the caller's address without port, empty when it is not known.
func Address(ctx context.Context) string {
	if address, ok := ctx.Value(contextKey{}).(string); ok {
		return address
	}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		return host(p.Addr.String())
	}
	return ""
}

func host(remote string) string {
	if address, _, err := net.SplitHostPort(remote); err == nil {
		return address
	}
	return remote
}
