package rpc_test

import (
	"context"
	"net"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/rpc"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

const channel = "uk-web"

// fixture is the service behind the real server and the real client, on a database of its own.
type fixture struct {
	inventoryv1.InventoryServiceClient
	database *postgrestest.Database
	metrics  *prometheus.Registry
	ctx      context.Context
	test     *testing.T
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		database: postgrestest.New(t, "inventory", postgres.Migrations()),
		metrics:  prometheus.NewRegistry(),
		ctx:      identity.With(t.Context(), identity.Principal{Kind: identity.Service, Subject: "cart"}),
		test:     t,
	}
	store := postgres.New(f.database.DB)
	handler, err := rpc.New(stock.New(store, store, 5), idempotency.New(f.database.DB), f.metrics)
	require.NoError(t, err)
	server := grpcserver.New(grpcserver.Config{})
	server.Register(func(r grpc.ServiceRegistrar) { inventoryv1.RegisterInventoryServiceServer(r, handler) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpcclient.Dial(grpcclient.Config{Peer: "inventory", Addr: listener.Addr().String()})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		server.Stop(context.Background())
		require.NoError(t, <-served)
	})
	f.InventoryServiceClient = inventoryv1.NewInventoryServiceClient(conn)
	return f
}

func (f *fixture) location(key string) {
	f.test.Helper()
	_, err := f.CreateLocation(f.ctx, &inventoryv1.CreateLocationRequest{RequestId: id.New(), Key: key, Name: "Warehouse", CountryCode: "GB"})
	require.NoError(f.test, err)
}

// stocked creates the location "main" with these units of each SKU.
func (f *fixture) stocked(units int32, skus ...string) {
	f.test.Helper()
	f.location("main")
	request := &inventoryv1.SetStockRequest{RequestId: id.New(), Reason: "count"}
	for _, sku := range skus {
		request.Entries = append(request.Entries, &inventoryv1.SetStockEntry{Sku: sku, LocationKey: "main", OnHand: units})
	}
	_, err := f.SetStock(f.ctx, request)
	require.NoError(f.test, err)
}

func reserveRequest(lines ...*inventoryv1.ReserveLine) *inventoryv1.ReserveRequest {
	return &inventoryv1.ReserveRequest{
		ReservationId: id.New(), OrderId: id.Secret(), Channel: channel, Lines: lines, TtlSeconds: 900,
	}
}

func line(sku string, quantity int32) *inventoryv1.ReserveLine {
	return &inventoryv1.ReserveLine{Sku: sku, Quantity: quantity}
}

// checksum changes with any row of the service, so that a refused request can be shown to have written nothing.
func (f *fixture) checksum() string {
	f.test.Helper()
	var sum string
	require.NoError(f.test, f.database.DB.QueryRow(f.ctx, `SELECT md5(string_agg(x, '|' ORDER BY x)) FROM (
		SELECT 'l' || l::text AS x FROM location l UNION ALL SELECT 's' || s::text FROM stock s
		UNION ALL SELECT 'b' || b::text FROM backorder b UNION ALL SELECT 'u' || u::text FROM purchase_limit u
		 UNION ALL SELECT 'm' || m::text FROM stock_movement m
		UNION ALL SELECT 'k' || k::text FROM reservation_key k UNION ALL SELECT 'r' || r::text FROM reservation r
		UNION ALL SELECT 'a' || a::text FROM allocation a UNION ALL SELECT 'e' || e::text FROM allocation_release e
		UNION ALL SELECT 'p' || p::text FROM shipment p UNION ALL SELECT 'i' || i::text FROM shipment_item i
		UNION ALL SELECT 't' || t::text FROM stock_return t UNION ALL SELECT 'd' || d::text FROM idempotency_key d) rows`).Scan(&sum))
	return sum
}
