package app_test

import (
	"context"
	"io"
	"net/http"
	"strings"
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
func start(t *testing.T, database *postgrestest.Database) (inventoryv1.InventoryServiceClient, string) {
	t.Helper()
	cfg, err := config.Load[app.Config]([]string{
		"GRPC_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0", "DATABASE_URL=" + database.AppDSN, "DRAIN_TIMEOUT=5s",
	})
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
