package grpcserver_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/internal/echo"
)

// BenchmarkChain is what the interceptors add to a call: the floor under every request of the shop.
func BenchmarkChain(b *testing.B) {
	contract, err := echo.New()
	require.NoError(b, err)
	server := grpcserver.New(grpcserver.Config{})
	server.Register(func(r grpc.ServiceRegistrar) { contract.Register(r, echoText) })
	chain, _, err := server.Interceptors()
	require.NoError(b, err)
	req, err := contract.Request(`text: "A mug" request_id: "019a1234-5678-7abc-8def-0123456789ab" lines { sku: "MUG" quantity: 2 } lines { sku: "CUP" quantity: 1 }`)
	require.NoError(b, err)
	var handler grpc.UnaryHandler = func(_ context.Context, req any) (any, error) { return echo.Text(req.(proto.Message)), nil }
	for i := len(chain) - 1; i >= 0; i-- {
		next := handler
		handler = func(ctx context.Context, req any) (any, error) {
			return chain[i](ctx, req, &grpc.UnaryServerInfo{FullMethod: echo.Unary}, next)
		}
	}
	principal := identity.Principal{Kind: identity.Customer, Subject: "019a1234-5678-7abc-8def-0123456789ab", Email: "a@example.com"}
	ctx := metadata.NewIncomingContext(b.Context(), metadata.Pairs(identity.PrincipalKey, principal.Encode(), identity.RequestIDKey, "r1"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := handler(ctx, req); err != nil {
			b.Fatal(err)
		}
	}
}
