package rpc_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	platformjob "github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
	"github.com/cartwright-shop/cartwright/services/product/internal/job"
	"github.com/cartwright-shop/cartwright/services/product/internal/peer"
	"github.com/cartwright-shop/cartwright/services/product/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/product/internal/rpc"
	"github.com/cartwright-shop/cartwright/services/product/internal/shopify"
)

// shop is the product service on a database of its own, called over the wire, with peers that keep what they are told.
type shop struct {
	productv1.ProductServiceClient
	conn  *grpc.ClientConn
	db    *postgrestest.Database
	jobs  *platformjob.Client
	peers *peers
	staff context.Context
	buyer context.Context
}

func openShop(t *testing.T) shop {
	t.Helper()
	database := postgrestest.New(t, "product", postgres.Migrations())
	registry := platformjob.NewRegistry()
	var jobs *platformjob.Client
	store := postgres.New(database.DB, func(ctx context.Context) error { return jobs.Insert(ctx, job.Reindex{}) })
	cat := catalog.New(store, clock.System())
	keeper := idempotency.New(database.DB)
	job.Register(registry, cat, keeper)
	jobs, err := platformjob.Open(database.DB, registry, platformjob.Config{})
	require.NoError(t, err)

	others := newPeers()
	conn := serve(t, "peers", func(s grpc.ServiceRegistrar) {
		pricingv1.RegisterPricingServiceServer(s, &pricingPeer{peers: others})
		inventoryv1.RegisterInventoryServiceServer(s, &inventoryPeer{peers: others})
	})
	prices, stock := peer.NewPricing(pricingv1.NewPricingServiceClient(conn)), peer.NewInventory(inventoryv1.NewInventoryServiceClient(conn))
	server := rpc.New(rpc.Parts{
		Catalog: cat, Importer: shopify.NewImporter(cat, prices, stock), Exporter: shopify.NewExporter(cat, prices, stock), Keeper: keeper,
	})
	own := serve(t, "product", func(s grpc.ServiceRegistrar) { productv1.RegisterProductServiceServer(s, server) })
	return shop{
		ProductServiceClient: productv1.NewProductServiceClient(own), conn: own, db: database, jobs: jobs, peers: others,
		staff: identity.With(t.Context(), identity.Principal{Kind: identity.Staff, Subject: "ann"}),
		buyer: t.Context(),
	}
}

func serve(t *testing.T, name string, register func(grpc.ServiceRegistrar)) *grpc.ClientConn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpcserver.New(grpcserver.Config{})
	server.Register(register)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpcclient.Dial(grpcclient.Config{Peer: name, Addr: listener.Addr().String()})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Stop(ctx)
		require.NoError(t, <-served)
	})
	return conn
}

// reindexed runs the jobs until no product is waiting to be listed again.
func (s shop) reindexed(t *testing.T) {
	t.Helper()
	s.jobs.Start(t.Context())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, s.jobs.Stop(ctx))
	})
	require.Eventually(t, func() bool {
		var left int
		require.NoError(t, s.db.DB.QueryRow(t.Context(), "SELECT count(*) FROM stale_product").Scan(&left))
		return left == 0
	}, 20*time.Second, 20*time.Millisecond)
}

func (s shop) channel(t *testing.T, key string, locales ...string) {
	t.Helper()
	_, err := s.CreateChannel(s.staff, &productv1.CreateChannelRequest{Key: key, Channel: channelFields(locales...)})
	require.NoError(t, err)
}

func channelFields(locales ...string) *productv1.ChannelFields {
	if len(locales) == 0 {
		locales = []string{"en-GB"}
	}
	return &productv1.ChannelFields{Name: "Web", CurrencyCodes: []string{"GBP"}, CountryCodes: []string{"GB"}, Locales: locales}
}

// patiently repeats a call that a busy machine turned away without doing it.
func patiently(t *testing.T, call func() error) {
	t.Helper()
	err := call()
	for range 20 {
		if errs.CodeOf(err) != errs.Unavailable {
			break
		}
		err = call()
	}
	require.NoError(t, err)
}

// plain is a product without options.
func plain(title, sku string) *productv1.ProductFields {
	return &productv1.ProductFields{Title: title, Variants: []*productv1.Variant{{Sku: sku}}}
}

// shirt is a product with most of what a product can have.
func shirt(sku string) *productv1.ProductFields {
	values := func(texts ...string) (out []*productv1.AttributeValue) {
		for _, text := range texts {
			out = append(out, &productv1.AttributeValue{Value: &productv1.AttributeValue_Text{Text: text}})
		}
		return out
	}
	return &productv1.ProductFields{
		Title: "Linen Shirt", DescriptionHtml: "<p>A cool <b>summer</b> shirt.</p>", Vendor: "Loom & Co", ProductType: "Shirts",
		Options: []*productv1.Option{{Name: "Size", Values: []string{"S", "M"}}, {Name: "Colour", Values: []string{"Red"}}},
		Variants: []*productv1.Variant{
			{Sku: sku + "-S", OptionValues: []string{"S", "Red"}, WeightGrams: 200},
			{Sku: sku + "-M", OptionValues: []string{"M", "Red"}, WeightGrams: 220, TaxClass: "reduced"},
		},
		Media: []*productv1.Media{
			{Url: "https://cdn.example.com/" + sku + "/front.jpg", AltText: "Front"},
			{Url: "https://cdn.example.com/" + sku + "/m.jpg", AltText: "Medium", Skus: []string{sku + "-M"}},
		},
		Tags: []string{"summer", "linen"},
		Attributes: []*productv1.Attribute{
			{Key: "material", Values: values("linen", "cotton")},
			{Key: "weight", Values: []*productv1.AttributeValue{{Value: &productv1.AttributeValue_Decimal{Decimal: "1.5"}}}},
		},
		Translations: []*productv1.ProductTranslation{{
			Locale: "de", Title: "Leinenhemd", DescriptionHtml: "<p>Kühl.</p>",
			Options: []*productv1.OptionTranslation{{
				Option: "Colour", Name: "Farbe", Values: map[string]string{"Red": "Rot"},
			}},
			Attributes: []*productv1.Attribute{{Key: "material", Values: values("Leinen", "Baumwolle")}},
		}},
	}
}

func (s shop) create(t *testing.T, fields *productv1.ProductFields) *productv1.Product {
	t.Helper()
	var resp *productv1.CreateProductResponse
	patiently(t, func() (err error) {
		resp, err = s.CreateProduct(s.staff, &productv1.CreateProductRequest{Product: fields})
		return err
	})
	return resp.GetProduct()
}

func (s shop) publish(t *testing.T, productID, channel string) *productv1.Product {
	t.Helper()
	var resp *productv1.SetPublicationResponse
	patiently(t, func() (err error) {
		resp, err = s.SetPublication(s.staff, &productv1.SetPublicationRequest{
			ProductId: productID, Channel: channel, Status: productv1.PublicationStatus_PUBLICATION_STATUS_PUBLISHED,
		})
		return err
	})
	return resp.GetProduct()
}

// published creates a product and publishes it in the default channel.
func (s shop) published(t *testing.T, fields *productv1.ProductFields) *productv1.Product {
	t.Helper()
	return s.publish(t, s.create(t, fields).GetId(), "")
}

func refused(t *testing.T, err error, reason, path string) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, reason, errs.ReasonOf(err), "%v", err)
	if path == "" {
		return
	}
	fields := errs.FieldsOf(err)
	require.NotEmpty(t, fields, "%v", err)
	require.Equal(t, path, fields[0].Path)
}

func titles(products []*productv1.ProductSummary) []string {
	out := make([]string, len(products))
	for i, p := range products {
		out[i] = p.GetTitle()
	}
	return out
}
