// Package app puts the cart service together.
package app

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/checkout"
	worker "github.com/cartwright-shop/cartwright/services/cart/internal/job"
	"github.com/cartwright-shop/cartwright/services/cart/internal/operator"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/peer"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/cart/internal/rpc"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/cart/internal/settings"
	"github.com/cartwright-shop/cartwright/services/cart/internal/shipping"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// Program is the service as its main runs it.
func Program() service.Program[Config] {
	return service.Program[Config]{Name: "cart", Migrations: postgres.Migrations(), Build: build, Check: check}
}

// How often the upkeep runs.
const (
	sweepEvery  = time.Hour
	reportEvery = 15 * time.Second
)

func build(_ context.Context, cfg Config, rt *service.Runtime) error {
	p, err := dial(cfg, rt)
	if err != nil {
		return fmt.Errorf("build cart: %w", err)
	}
	b := &builder{cfg: cfg, rt: rt, peers: p, keeper: idempotency.New(rt.DB), jobs: job.NewRegistry()}
	if err := b.keeper.Register(rt.Metrics); err != nil {
		return fmt.Errorf("build cart: %w", err)
	}
	for _, part := range []func() error{b.tables, b.carts, b.orders} {
		if err := part(); err != nil {
			return fmt.Errorf("build cart: %w", err)
		}
	}
	job.Every(b.jobs, "purge-idempotency-keys", idempotency.PurgeInterval, func(ctx context.Context) error {
		_, err := b.keeper.Purge(ctx, idempotency.Retention)
		return err
	})
	rt.Jobs(b.jobs)
	return nil
}

// peers are the clients of the other services.
type peers struct {
	product   productv1.ProductServiceClient
	pricing   pricingv1.PricingServiceClient
	inventory inventoryv1.InventoryServiceClient
	payment   paymentv1.PaymentServiceClient
}

// dial connects. Only reads are sent again by the client; what changes something is repeated by the machine that knows
// what an unknown outcome means.
func dial(cfg Config, rt *service.Runtime) (peers, error) {
	const product, pricing, payment = "cartwright.product.v1.ProductService/", "cartwright.pricing.v1.PricingService/", "cartwright.payment.v1.PaymentService/"
	var conns [4]*grpc.ClientConn
	for i, peer := range []struct {
		name, addr string
		idempotent []string
	}{
		{"product", cfg.ProductAddr, []string{product + "GetChannel", product + "BatchGetVariants"}},
		{"pricing", cfg.PricingAddr, []string{pricing + "Quote"}},
		{"inventory", cfg.InventoryAddr, nil},
		{"payment", cfg.PaymentAddr, []string{payment + "GetPayment"}},
	} {
		var err error
		if conns[i], err = rt.Dial(peer.name, peer.addr, peer.idempotent...); err != nil {
			return peers{}, fmt.Errorf("dial %s: %w", peer.name, err)
		}
	}
	return peers{
		product: productv1.NewProductServiceClient(conns[0]), pricing: pricingv1.NewPricingServiceClient(conns[1]),
		inventory: inventoryv1.NewInventoryServiceClient(conns[2]), payment: paymentv1.NewPaymentServiceClient(conns[3]),
	}, nil
}

// builder wires the parts in the order in which they need each other.
type builder struct {
	cfg    Config
	rt     *service.Runtime
	peers  peers
	keeper *idempotency.Keeper
	jobs   *job.Registry

	settings *settings.Service
	taxes    *tax.Service
	zones    *shipping.Service
	cart     *cart.Service
}

func (b *builder) tables() error {
	clock, life := b.rt.Clock, b.cfg.TableFreshness
	b.settings = settings.New(postgres.NewSettings(b.rt.DB), clock, life)
	b.taxes = tax.New(postgres.NewTaxRates(b.rt.DB), clock, life)
	b.zones = shipping.New(postgres.NewZones(b.rt.DB), clock, life)
	addresses := address.New(postgres.NewAddresses(b.rt.DB))
	b.rt.GRPC.Register(func(s grpc.ServiceRegistrar) {
		cartv1.RegisterChannelSettingsServiceServer(s, rpc.NewSettingsServer(b.settings, b.keeper))
		cartv1.RegisterTaxServiceServer(s, rpc.NewTaxServer(b.taxes, b.keeper))
		cartv1.RegisterShippingServiceServer(s, rpc.NewShippingServer(b.zones, b.keeper))
		cartv1.RegisterAddressServiceServer(s, rpc.NewAddressServer(addresses, b.keeper))
	})
	return nil
}

func (b *builder) carts() error {
	metrics, err := cart.NewMetrics(b.rt.Metrics)
	if err != nil {
		return err
	}
	b.cart = cart.New(cart.Ports{
		Store:     postgres.NewCarts(b.rt.DB),
		Catalogue: peer.NewCatalogue(b.peers.product, b.rt.Clock, b.cfg.TableFreshness),
		Pricing:   peer.NewPricing(b.peers.pricing),
		GiftCards: peer.NewGiftCards(b.peers.payment),
		Settings:  b.settings, Taxes: b.taxes, Zones: b.zones,
		Clock: b.rt.Clock, Freshness: b.cfg.PriceFreshness, Metrics: metrics,
	})
	b.rt.GRPC.Register(func(s grpc.ServiceRegistrar) {
		cartv1.RegisterCartServiceServer(s, rpc.NewCartServer(b.cart, b.keeper))
	})
	job.Every(b.jobs, "sweep-carts", sweepEvery, b.cart.Sweep)
	return nil
}

func (b *builder) orders() error {
	metrics, err := saga.NewMetrics(b.rt.Metrics)
	if err != nil {
		return err
	}
	store := postgres.NewOrderStore(b.rt.DB)
	runner := saga.NewRunner(store, b.rt.Log, metrics)
	pricing, stock, payments := peer.NewOrderPricing(b.peers.pricing), peer.NewOrderStock(b.peers.inventory), peer.NewOrderPayments(b.peers.payment)
	orders := order.NewService(store, order.Peers{Payments: payments, Stock: stock, Coupons: pricing}, runner)
	checkouts := checkout.New(checkout.Ports{
		Store: store, Carts: b.cart, CartStore: b.cart.Store,
		Peers:  checkout.Peers{Pricing: pricing, Stock: stock, Payments: payments},
		Runner: runner, Config: b.cfg.checkout(),
	})
	sagas := worker.NewSagas(runner, b.rt.Tracing.Provider().Tracer("github.com/cartwright-shop/cartwright/services/cart"), b.rt.Log)
	b.rt.Go("sagas", sagas.Run)
	b.rt.GRPC.Register(func(s grpc.ServiceRegistrar) {
		cartv1.RegisterCheckoutServiceServer(s, rpc.NewCheckoutServer(checkouts, b.keeper, sagas.Kick))
		cartv1.RegisterOrderServiceServer(s, rpc.NewOrderServer(orders, b.keeper))
		cartv1.RegisterSagaServiceServer(s, rpc.NewSagaServer(operator.New(store, runner), b.keeper, sagas.Kick))
	})
	b.rt.Go("report-sagas", worker.ReportSagas(store, metrics, reportEvery))
	job.Every(b.jobs, "purge-events", sweepEvery, worker.PurgeEvents(store))
	return nil
}
