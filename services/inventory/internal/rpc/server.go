// Package rpc serves cartwright.inventory.v1: it turns messages into calls of package stock and back, one file per RPC.
//
// Messages have passed the contract's validation before they get here. RPCs whose id the caller chose are repeatable by that
// id, in package stock; the others store their answer under request_id.
package rpc

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

const (
	defaultPage = 50
	maxPage     = 200
)

// Server implements InventoryService. It is safe for concurrent use.
type Server struct {
	inventoryv1.UnimplementedInventoryServiceServer
	stock    *stock.Service
	keeper   *idempotency.Keeper
	outcomes *prometheus.CounterVec
}

// New returns a server and registers its metrics.
func New(service *stock.Service, keeper *idempotency.Keeper, metrics prometheus.Registerer) (*Server, error) {
	outcomes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "inventory_reservations_total",
		Help: "Requests to reserve, commit and release by outcome: ok or the reason of the error.",
	}, []string{"step", "outcome"})
	if err := metrics.Register(outcomes); err != nil {
		return nil, fmt.Errorf("register inventory metrics: %w", err)
	}
	return &Server{stock: service, keeper: keeper, outcomes: outcomes}, nil
}
