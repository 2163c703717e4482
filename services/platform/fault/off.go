//go:build !faults

package fault

import (
	"context"
	"net/http"

	"google.golang.org/grpc"
)

// Point passes a place of the scope of ctx. An error is the fault; the caller returns it as its own.
func Point(context.Context, Phase) error { return nil }

// Within names what happens with the returned context, for the places it passes.
func Within(ctx context.Context, _, _ string) context.Context { return ctx }

// Client are the interceptors that pass the places of calls to others.
func Client() []grpc.UnaryClientInterceptor { return nil }

// Server are the interceptors that pass the places of calls from others.
func Server() []grpc.UnaryServerInterceptor { return nil }

// Transport passes the places of requests to an HTTP server, named for the last part of the path: "POST captures".
func Transport(next http.RoundTripper) http.RoundTripper { return next }
