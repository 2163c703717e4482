package app_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/config"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/platform/service"
	"github.com/cartwright-shop/cartwright/services/product/internal/app"
	"github.com/cartwright-shop/cartwright/services/product/internal/postgres"
)

func settings(t *testing.T, environ ...string) app.Config {
	t.Helper()
	cfg, err := config.Load[app.Config](environ)
	require.NoError(t, err)
	return cfg
}

// When this fails, the service does not run as production starts it: it stays unready, needs its peers to browse, or never lists
// products again after a channel was added.
func TestTheServiceRunsWithoutItsPeers(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "product", postgres.Migrations())
	cfg := settings(t, "GRPC_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0", "DATABASE_URL="+database.AppDSN, "DRAIN_TIMEOUT=5s",
		"PRICING_ADDR=127.0.0.1:1", "INVENTORY_ADDR=127.0.0.1:1")
	instance, err := service.Start(context.Background(), app.Program(), cfg, io.Discard)
	require.NoError(t, err)
	t.Cleanup(instance.Stop)
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + instance.OpsAddr() + "/readyz")
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}, 20*time.Second, 20*time.Millisecond)

	conn, err := grpcclient.Dial(grpcclient.Config{Peer: "product", Addr: instance.GRPCAddr()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	client := productv1.NewProductServiceClient(conn)
	staff := identity.With(t.Context(), identity.Principal{Kind: identity.Staff, Subject: "ann"})
	_, err = client.CreateProduct(staff, &productv1.CreateProductRequest{Product: &productv1.ProductFields{
		Title: "Mug", Variants: []*productv1.Variant{{Sku: "MUG"}},
	}})
	require.NoError(t, err)
	_, err = client.CreateChannel(staff, &productv1.CreateChannelRequest{Key: "uk-web", Channel: &productv1.ChannelFields{
		Name: "UK", CurrencyCodes: []string{"GBP"}, CountryCodes: []string{"GB"}, Locales: []string{"en-GB"},
	}})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		resp, err := client.ListProducts(staff, &productv1.ListProductsRequest{IncludeUnpublished: true})
		require.NoError(t, err)
		return len(resp.GetProducts()) == 1
	}, 20*time.Second, 20*time.Millisecond)

	stream, err := client.ExportProducts(staff, &productv1.ExportProductsRequest{PriceListKey: "gbp"})
	require.NoError(t, err)
	_, err = stream.Recv()
	require.Equal(t, errs.Unavailable, errs.CodeOf(errs.FromGRPC(err)), "%v", err)
}

// When this fails, a wrong address is found out by the first merchant who imports.
func TestCheckNamesWrongSettings(t *testing.T) {
	t.Parallel()
	program := app.Program()
	require.NoError(t, program.Check(settings(t)))
	err := program.Check(settings(t, "PRICING_ADDR=pricing", "INVENTORY_ADDR=:"))
	require.ErrorContains(t, err, "PRICING_ADDR")
	require.NotContains(t, err.Error(), "INVENTORY_ADDR")
}
