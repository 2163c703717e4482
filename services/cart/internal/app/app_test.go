package app_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	"github.com/cartwright-shop/cartwright/services/cart/internal/app"
	"github.com/cartwright-shop/cartwright/services/cart/internal/job"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/config"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// nobody is an address that nothing listens on.
func nobody(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())
	return addr
}

func load(t *testing.T, settings ...string) app.Config {
	t.Helper()
	peer := nobody(t)
	cfg, err := config.Load[app.Config](append([]string{
		"GRPC_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0", "DRAIN_TIMEOUT=5s",
		"PRODUCT_ADDR=" + peer, "PRICING_ADDR=" + peer, "INVENTORY_ADDR=" + peer, "PAYMENT_ADDR=" + peer,
	}, settings...))
	require.NoError(t, err)
	return cfg
}

// The service starts, says it is ready and serves what it knows itself while all other services are down; what it needs them for is
// refused with a time to try again, at once and not at the end of a deadline.
func TestTheServiceStartsAlone(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "cart", postgres.Migrations())
	instance, err := service.Start(context.Background(), app.Program(), load(t, "DATABASE_URL="+database.AppDSN), io.Discard)
	require.NoError(t, err)
	t.Cleanup(instance.Stop)
	conn, err := grpcclient.Dial(grpcclient.Config{Peer: "cart", Addr: instance.GRPCAddr()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	require.Eventually(t, func() bool { return ready(t, instance.OpsAddr()) }, 20*time.Second, 20*time.Millisecond)

	staff := identity.With(t.Context(), identity.Principal{Kind: identity.Staff, Subject: "sam"})
	rates, err := cartv1.NewTaxServiceClient(conn).ListTaxRates(staff, &cartv1.ListTaxRatesRequest{CountryCode: "GB", TaxClass: "standard", On: "2026-03-01"})
	require.NoError(t, err)
	require.NotEmpty(t, rates.GetRates())
	began := time.Now()
	_, err = cartv1.NewCartServiceClient(conn).CreateCart(t.Context(), &cartv1.CreateCartRequest{Channel: "uk-web"})
	require.Equal(t, errs.Unavailable, errs.CodeOf(err), "%v", err)
	require.NotZero(t, errs.RetryAfterOf(err))
	require.Less(t, time.Since(began), 5*time.Second)
	_, err = cartv1.NewOrderServiceClient(conn).GetOrder(staff, &cartv1.GetOrderRequest{OrderId: id.Secret()})
	require.Equal(t, "ORDER_NOT_FOUND", errs.ReasonOf(err))
	_, err = cartv1.NewCheckoutServiceClient(conn).Checkout(t.Context(), &cartv1.CheckoutRequest{CartId: id.Secret(), RequestId: id.New()})
	require.Equal(t, "CART_NOT_FOUND", errs.ReasonOf(err))
}

func ready(t *testing.T, ops string) bool {
	t.Helper()
	resp, err := http.Get("http://" + ops + "/readyz")
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode == http.StatusOK
}

// Settings that would make checkouts sell stock they no longer hold are refused before the first buyer comes.
func TestWrongSettingsAreNamed(t *testing.T) {
	t.Parallel()
	check := app.Program().Check
	require.NoError(t, check(load(t)))
	for _, setting := range []string{"PRODUCT_ADDR=nowhere", "PRICE_FRESHNESS=2h", "TABLE_FRESHNESS=-1s", "CHECKOUT_MARGIN=20m"} {
		require.Error(t, check(load(t, setting)), setting)
	}
}

// Deadlines nest: a provider's answer < one step < a checkout < the hold of its stock. Settings that break this make a checkout
// give up a payment that is being made, or sell stock that went back on sale a moment before.
func TestDeadlinesNest(t *testing.T) {
	t.Parallel()
	check := app.Program().Check
	cfg := load(t)
	require.NoError(t, check(cfg))
	const provider, step = 20 * time.Second, job.RunTimeout
	giveUp := cfg.CheckoutHold - cfg.CheckoutMargin
	require.Less(t, cfg.CallTimeout, step)
	require.Less(t, provider, step)
	require.Less(t, step, giveUp)
	require.Less(t, giveUp, cfg.CheckoutHold)
	require.LessOrEqual(t, step, cfg.CheckoutMargin)
	for setting, named := range map[string]string{
		"CHECKOUT_MARGIN=30s":              "CHECKOUT_MARGIN",
		"CHECKOUT_HOLD=6m":                 "CHECKOUT_HOLD",
		"CHECKOUT_METHOD_HOLDS=card:5m30s": "CHECKOUT_METHOD_HOLDS card",
		"CALL_TIMEOUT=1m":                  "CALL_TIMEOUT",
	} {
		require.ErrorContains(t, check(load(t, setting)), named, setting)
	}
}
