// Package app puts the payment service together.
package app

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
	worker "github.com/cartwright-shop/cartwright/services/payment/internal/job"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/payment/internal/reconcile"
	"github.com/cartwright-shop/cartwright/services/payment/internal/rpc"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandbox"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// Program is the service as its main runs it.
func Program() service.Program[Config] {
	return service.Program[Config]{Name: "payment", Migrations: postgres.Migrations(), Build: build, Check: check}
}

func build(_ context.Context, cfg Config, rt *service.Runtime) error {
	codes, err := giftcard.NewCodes([]byte(cfg.GiftCardKey))
	if err != nil {
		return fmt.Errorf("build payment: %w", err)
	}
	background, err := worker.New(rt.Metrics)
	if err != nil {
		return fmt.Errorf("build payment: %w", err)
	}
	jobs := job.NewRegistry()
	background.Register(jobs)
	store := postgres.New(rt.DB, rt.Jobs(jobs))
	carriers, err := payment.Metered(providers(cfg), rt.Metrics, rt.Tracing.Provider())
	if err != nil {
		return fmt.Errorf("build payment: %w", err)
	}
	payments := payment.NewService(store, carriers, rt.Clock, payment.Config{
		ReturnHosts: cfg.ReturnURLHosts, CallTimeout: cfg.ProviderTimeout, FirstWait: cfg.ResolveInterval, MaxDeclines: cfg.MaxDeclines,
		MaxCustomerDeclines: cfg.MaxCustomerDeclines, AttemptWindow: cfg.AttemptWindow,
		Expiry: payment.ExpiryPolicy(cfg.ExpiringAuthorizations),
	}, rt.Log)
	cards := giftcard.NewService(store, codes, rt.Clock)
	keeper := idempotency.New(rt.DB)
	if err := keeper.Register(rt.Metrics); err != nil {
		return fmt.Errorf("build payment: %w", err)
	}
	comparer := reconcile.NewService(store, sources(carriers), rt.Clock, rt.Log)
	server := rpc.New(rpc.Parts{
		Payments: payments, Cards: cards, Lister: store, Books: store, Keeper: keeper, Comparer: comparer, Comparisons: store,
	})
	rt.GRPC.Register(func(s grpc.ServiceRegistrar) { paymentv1.RegisterPaymentServiceServer(s, server) })
	conn, err := rt.DialBack("cart", cfg.CartAddr, "cartwright.cart.v1.CheckoutService/NotifyPayment")
	if err != nil {
		return fmt.Errorf("build payment: %w", err)
	}
	// Nothing runs before build returns.
	background.Parts = worker.Parts{
		Payments: payments, Cards: cards, Books: store, Comparer: comparer, Keeper: keeper, Checkouts: cartv1.NewCheckoutServiceClient(conn),
		ResolveInterval: cfg.ResolveInterval, Log: rt.Log, Tracer: rt.Tracing.Provider().Tracer("github.com/cartwright-shop/cartwright/services/payment"),
	}
	rt.Go("resolver", background.Resolve)
	return nil
}

// sources are the providers whose reports are compared with our books: all.
func sources(providers []payment.Provider) []reconcile.Source {
	sources := make([]reconcile.Source, len(providers))
	for i, p := range providers {
		sources[i] = p
	}
	return sources
}

func providers(cfg Config) []payment.Provider {
	if cfg.SandboxURL == "" {
		return nil
	}
	return []payment.Provider{sandbox.New(sandbox.Config{
		URL: cfg.SandboxURL, APIKey: cfg.SandboxAPIKey, Merchant: cfg.SandboxMerchant,
		WebhookSecrets: []string{cfg.SandboxWebhookSecret, cfg.SandboxWebhookSecretNext},
	})}
}
