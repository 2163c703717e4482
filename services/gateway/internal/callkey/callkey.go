// Package callkey takes the idempotency key of a public call from its metadata, holds callers to sending one where money
// or stock moves, and keeps it for the handlers, which pass it on as the request id.
package callkey

import (
	"context"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/policy"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// MetadataKey is the metadata, and in other case the HTTP header, that carries the key.
const MetadataKey = "idempotency-key"

// maxKey is the longest key taken, in bytes.
const maxKey = 255

type contextKey struct{}

// Interceptor refuses a call whose method needs a key and has none, and any key that is not printable ASCII.
func Interceptor(table policy.Table) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		key, err := read(ctx, table[info.FullMethod])
		if err != nil {
			return nil, err
		}
		if key != "" {
			ctx = context.WithValue(ctx, contextKey{}, key)
		}
		return handler(ctx, req)
	}
}

func read(ctx context.Context, rule *typev1.Policy) (string, error) {
	if rule.GetIdempotencyKey() == typev1.KeyRule_KEY_RULE_UNSPECIFIED {
		return "", nil
	}
	md, _ := metadata.FromIncomingContext(ctx)
	keys := md.Get(MetadataKey)
	switch {
	case len(keys) == 0 && rule.GetIdempotencyKey() == typev1.KeyRule_KEY_RULE_REQUIRED:
		return "", errs.IdempotencyKeyRequired.New("Send an Idempotency-Key header with a value of your own for this call.")
	case len(keys) == 0:
		return "", nil
	case len(keys) > 1 || !valid(keys[0]):
		return "", errs.IdempotencyKeyInvalid.New("The Idempotency-Key is not one value of 1 to %d printable ASCII characters.", maxKey)
	}
	return keys[0], nil
}

func valid(key string) bool {
	if key == "" || len(key) > maxKey {
		return false
	}
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return false
		}
	}
	return true
}

// RequestID returns the caller's key, or a fresh one for a caller who sent none and so cannot repeat the call safely.
func RequestID(ctx context.Context) string {
	if key, ok := ctx.Value(contextKey{}).(string); ok {
		return key
	}
	return id.New()
}
