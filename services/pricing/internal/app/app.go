// Package app puts the pricing service together.
package app

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/service"
	worker "github.com/cartwright-shop/cartwright/services/pricing/internal/job"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/quote"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/redemption"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/rpc"
)

// Program is the service as its main runs it.
func Program() service.Program[Config] {
	return service.Program[Config]{Name: "pricing", Migrations: postgres.Migrations(), Build: build}
}

func build(_ context.Context, _ Config, rt *service.Runtime) error {
	store := postgres.New(rt.DB)
	quotes := quote.New(store, rt.Clock)
	uses := redemption.New(store, quotes)
	keeper := idempotency.New(rt.DB)
	if err := keeper.Register(rt.Metrics); err != nil {
		return fmt.Errorf("build pricing: %w", err)
	}
	server, err := rpc.New(rpc.Domain{
		Lists: pricelist.New(store), Promotions: promotion.New(store), Quotes: quotes, Uses: uses,
	}, keeper, rt.Metrics)
	if err != nil {
		return fmt.Errorf("build pricing: %w", err)
	}
	rt.GRPC.Register(func(s grpc.ServiceRegistrar) { pricingv1.RegisterPricingServiceServer(s, server) })
	background, err := worker.New(uses, store, keeper, rt.Metrics)
	if err != nil {
		return fmt.Errorf("build pricing: %w", err)
	}
	jobs := job.NewRegistry()
	background.Register(jobs)
	rt.Jobs(jobs)
	return nil
}
