package auth

import (
	"context"
	"strings"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/policy"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Interceptor authenticates the caller of a public method and enforces the method's audience and scope. A method
// outside the table passes: health checks have no policy. It overwrites whatever principal a client claims to be.
func Interceptor(verifier *Verifier, table policy.Table) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		rule, public := table[info.FullMethod]
		if !public {
			return handler(identity.With(ctx, identity.Principal{}), req)
		}
		principal, err := authenticate(ctx, verifier)
		if err != nil {
			return nil, err
		}
		if err := authorize(principal, rule); err != nil {
			return nil, err
		}
		return handler(identity.With(ctx, principal), req)
	}
}

func authenticate(ctx context.Context, verifier *Verifier) (identity.Principal, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	values := md.Get("authorization")
	switch len(values) {
	case 0:
		return identity.Principal{}, nil
	case 1:
	default:
		return identity.Principal{}, ErrTwoTokens.New("The call has more than one Authorization header.")
	}
	scheme, token, found := strings.Cut(values[0], " ")
	if !found || !strings.EqualFold(scheme, "bearer") || token == "" {
		return identity.Principal{}, ErrTokenInvalid.New("The Authorization header is not a bearer token.")
	}
	return verifier.Verify(ctx, strings.TrimSpace(token))
}

func authorize(p identity.Principal, rule *typev1.Policy) error {
	switch rule.GetAudience() {
	case typev1.Audience_AUDIENCE_ANYONE:
		return nil
	case typev1.Audience_AUDIENCE_CUSTOMER:
		if p.Subject == "" {
			return ErrTokenMissing.New("The call needs a customer's bearer token.")
		}
		return nil
	default:
		if p.Subject == "" {
			return ErrTokenMissing.New("The call needs a staff bearer token.")
		}
		if !p.HasScope(rule.GetScope()) {
			return ErrScopeMissing.New("The call needs the scope %s.", rule.GetScope())
		}
		return nil
	}
}

// StreamInterceptor is Interceptor for streams.
func StreamInterceptor(verifier *Verifier, table policy.Table) grpc.StreamServerInterceptor {
	unary := Interceptor(verifier, table)
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		_, err := unary(stream.Context(), nil, &grpc.UnaryServerInfo{FullMethod: info.FullMethod}, func(ctx context.Context, _ any) (any, error) {
			return nil, handler(srv, &identified{ServerStream: stream, ctx: ctx})
		})
		return err
	}
}

// identified is a stream whose caller is known.
type identified struct {
	grpc.ServerStream
	ctx context.Context
}

// Context is the context with the principal.
func (s *identified) Context() context.Context { return s.ctx }
