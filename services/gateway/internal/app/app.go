// Package app puts the gateway together: the public contracts with their policies, the interceptors that guard them, and
// one port that answers REST and gRPC.
package app

import (
	"context"
	"net/http"
	"runtime"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/admin"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/caller"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/channel"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/contract"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/httpapi"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/inprocess"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/jsoncheck"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/openapi"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/policy"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/shed"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/storefront"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/transfer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/webhook"
	"github.com/cartwright-shop/cartwright/services/platform/service"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
)

// Limits of one request that no setting changes: they protect the process.
const (
	maxBody      = 64 << 10
	maxAdminBody = 1 << 20 // 500 prices or a long description do not fit into less
	maxHeader    = 16 << 10
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
	gate, err := shed.New(shed.Config{
		Most: cfg.MaxConcurrent, Floor: cfg.MinConcurrent, Processors: runtime.GOMAXPROCS(0), Clock: rt.Clock, Metrics: rt.Metrics,
	})
	if err != nil {
		return err
	}
	ends, err := guarded(cfg, rt, table, gate, services(cfg, rt, peers))
	if err != nil {
		return err
	}
	refusals, err := httpapi.NewRefusals(rt.Metrics)
	if err != nil {
		return err
	}
	rest, err := newREST(ctx, ends.local, httpapi.REST{
		Policies: table, Checker: jsoncheck.New(contract.ReadOnlyFields()), Refusals: refusals, Tracer: tracer(rt),
	})
	if err != nil {
		return err
	}
	proxies, err := caller.ParseProxies(cfg.TrustedProxies)
	if err != nil {
		return err
	}
	server := httpapi.Front{
		REST: rest, GRPC: ends.public, Raw: rawRoutes(ends.local, &webhook.Handler{Payments: peers.Payments, Gate: gate, Log: rt.Log}),
		Routes: contract.Routes(), Methods: contract.Methods(), Origins: cfg.Origins, Proxies: proxies, Log: rt.Log, Refusals: refusals,
		Limits: httpapi.Limits{
			Body: maxBody, AdminBody: maxAdminBody, Header: maxHeader, PerClient: cfg.ClientRate, Deadline: cfg.RequestDeadline,
			ConnectionAge: cfg.MaxConnectionAge,
		},
	}.Server()
	rt.HTTP("public", cfg.HTTPAddr, server)
	return nil
}

// services returns what registers every public service.
func services(cfg Config, rt *service.Runtime, peers *peer.Set) func(grpc.ServiceRegistrar) {
	mapper := relay.NewMapper()
	deps := storefront.Deps{
		Peers: peers, Mapper: mapper, Channels: channel.NewDirectory(peers.Products, rt.Clock), Log: rt.Log, BrowseTime: cfg.BrowseDeadline,
	}
	files := transfer.New(peers.Products, mapper)
	return func(r grpc.ServiceRegistrar) {
		storefront.Register(r, deps)
		admin.Register(r, peers, mapper)
		adminv1.RegisterTransferAdminServiceServer(r, files)
	}
}

func rawRoutes(local *inprocess.Conn, notices http.Handler) map[string]httpapi.Raw {
	files := &httpapi.Transfer{Calls: local}
	get, post := []string{http.MethodGet}, []string{http.MethodPost}
	return map[string]httpapi.Raw{
		"/openapi.json":             {Methods: get, Handler: openapi.Document()},
		"/docs":                     {Methods: get, Handler: openapi.Reference()},
		"/admin/v1/products/import": {Methods: post, Handler: http.HandlerFunc(files.Import)},
		"/admin/v1/products/export": {Methods: get, Handler: http.HandlerFunc(files.Export)},
		webhook.Prefix:              {Methods: post, Handler: notices},
	}
}

func newREST(ctx context.Context, local *inprocess.Conn, parts httpapi.REST) (http.Handler, error) {
	mux, err := httpapi.NewMux(parts)
	if err != nil {
		return nil, err
	}
	for _, register := range contract.Handlers() {
		if err := register(ctx, mux, local); err != nil {
			return nil, err
		}
	}
	return mux, nil
}

// tracer returns nil when the process does not trace.
func tracer(rt *service.Runtime) trace.Tracer {
	if len(rt.Tracing.Server()) == 0 {
		return nil
	}
	return rt.Tracing.Provider().Tracer("github.com/cartwright-shop/cartwright/services/gateway")
}
