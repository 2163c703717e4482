// Package app puts the product service together.
package app

import (
	"context"

	"google.golang.org/grpc"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	platformjob "github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/service"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
	"github.com/cartwright-shop/cartwright/services/product/internal/job"
	"github.com/cartwright-shop/cartwright/services/product/internal/peer"
	"github.com/cartwright-shop/cartwright/services/product/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/product/internal/rpc"
	"github.com/cartwright-shop/cartwright/services/product/internal/shopify"
)

// Program is the product service as its main runs it.
func Program() service.Program[Config] {
	return service.Program[Config]{Name: "product", Migrations: postgres.Migrations(), Build: build, Check: check}
}

func build(_ context.Context, cfg Config, rt *service.Runtime) error {
	// The writes are sent again too: their request ids make them idempotent.
	pricing, err := rt.Dial("pricing", cfg.PricingAddr, pricingv1.PricingService_ListPrices_FullMethodName[1:],
		pricingv1.PricingService_SetPrices_FullMethodName[1:])
	if err != nil {
		return err
	}
	inventory, err := rt.Dial("inventory", cfg.InventoryAddr, inventoryv1.InventoryService_ListStock_FullMethodName[1:],
		inventoryv1.InventoryService_SetStock_FullMethodName[1:])
	if err != nil {
		return err
	}
	registry := platformjob.NewRegistry()
	var jobs *platformjob.Client
	store := postgres.New(rt.DB, func(ctx context.Context) error { return jobs.Insert(ctx, job.Reindex{}) })
	cat := catalog.New(store, rt.Clock)
	keeper := idempotency.New(rt.DB)
	if err := keeper.Register(rt.Metrics); err != nil {
		return err
	}
	job.Register(registry, cat, keeper)
	jobs = rt.Jobs(registry)

	prices := peer.NewPricing(pricingv1.NewPricingServiceClient(pricing))
	stock := peer.NewInventory(inventoryv1.NewInventoryServiceClient(inventory))
	server := rpc.New(rpc.Parts{
		Catalog: cat, Importer: shopify.NewImporter(cat, prices, stock), Exporter: shopify.NewExporter(cat, prices, stock),
		Keeper: keeper,
	})
	rt.GRPC.Register(func(s grpc.ServiceRegistrar) { productv1.RegisterProductServiceServer(s, server) })
	return nil
}
