// Package app puts the inventory service together.
package app

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/groupcommit"
	worker "github.com/cartwright-shop/cartwright/services/inventory/internal/job"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/rpc"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// Program is the service as its main runs it.
func Program() service.Program[Config] {
	return service.Program[Config]{Name: "inventory", Migrations: postgres.Migrations(), Build: build, Check: check}
}

func build(_ context.Context, cfg Config, rt *service.Runtime) error {
	store := postgres.New(rt.DB)
	reserver, err := newReserver(cfg, store, rt)
	if err != nil {
		return fmt.Errorf("build inventory: %w", err)
	}
	domain := stock.New(store, reserver, cfg.LowStockThreshold)
	if cfg.AvailabilityMaxAge > 0 {
		domain.RememberAvailability(rt.Clock, cfg.AvailabilityMaxAge)
	}
	keeper := idempotency.New(rt.DB)
	if err := keeper.Register(rt.Metrics); err != nil {
		return fmt.Errorf("build inventory: %w", err)
	}
	server, err := rpc.New(domain, keeper, rt.Metrics)
	if err != nil {
		return fmt.Errorf("build inventory: %w", err)
	}
	rt.GRPC.Register(func(s grpc.ServiceRegistrar) { inventoryv1.RegisterInventoryServiceServer(s, server) })
	background, err := worker.New(worker.Config{ReservationRetention: cfg.ReservationRetention}, domain, keeper, rt.Log, rt.Metrics)
	if err != nil {
		return fmt.Errorf("build inventory: %w", err)
	}
	jobs := job.NewRegistry()
	background.Register(jobs)
	rt.Jobs(jobs)
	return nil
}

// newReserver lets callers share statements unless the settings say that each has its own. Half of the connections stay for
// those who do not reserve.
func newReserver(cfg Config, store *postgres.Store, rt *service.Runtime) (stock.Reserver, error) {
	if cfg.ReserveBatch == 1 {
		return store, nil
	}
	return groupcommit.New(store, groupcommit.Config{
		Carts: cfg.ReserveBatch, Queue: cfg.ReserveQueue, Slots: max(1, int(cfg.DatabaseMaxConns)/2),
	}, rt.Metrics)
}
