// Package callkey takes the idempotency key of a public call from its metadata, holds callers to sending one where money
// or stock moves, and keeps it for the handlers, which pass it on as the request id.
package callkey

import (
	"context"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/policy"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/scrub"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// MetadataKey is the metadata, and in other case the HTTP header, that carries the key.
const MetadataKey = "idempotency-key"

// maxKey is the longest key taken, in bytes.
const maxKey = 255

type contextKey struct{}

// Interceptor refuses a call whose method needs a key and has none, and any key that is not visible ASCII.
func Interceptor(table policy.Table) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		ctx, err := withKey(ctx, table[info.FullMethod])
		if err != nil {
			return nil, err
		}
		return handler(ctx, req)
	}
}

// StreamInterceptor is Interceptor for streams.
func StreamInterceptor(table policy.Table) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx, err := withKey(stream.Context(), table[info.FullMethod])
		if err != nil {
			return err
		}
		return handler(srv, &keyed{ServerStream: stream, ctx: ctx})
	}
}

// keyed is a stream whose context has the key.
type keyed struct {
	grpc.ServerStream
	ctx context.Context
}

// Context is the context with the key.
func (s *keyed) Context() context.Context { return s.ctx }

func withKey(ctx context.Context, rule *typev1.Policy) (context.Context, error) {
	if rule.GetIdempotencyKey() == typev1.KeyRule_KEY_RULE_UNSPECIFIED {
		return ctx, nil
	}
	keys := metadata.ValueFromIncomingContext(ctx, MetadataKey)
	switch {
	case len(keys) == 0 && rule.GetIdempotencyKey() == typev1.KeyRule_KEY_RULE_REQUIRED:
		return nil, errs.IdempotencyKeyRequired.New("Send an Idempotency-Key header with a value of your own for this call.")
	case len(keys) == 0:
		return ctx, nil
	case len(keys) > 1 || !valid(keys[0]):
		return nil, errs.IdempotencyKeyInvalid.New("The Idempotency-Key is not one value of 1 to %d visible ASCII characters.", maxKey)
	case scrub.PAN(keys[0]):
		return nil, errs.PANNotAccepted.New("The Idempotency-Key looks like a card number.")
	}
	return context.WithValue(ctx, contextKey{}, keys[0]), nil
}

func valid(key string) bool {
	if key == "" || len(key) > maxKey {
		return false
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return true
}

// Of returns the caller's key, empty for a caller who sent none and so cannot repeat the call safely.
func Of(ctx context.Context) string {
	key, _ := ctx.Value(contextKey{}).(string)
	return key
}
