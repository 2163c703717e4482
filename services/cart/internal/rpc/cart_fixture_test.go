package rpc_test

import (
	"context"
	"io/fs"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/peer"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/cart/internal/rpc"
	"github.com/cartwright-shop/cartwright/services/cart/internal/settings"
	"github.com/cartwright-shop/cartwright/services/cart/internal/shipping"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/clock/clocktest"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

// cartFixture is the services of carts and tables behind the real server and client, on a database of its own, with the other
// services played by neighbours.
type cartFixture struct {
	cartv1.CartServiceClient
	zones      cartv1.ShippingServiceClient
	taxes      cartv1.TaxServiceClient
	addresses  cartv1.AddressServiceClient
	settings   cartv1.ChannelSettingsServiceClient
	store      *postgres.Carts
	carts      *cart.Service
	neighbours *neighbours
	clock      *clocktest.Fake
	database   *postgrestest.Database
	guest      context.Context
	staff      context.Context
	test       *testing.T
}

func newCartFixture(t *testing.T) *cartFixture {
	t.Helper()
	f := &cartFixture{
		neighbours: newNeighbours(), clock: clocktest.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		database: postgrestest.New(t, "cart", postgres.Migrations()), guest: t.Context(), test: t,
		staff: identity.With(t.Context(), identity.Principal{Kind: identity.Staff, Subject: "sam"}),
	}
	peers := serve(t, func(r grpc.ServiceRegistrar) {
		productv1.RegisterProductServiceServer(r, f.neighbours)
		pricingv1.RegisterPricingServiceServer(r, f.neighbours)
		paymentv1.RegisterPaymentServiceServer(r, f.neighbours)
	})
	keeper := idempotency.New(f.database.DB)
	channelSettings := settings.New(postgres.NewSettings(f.database.DB), f.clock, time.Second)
	taxes := tax.New(postgres.NewTaxRates(f.database.DB), f.clock, time.Second)
	zones := shipping.New(postgres.NewZones(f.database.DB), f.clock, time.Second)
	metrics, err := cart.NewMetrics(prometheus.NewRegistry())
	require.NoError(t, err)
	f.store = postgres.NewCarts(f.database.DB)
	f.carts = cart.New(cart.Ports{
		Store:     f.store,
		Catalogue: peer.NewCatalogue(productv1.NewProductServiceClient(peers), f.clock, time.Second),
		Pricing:   peer.NewPricing(pricingv1.NewPricingServiceClient(peers)),
		GiftCards: peer.NewGiftCards(paymentv1.NewPaymentServiceClient(peers)),
		Settings:  channelSettings, Taxes: taxes, Zones: zones, Clock: f.clock, Freshness: 30 * time.Second, Metrics: metrics,
	})
	conn := serve(t, func(r grpc.ServiceRegistrar) {
		cartv1.RegisterCartServiceServer(r, rpc.NewCartServer(f.carts, keeper))
		cartv1.RegisterShippingServiceServer(r, rpc.NewShippingServer(zones, keeper))
		cartv1.RegisterTaxServiceServer(r, rpc.NewTaxServer(taxes, keeper))
		cartv1.RegisterAddressServiceServer(r, rpc.NewAddressServer(address.New(postgres.NewAddresses(f.database.DB)), keeper))
		cartv1.RegisterChannelSettingsServiceServer(r, rpc.NewSettingsServer(channelSettings, keeper))
	})
	f.CartServiceClient, f.zones, f.taxes = cartv1.NewCartServiceClient(conn), cartv1.NewShippingServiceClient(conn), cartv1.NewTaxServiceClient(conn)
	f.addresses, f.settings = cartv1.NewAddressServiceClient(conn), cartv1.NewChannelSettingsServiceClient(conn)
	return f
}

// serve runs services on a server of the platform and connects a client of the platform to it.
func serve(t *testing.T, register func(grpc.ServiceRegistrar)) *grpc.ClientConn {
	t.Helper()
	server := grpcserver.New(grpcserver.Config{})
	server.Register(register)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpcclient.Dial(grpcclient.Config{Peer: "test", Addr: listener.Addr().String()})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		server.Stop(context.Background())
		require.NoError(t, <-served)
	})
	return conn
}

func customer(ctx context.Context, subject string) context.Context {
	return identity.With(ctx, identity.Principal{Kind: identity.Customer, Subject: subject, Email: subject + "@example.com"})
}

func lines(pairs ...any) []*cartv1.LineInput {
	var inputs []*cartv1.LineInput
	for i := 0; i < len(pairs); i += 2 {
		inputs = append(inputs, &cartv1.LineInput{Sku: pairs[i].(string), Quantity: int32(pairs[i+1].(int))})
	}
	return inputs
}

// start makes a cart in the channel.
func (f *cartFixture) start(ctx context.Context, channel string, inputs ...*cartv1.LineInput) *cartv1.Cart {
	f.test.Helper()
	resp, err := f.CreateCart(ctx, &cartv1.CreateCartRequest{Channel: channel, Lines: inputs})
	require.NoError(f.test, err)
	return resp.GetCart()
}

func (f *cartFixture) get(ctx context.Context, cartID string) *cartv1.Cart {
	f.test.Helper()
	resp, err := f.GetCart(ctx, &cartv1.GetCartRequest{CartId: cartID})
	require.NoError(f.test, err)
	return resp.GetCart()
}

// sendTo sets the shipping address.
func (f *cartFixture) sendTo(cartID string, to *typev1.Address) *cartv1.Cart {
	f.test.Helper()
	resp, err := f.UpdateCart(f.guest, &cartv1.UpdateCartRequest{CartId: cartID, ShippingAddress: to})
	require.NoError(f.test, err)
	return resp.GetCart()
}

func at(country, region, postcode string) *typev1.Address {
	return &typev1.Address{FullName: "Ada Lovelace", Line1: "1 Main Street", City: "Town", Region: region, PostalCode: postcode, CountryCode: country}
}

func gbp(minor int64) *typev1.Money { return &typev1.Money{CurrencyCode: "GBP", MinorUnits: minor} }

// deliverGB makes the zones of the British channel: the country, its highlands, and everywhere else.
func (f *cartFixture) deliverGB() {
	f.test.Helper()
	flat := func(key string, price int64) *cartv1.ShippingMethod {
		return &cartv1.ShippingMethod{Key: key, Name: "Standard", Names: map[string]string{"de": "Standardversand"}, Kind: cartv1.ShippingPriceKind_SHIPPING_PRICE_KIND_FLAT, Price: gbp(price), MinDays: 2, MaxDays: 4}
	}
	standard := flat("standard", 495)
	standard.FreeAbove = gbp(5000)
	byWeight := &cartv1.ShippingMethod{
		Key: "courier", Name: "Courier", Kind: cartv1.ShippingPriceKind_SHIPPING_PRICE_KIND_BY_WEIGHT, MaxDays: 1,
		WeightTiers: []*cartv1.WeightTier{{UpToGrams: 500, Price: gbp(700)}, {UpToGrams: 2000, Price: gbp(1200)}},
	}
	for _, zone := range []*cartv1.ShippingZone{
		{Key: "gb", Locations: []*cartv1.ShippingLocation{{CountryCode: "GB"}}, Methods: []*cartv1.ShippingMethod{standard, byWeight}},
		{Key: "highlands", Locations: []*cartv1.ShippingLocation{{CountryCode: "GB", PostcodePrefix: "IV"}}, Methods: []*cartv1.ShippingMethod{flat("standard", 995)}},
		{Key: "es", Locations: []*cartv1.ShippingLocation{{CountryCode: "ES"}}, Methods: []*cartv1.ShippingMethod{flat("airmail", 1500)}},
	} {
		zone.Name, zone.Channel, zone.CurrencyCode = zone.Key, "uk-web", "GBP"
		_, err := f.zones.CreateShippingZone(f.staff, &cartv1.CreateShippingZoneRequest{Zone: zone})
		require.NoError(f.test, err)
	}
}

// refused asserts the reason of an error and the first field it names, if one is given.
func refused(t *testing.T, err error, reason string, field ...string) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, reason, errs.ReasonOf(err), "%v", err)
	if len(field) > 0 {
		require.NotEmpty(t, errs.FieldsOf(err), "%v", err)
		require.Equal(t, field[0], errs.FieldsOf(err)[0].Path)
	}
}

// asOwner runs statements as the owner of the schema, as migrations do.
func (f *cartFixture) asOwner(sql string) {
	f.test.Helper()
	conn, err := pgx.Connect(f.test.Context(), f.database.OwnerDSN)
	require.NoError(f.test, err)
	defer func() { _ = conn.Close(context.WithoutCancel(f.test.Context())) }()
	_, err = conn.Exec(f.test.Context(), sql)
	require.NoError(f.test, err)
}

// seedSQL is the statement of the seed migration.
func seedSQL(t *testing.T) string {
	t.Helper()
	body, err := fs.ReadFile(postgres.Migrations(), "migration/006_seed_tax_rate.sql")
	require.NoError(t, err)
	_, up, found := strings.Cut(string(body), "-- +goose Up")
	require.True(t, found)
	up, _, _ = strings.Cut(up, "-- +goose Down")
	return up
}
