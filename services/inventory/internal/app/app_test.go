package app_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/app"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/config"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// start runs the whole service as production does and returns a client of it and the address of its ops port.
func start(t *testing.T, database *postgrestest.Database, settings ...string) (inventoryv1.InventoryServiceClient, string) {
	t.Helper()
	cfg, err := config.Load[app.Config](append([]string{
		"GRPC_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0", "DATABASE_URL=" + database.AppDSN, "DRAIN_TIMEOUT=5s",
	}, settings...))
	require.NoError(t, err)
	instance, err := service.Start(context.Background(), app.Program(), cfg, io.Discard)
	require.NoError(t, err)
	t.Cleanup(instance.Stop)
	conn, err := grpcclient.Dial(grpcclient.Config{Peer: "inventory", Addr: instance.GRPCAddr()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return inventoryv1.NewInventoryServiceClient(conn), instance.OpsAddr()
}

func asAdmin(t *testing.T, database *postgrestest.Database, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database.AdminDSN)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	_, err = conn.Exec(t.Context(), statement)
	require.NoError(t, err)
}

// When it fails, stock of abandoned carts stays off sale, arrived stock does not reach those who wait for it, or operators
// do not see either.
func TestTheServiceKeepsStockMoving(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "inventory", postgres.Migrations())
	client, ops := start(t, database)
	ctx := t.Context()
	_, err := client.CreateLocation(ctx, &inventoryv1.CreateLocationRequest{RequestId: "l", Key: "main", Name: "Main", CountryCode: "GB"})
	require.NoError(t, err)
	set := func(units int32) {
		_, err := client.SetStock(ctx, &inventoryv1.SetStockRequest{
			RequestId: id.New(), Reason: "count", Entries: []*inventoryv1.SetStockEntry{{Sku: "A", LocationKey: "main", OnHand: units}},
		})
		require.NoError(t, err)
	}
	set(1)
	_, err = client.SetBackorderPolicy(ctx, &inventoryv1.SetBackorderPolicyRequest{
		RequestId: "p", Sku: "A", Mode: inventoryv1.BackorderMode_BACKORDER_MODE_ALLOW, Limit: 9,
	})
	require.NoError(t, err)
	reserve := func(quantity int32) string {
		r, err := client.Reserve(ctx, &inventoryv1.ReserveRequest{
			ReservationId: id.New(), OrderId: id.Secret(), Channel: "uk-web", TtlSeconds: 60,
			Lines: []*inventoryv1.ReserveLine{{Sku: "A", Quantity: quantity}},
		})
		require.NoError(t, err)
		return r.GetReservation().GetId()
	}
	abandoned, waiting := reserve(1), reserve(2)
	_, err = client.CommitReservation(ctx, &inventoryv1.CommitReservationRequest{ReservationId: waiting})
	require.NoError(t, err)
	asAdmin(t, database, "UPDATE inventory.reservation SET expires_at = now() - interval '2 s' WHERE state = 'held'")
	set(2)

	get := func(reservation string) *inventoryv1.Reservation {
		r, err := client.GetReservation(ctx, &inventoryv1.GetReservationRequest{ReservationId: reservation})
		require.NoError(t, err)
		return r.GetReservation()
	}
	require.Eventually(t, func() bool {
		return get(abandoned).GetState() == inventoryv1.ReservationState_RESERVATION_STATE_EXPIRED &&
			get(waiting).GetLines()[0].GetBackordered() == 0
	}, 40*time.Second, 100*time.Millisecond)
	require.Eventually(t, func() bool { return metrics(t, ops, "inventory_reservations_expired_total 1") }, 5*time.Second, 50*time.Millisecond)
	require.True(t, metrics(t, ops, `inventory_reservations_total{outcome="ok",step="reserve"} 2`))
	require.True(t, metrics(t, ops, "inventory_expiry_lag_seconds_count 1"))
}

// When it fails, buyers of one SKU are served one by one although the settings say otherwise, an operator does not see how they
// wait, or a setting that groups nobody is not obeyed.
func TestBuyersOfOneSKUShareStatements(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "inventory", postgres.Migrations())
	client, ops := start(t, database)
	alone, quiet := start(t, database, "RESERVE_BATCH=1", "DATABASE_ACQUIRE_TIMEOUT=1m")
	ctx := t.Context()
	_, err := client.CreateLocation(ctx, &inventoryv1.CreateLocationRequest{RequestId: "l", Key: "main", Name: "Main", CountryCode: "GB"})
	require.NoError(t, err)
	_, err = client.SetStock(ctx, &inventoryv1.SetStockRequest{
		RequestId: "s", Reason: "count", Entries: []*inventoryv1.SetStockEntry{{Sku: "hot", LocationKey: "main", OnHand: 200}},
	})
	require.NoError(t, err)
	rush := func(client inventoryv1.InventoryServiceClient, buyers int) {
		failures := make([]error, buyers)
		var group sync.WaitGroup
		for i := range failures {
			group.Go(func() {
				_, failures[i] = client.Reserve(ctx, &inventoryv1.ReserveRequest{
					ReservationId: id.New(), OrderId: id.Secret(), Channel: "uk-web", TtlSeconds: 60,
					Lines: []*inventoryv1.ReserveLine{{Sku: "hot", Quantity: 1}},
				})
			})
		}
		group.Wait()
		for _, err := range failures {
			require.NoError(t, err)
		}
	}
	rush(client, 150)
	rush(alone, 10)
	require.True(t, metrics(t, ops, `inventory_batch_wait_seconds_count{step="reserve"} 150`))
	require.False(t, metrics(t, ops, `inventory_batch_size_count{step="reserve"} 150`), "nobody shared")
	require.True(t, metrics(t, ops, `inventory_batch_queue{step="reserve"} 0`))
	require.False(t, metrics(t, quiet, "inventory_batch_"))
	got, err := client.ListStock(ctx, &inventoryv1.ListStockRequest{Skus: []string{"hot"}})
	require.NoError(t, err)
	require.Equal(t, int32(160), got.GetLevels()[0].GetReserved())
}

// When it fails, a wrong setting shows only in a rush.
func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{
		"RESERVE_BATCH=0", "RESERVE_BATCH=2001", "RESERVE_QUEUE=0", "RESERVE_QUEUE=1000001", "AVAILABILITY_MAX_AGE=-1s",
		"AVAILABILITY_MAX_AGE=61s", "RESERVATION_RETENTION=719h", "LOW_STOCK_THRESHOLD=-1",
	} {
		cfg, err := config.Load[app.Config]([]string{"DATABASE_URL=postgres://x@y/z", setting})
		require.NoError(t, err)
		name, _, _ := strings.Cut(setting, "=")
		require.ErrorContains(t, app.Program().Check(cfg), name, setting)
	}
	cfg, err := config.Load[app.Config]([]string{"DATABASE_URL=postgres://x@y/z"})
	require.NoError(t, err)
	require.NoError(t, app.Program().Check(cfg))
}

// metrics tells whether the ops port shows a line.
func metrics(t *testing.T, ops, line string) bool {
	t.Helper()
	resp, err := http.Get("http://" + ops + "/metrics")
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return strings.Contains(string(body), line)
}
