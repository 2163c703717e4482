// Package app puts the gateway together: the public contracts with their policies, the interceptors that guard them, and
// one port that answers REST and gRPC.
package app

import (
	"context"
	"net/http"
	"slices"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/admin"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/auth"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/callkey"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/channel"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/contract"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/httpapi"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/inprocess"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/jsoncheck"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/openapi"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/policy"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/storefront"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/transfer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/webhook"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/service"
	"google.golang.org/grpc"
)

// Limits of one request that no setting changes: they protect the process.
const (
	maxBody   = 64 << 10
	maxHeader = 16 << 10
	maxGRPC   = 1 << 20
)

// Program is the gateway as its main sees it.
func Program() service.Program[Config] {
	return service.Program[Config]{Name: "gateway", Build: build, Check: check}
}

func build(ctx context.Context, cfg Config, rt *service.Runtime) error {
	peers, err := dial(cfg, rt)
	if err != nil {
		return err
	}
	table, err := policy.Load(contract.Files()...)
	if err != nil {
		return err
	}
	guard, err := newGuard(cfg, rt, table)
	if err != nil {
		return err
	}
	mapper := relay.NewMapper()
	files := transfer.New(peers.Products, mapper)
	local := inprocess.New(guard.unary...)
	public := guard.server()
	for _, registrar := range []grpc.ServiceRegistrar{local, public} {
		storefront.Register(registrar, storefront.Deps{
			Peers: peers, Mapper: mapper, Channels: channel.NewDirectory(peers.Products, rt.Clock), Log: rt.Log,
		})
		admin.Register(registrar, peers, mapper)
	}
	adminv1.RegisterTransferAdminServiceServer(public, files)
	rest, err := newREST(ctx, table, local)
	if err != nil {
		return err
	}
	front := &httpapi.Front{
		REST: rest, GRPC: public, Origins: cfg.Origins, Log: rt.Log,
		Raw: rawRoutes(peers, &httpapi.Transfer{Guard: local, Files: files}),
		Limits: httpapi.Limits{
			Body: maxBody, Header: maxHeader, Concurrent: cfg.MaxConcurrent, PerClient: cfg.ClientRate, Deadline: cfg.RequestDeadline,
		},
	}
	rt.HTTP("public", cfg.HTTPAddr, front.Server())
	return nil
}

func rawRoutes(peers *peer.Set, files *httpapi.Transfer) map[string]http.Handler {
	return map[string]http.Handler{
		"/openapi.json":             http.HandlerFunc(openapi.ServeDocument),
		"/docs":                     http.HandlerFunc(openapi.ServeReference),
		"/admin/v1/products/import": http.HandlerFunc(files.Import),
		"/admin/v1/products/export": http.HandlerFunc(files.Export),
		webhook.Prefix:              &webhook.Handler{Payments: peers.Payments},
	}
}

func newREST(ctx context.Context, table policy.Table, local *inprocess.Conn) (http.Handler, error) {
	mux := httpapi.NewMux(table, jsoncheck.New(contract.ReadOnlyFields()))
	for _, register := range contract.Handlers() {
		if err := register(ctx, mux, local); err != nil {
			return nil, err
		}
	}
	return mux, nil
}

// guard is the interceptors that every public call passes.
type guard struct {
	config grpcserver.Config
	unary  []grpc.UnaryServerInterceptor
	stream []grpc.StreamServerInterceptor
}

func newGuard(cfg Config, rt *service.Runtime, table policy.Table) (*guard, error) {
	verifier := auth.NewVerifier(auth.Config{
		Issuer: cfg.Issuer, Audience: cfg.Audience, RequireAccessToken: cfg.RequireAccessToken, StaffScopes: staffScopes(table),
	}, auth.NewKeySet(cfg.Issuer, rt.Clock), rt.Clock)
	config := rt.GRPC.Config()
	config.Public = true
	config.DefaultDeadline = cfg.RequestDeadline
	config.Admit = []grpc.UnaryServerInterceptor{auth.Interceptor(verifier, table), callkey.Interceptor(table)}
	config.AdmitStream = []grpc.StreamServerInterceptor{auth.StreamInterceptor(verifier, table)}
	unary, err := grpcserver.Chain(config)
	if err != nil {
		return nil, err
	}
	stream, err := grpcserver.StreamChain(config)
	if err != nil {
		return nil, err
	}
	return &guard{config: config, unary: unary, stream: stream}, nil
}

// server returns a gRPC server that is served by the HTTP server of the public port.
func (g *guard) server() *grpc.Server {
	return grpc.NewServer(
		grpc.ChainUnaryInterceptor(g.unary...), grpc.ChainStreamInterceptor(g.stream...), grpc.MaxRecvMsgSize(maxGRPC),
	)
}

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
