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

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/config"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/platform/service"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/app"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/postgres"
)

// The service would not come up with the settings and the schema it is shipped with, would not give back what abandoned
// checkouts hold, or operators would not see that it does.
func TestTheServiceGivesBackAbandonedUses(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "pricing", postgres.Migrations())
	// The first tick of the sweeper must find something due, so it is there before the service is.
	conn, err := pgx.Connect(t.Context(), database.AdminDSN)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `
		INSERT INTO pricing.promotion (id, key, name, trigger, rule, exclusive, priority, limit_total, limit_per_customer, limit_per_code, active)
		VALUES ('0197a7a0-0000-7000-8000-000000000001', 'p', 'P', 'automatic', '{"kind": "free_shipping"}', false, 0, 0, 0, 0, true);
		INSERT INTO pricing.order_use (order_id, generation, state, fingerprint, customer_key, currency_code, expires_at)
		VALUES ('o1', 0, 'reserved', 'f', 'c', 'GBP', now() - interval '1 second'),
		       ('o2', 0, 'reserved', 'f', 'c', 'GBP', now() - interval '1 second');
		INSERT INTO pricing.promotion_use (order_id, promotion_id, customer_key, amount_minor, counting)
		VALUES ('o1', '0197a7a0-0000-7000-8000-000000000001', 'c', 0, true)`)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))

	cfg, err := config.Load[app.Config]([]string{
		"GRPC_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0", "DATABASE_URL=" + database.AppDSN, "DRAIN_TIMEOUT=5s",
	})
	require.NoError(t, err)
	instance, err := service.Start(context.Background(), app.Program(), cfg, io.Discard)
	require.NoError(t, err)
	t.Cleanup(instance.Stop)
	peer, err := grpcclient.Dial(grpcclient.Config{Peer: "pricing", Addr: instance.GRPCAddr()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, peer.Close()) })
	client := pricingv1.NewPricingServiceClient(peer)

	for _, order := range []string{"o1", "o2"} {
		require.Eventually(t, func() bool {
			resp, err := client.GetOrderUse(t.Context(), &pricingv1.GetOrderUseRequest{OrderId: order})
			return err == nil && resp.GetOrderUse().GetState() == pricingv1.OrderUseState_ORDER_USE_STATE_EXPIRED
		}, 30*time.Second, 50*time.Millisecond)
	}
	_, err = client.CreatePriceList(t.Context(), &pricingv1.CreatePriceListRequest{PriceList: &pricingv1.PriceList{
		Key: "gbp", Name: "GBP", CurrencyCode: "GBP", Active: true,
	}})
	require.NoError(t, err)
	_, err = client.SetPrices(t.Context(), &pricingv1.SetPricesRequest{RequestId: "r", PriceListKey: "gbp", Entries: []*pricingv1.Price{
		{Sku: "A", Amount: &typev1.Money{CurrencyCode: "GBP", MinorUnits: 1}},
	}})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Contains(metrics(t, instance.OpsAddr()), "pricing_expired_uses_total 1") },
		10*time.Second, 50*time.Millisecond)
}

func metrics(t *testing.T, ops string) string {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+ops+"/metrics", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}
