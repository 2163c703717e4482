package app

import (
	"slices"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/auth"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/callkey"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/inprocess"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/policy"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/shed"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/service"
	"google.golang.org/grpc"
)

// ends are the two ways to the same handlers: gRPC from outside, and REST in process. Both pass the same interceptors.
type ends struct {
	public *grpc.Server
	local  *inprocess.Conn
}

// guarded registers the services behind everything that a public call passes: overload, identity, idempotency key, and
// the checks of every server of ours. None of it is on a port: the HTTP front serves the server.
func guarded(cfg Config, rt *service.Runtime, table policy.Table, gate *shed.Gate, register func(grpc.ServiceRegistrar)) (ends, error) {
	verifier := auth.NewVerifier(auth.Config{
		Issuer: cfg.Issuer, Audience: cfg.Audience, RequireAccessToken: cfg.RequireAccessToken, StaffScopes: staffScopes(table),
	}, auth.NewKeySet(cfg.Issuer, rt.Clock), rt.Clock)
	config := rt.GRPC.Config()
	config.Public = true
	config.DefaultDeadline, config.MaxDeadline = cfg.RequestDeadline, cfg.RequestDeadline
	config.Admit = []grpc.UnaryServerInterceptor{
		gate.Interceptor(table), auth.Interceptor(verifier, table), callkey.Interceptor(table),
	}
	config.AdmitStream = []grpc.StreamServerInterceptor{
		gate.StreamInterceptor(table), auth.StreamInterceptor(verifier, table), callkey.StreamInterceptor(table),
	}
	server := grpcserver.New(config)
	server.Register(register)
	public, err := server.Build()
	if err != nil {
		return ends{}, err
	}
	unary, stream, err := server.Interceptors()
	if err != nil {
		return ends{}, err
	}
	local := inprocess.New(unary, stream)
	register(local)
	return ends{public: public, local: local}, nil
}

// staffScopes are the scopes that the contracts ask for.
func staffScopes(table policy.Table) []string {
	var scopes []string
	for _, rule := range table {
		if scope := rule.GetScope(); scope != "" && !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	slices.Sort(scopes)
	return scopes
}
