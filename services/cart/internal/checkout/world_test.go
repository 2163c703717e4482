package checkout_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/checkout"
	"github.com/cartwright-shop/cartwright/services/cart/internal/job"
	"github.com/cartwright-shop/cartwright/services/cart/internal/operator"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/peer"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/cart/internal/rpc"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/cart/internal/settings"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/cart/internal/totals"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	platform "github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

// shop is one database with the services around it. Several processes may serve it.
type shop struct {
	t         *testing.T
	database  *postgrestest.Database
	carts     *postgres.Carts
	faults    *faults
	pricing   *pricingPeer
	inventory *inventoryPeer
	payment   *paymentPeer
	addrs     [3]string
	tracer    trace.Tracer
	spans     *tracetest.SpanRecorder
}

func newShop(t *testing.T) *shop {
	s := &shop{
		t: t, database: postgrestest.New(t, "cart", postgres.Migrations()), faults: newFaults(),
		pricing: newPricingPeer(), inventory: newInventoryPeer(), payment: newPaymentPeer(),
		spans: tracetest.NewSpanRecorder(),
	}
	s.tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(s.spans)).Tracer("test")
	s.carts = postgres.NewCarts(s.database.DB)
	s.addrs[0] = s.faults.serve(t, func(r grpc.ServiceRegistrar) { pricingv1.RegisterPricingServiceServer(r, s.pricing) })
	s.addrs[1] = s.faults.serve(t, func(r grpc.ServiceRegistrar) { inventoryv1.RegisterInventoryServiceServer(r, s.inventory) })
	s.addrs[2] = s.faults.serve(t, func(r grpc.ServiceRegistrar) { paymentv1.RegisterPaymentServiceServer(r, s.payment) })
	return s
}

// process is one running copy of the service.
type process struct {
	shop      *shop
	store     *mortalStore
	runner    *saga.Runner
	checkouts *rpc.CheckoutServer
	orders    *rpc.OrderServer
	sagas     *rpc.SagaServer
	worker    *job.Sagas
	ctx       context.Context
	stop      context.CancelFunc
}

// patient is a context whose work queues for the database as long as it takes: these tests run on machines that do much else.
func patient() context.Context { return platform.Patient(context.Background(), time.Minute) }

var errDead = errors.New("the process is dead")

// mortalStore is the real store of a process that can die or stop: a dead process writes nothing any more, and one whose
// commits are cut off does not learn that they worked.
type mortalStore struct {
	*postgres.OrderStore
	dead   atomic.Bool
	frozen atomic.Bool
	cutOff atomic.Int32 // the nth commit from now whose answer is lost
	refuse atomic.Int32 // the nth commit from now that does not happen
	// beforeCommit runs once, when the next transaction is about to commit.
	beforeCommit atomic.Value // func()
}

func (s *mortalStore) Tx(ctx context.Context, fn func(context.Context) error) error {
	if s.dead.Load() {
		return errDead
	}
	refused := s.refuse.Load() > 0 && s.refuse.Add(-1) == 0
	err := s.OrderStore.Tx(ctx, func(ctx context.Context) error {
		if err := fn(ctx); err != nil || !refused {
			if wait, ok := s.beforeCommit.Swap(func() {}).(func()); ok {
				wait()
			}
			return err
		}
		return errors.New("the database went away before the commit")
	})
	if err != nil {
		return err
	}
	if s.cutOff.Load() > 0 && s.cutOff.Add(-1) == 0 {
		return errors.New("the connection was cut after the commit")
	}
	return nil
}

func (s *mortalStore) SaveSaga(ctx context.Context, g *saga.Saga, save saga.Save) error {
	if s.dead.Load() {
		return errDead
	}
	return s.OrderStore.SaveSaga(ctx, g, save)
}

func (s *mortalStore) RenewSaga(ctx context.Context, sagaID, token string, lease time.Duration) (bool, error) {
	if s.dead.Load() || s.frozen.Load() {
		return false, errDead
	}
	return s.OrderStore.RenewSaga(ctx, sagaID, token, lease)
}

func (s *mortalStore) TakeSaga(ctx context.Context, sagaID, token string, lease time.Duration) (*saga.Saga, bool, error) {
	if s.dead.Load() {
		return nil, false, errDead
	}
	return s.OrderStore.TakeSaga(ctx, sagaID, token, lease)
}

func (s *shop) process() *process { return s.processOn(s.database.DB) }

// processOn is a process with its own way to the database.
func (s *shop) processOn(db *platform.DB) *process {
	p := &process{shop: s, store: &mortalStore{OrderStore: postgres.NewOrderStore(db)}}
	p.ctx, p.stop = context.WithCancel(patient())
	s.t.Cleanup(p.stop)
	metrics, err := saga.NewMetrics(prometheus.NewRegistry())
	require.NoError(s.t, err)
	p.runner = saga.NewRunner(p.store, zap.NewNop(), metrics)
	pricing := peer.NewOrderPricing(pricingv1.NewPricingServiceClient(dial(s.t, "pricing", s.addrs[0])))
	stock := peer.NewOrderStock(inventoryv1.NewInventoryServiceClient(dial(s.t, "inventory", s.addrs[1])))
	payments := peer.NewOrderPayments(paymentv1.NewPaymentServiceClient(dial(s.t, "payment", s.addrs[2])))
	orders := order.NewService(p.store, order.Peers{Payments: payments, Stock: stock, Coupons: pricing}, p.runner)
	config := checkout.Config{ // "impatient" gives up after two seconds
		Hold: 15 * time.Minute, MethodHolds: map[string]time.Duration{"voucher": 72 * time.Hour, "impatient": time.Minute}, Margin: 58 * time.Second,
	}
	require.NoError(s.t, config.Check())
	checkouts := checkout.New(checkout.Ports{
		Store: p.store, Carts: shelf{s}, CartStore: postgres.NewCarts(db), Runner: p.runner, Config: config,
		Peers: checkout.Peers{Pricing: pricing, Stock: stock, Payments: payments},
	})
	keeper := idempotency.New(db)
	p.worker = job.NewSagas(p.runner, s.tracer, zap.NewNop())
	p.checkouts = rpc.NewCheckoutServer(checkouts, keeper, p.worker.Kick)
	p.orders = rpc.NewOrderServer(orders, keeper)
	p.sagas = rpc.NewSagaServer(operator.New(p.store, p.runner), keeper, p.worker.Kick)
	return p
}

// work runs the process's worker until the test ends or the process stops.
func (p *process) work() *process {
	done := make(chan error, 1)
	go func() { done <- p.worker.Run(p.ctx) }()
	p.shop.t.Cleanup(func() {
		p.stop()
		require.NoError(p.shop.t, <-done)
	})
	return p
}

// kill ends the process as a SIGKILL would: nothing it holds is given back.
func (p *process) kill() {
	p.store.dead.Store(true)
	p.stop()
}

// shelf prices the test's carts: what they cost is fixed, how they are kept is real.
type shelf struct{ shop *shop }

func (s shelf) Get(ctx context.Context, cartID string) (*cart.Cart, error) {
	return s.shop.carts.Find(ctx, cartID)
}

func (s shelf) Price(_ context.Context, c *cart.Cart) (*cart.Priced, error) {
	return price(c, strings.HasPrefix(c.Note, "at shipment"))
}

const (
	skuA = "TSHIRT-M"
	skuB = "MUG"
	// Three shirts at 10.00 less a tenth by coupon, a mug at 5.00, delivery 4.95.
	fullPrice = 3000 + 500 + 495
	reduction = 300
)

// price adds a cart of shirts and mugs up.
func price(c *cart.Cart, atShipment bool) (*cart.Priced, error) {
	vat := tax.Charge{Name: "VAT 20%", Jurisdiction: "GB", Rate: 200_000}
	in := totals.Input{
		Currency: "GBP", Inclusive: true, Policy: tax.HalfUpLine,
		Shipping: &totals.ShippingInput{Source: "standard", Text: "Standard", Price: 495, Charge: vat},
	}
	fingerprint := sha256.Sum256([]byte(c.ID))
	p := &cart.Priced{
		RequiresShipping: true, Settings: settings.Default(c.Channel), Place: c.Place(), At: time.Now(),
		Basket: cart.Basket{Channel: c.Channel, Currency: c.Currency, Country: "GB", CustomerKey: "email:x", Coupons: c.Coupons},
		Quote:  cart.Quote{Fingerprint: hex.EncodeToString(fingerprint[:])},
	}
	if atShipment {
		p.Settings.Capture = settings.AtShipment
	}
	units := map[string]int64{skuA: 1000, skuB: 500}
	for _, l := range c.Lines {
		line := totals.LineInput{ID: l.ID, Source: "retail", Unit: units[l.SKU], Quantity: l.Quantity, Charge: vat}
		if l.SKU == skuA && len(c.Coupons) > 0 {
			line.Offs = []totals.Off{{Source: "ten-off", Text: "10 % off", Amount: reduction}}
		}
		in.Lines = append(in.Lines, line)
		p.Basket.Lines = append(p.Basket.Lines, cart.BasketLine{LineID: l.ID, SKU: l.SKU, Quantity: l.Quantity})
	}
	for _, g := range c.GiftCards {
		in.Cards = append(in.Cards, totals.CardInput{ID: g.ID, Last4: g.Last4, Balance: g.Balance})
	}
	result, err := totals.Compute(in)
	if err != nil {
		return nil, err
	}
	for i, l := range result.Lines {
		p.Lines = append(p.Lines, cart.PricedLine{
			ID: l.ID, SKU: c.Lines[i].SKU, Quantity: c.Lines[i].Quantity, Title: c.Lines[i].SKU, RequiresShipping: true, TaxClass: tax.Standard,
			Unit: units[c.Lines[i].SKU], Subtotal: l.Subtotal, Discount: l.Discount, Tax: l.Tax, Total: l.Total, Taxes: l.Taxes,
		})
	}
	sh := result.Shipping
	p.Shipping = &cart.PricedShipping{ZoneKey: "uk", MethodKey: "standard", Name: "Standard", Price: sh.Price, Tax: sh.Tax, Total: sh.Total, Taxes: sh.Taxes}
	for i, amount := range result.Cards {
		p.GiftCards = append(p.GiftCards, cart.AppliedGiftCard{GiftCard: c.GiftCards[i], Amount: amount})
	}
	p.Totals, p.Trace = result.Totals, result.Trace
	return p, nil
}

// buyer is one cart and how it is bought.
type buyer struct {
	shop      *shop
	cart      *cart.Cart
	card      string // gift card
	requestID string
}

// buyer makes a cart of three shirts and a mug. Mood "at shipment" captures at shipment.
func (s *shop) buyer(mood string, coupon bool, giftCard int64) *buyer {
	b := &buyer{shop: s, requestID: id.New()}
	home := &address.Address{FullName: "Ada Byron", Line1: "12 St James's Square", City: "London", PostalCode: "SW1Y 4JH", CountryCode: "GB"}
	b.cart = &cart.Cart{
		ID: id.Secret(), Channel: "uk-web", Currency: "GBP", Country: "GB", Locale: "en-GB", Email: "ada@example.com", Note: mood, Shipping: home,
		ShippingMethod: "standard", State: cart.Active,
		Coupons: []string{}, Lines: []cart.Line{{ID: id.New(), SKU: skuA, Quantity: 3}, {ID: id.New(), SKU: skuB, Quantity: 1}},
	}
	if coupon {
		b.cart.Coupons = []string{"TENOFF"}
	}
	if giftCard > 0 {
		b.card = id.New()
		b.cart.GiftCards = []cart.GiftCard{{ID: b.card, Last4: "WXYZ", Balance: giftCard}}
		s.payment.charge(b.card, giftCard)
	}
	require.NoError(s.t, s.carts.Insert(patient(), b.cart))
	return b
}

// calling is a call of this buyer's: what it causes at other services carries its request id.
func (b *buyer) calling(ctx context.Context) context.Context {
	return identity.WithRequestID(ctx, b.requestID)
}

func (b *buyer) request(key, method, token string) *cartv1.CheckoutRequest {
	return &cartv1.CheckoutRequest{
		CartId: b.cart.ID, RequestId: key, Payment: &cartv1.PaymentInput{Method: method, Token: token, ReturnUrl: "https://shop.example/back"},
	}
}

// buy checks out with a fresh key and gives the call as long as somebody else would get to pick it up.
func (b *buyer) buy(p *process, method, token string) (*cartv1.Order, error) {
	ctx, cancel := context.WithTimeout(b.calling(p.ctx), pickedUp)
	defer cancel()
	resp, err := p.checkouts.Checkout(ctx, b.request(id.New(), method, token))
	return resp.GetOrder(), err
}

// order reads the cart's newest order.
func (b *buyer) order() *order.Order {
	c, err := b.shop.carts.Find(patient(), b.cart.ID)
	require.NoError(b.shop.t, err)
	store := postgres.NewOrderStore(b.shop.database.DB)
	if c.OrderID != "" {
		o, err := store.GetOrder(patient(), c.OrderID)
		require.NoError(b.shop.t, err)
		return o
	}
	orders, err := store.ListOrders(patient(), order.Filter{}, 200)
	require.NoError(b.shop.t, err)
	for _, summary := range orders {
		o, err := store.GetOrder(patient(), summary.ID)
		require.NoError(b.shop.t, err)
		if o.CartID == b.cart.ID {
			return o
		}
	}
	return nil
}

func (b *buyer) cartState() cart.State {
	c, err := b.shop.carts.Find(patient(), b.cart.ID)
	require.NoError(b.shop.t, err)
	return c.State
}

// asStaff is a call of the back office.
func asStaff(ctx context.Context) context.Context {
	return identity.With(ctx, identity.Principal{Kind: identity.Staff, Subject: "clerk"})
}

// bought holds everything against a purchase that worked: one payment of what is due, one committed reservation, the gift
// card charged, the coupon used, the cart converted.
func (b *buyer) bought(t require.TestingT, orderID string) {
	o, err := postgres.NewOrderStore(b.shop.database.DB).GetOrder(patient(), orderID)
	require.NoError(t, err)
	require.Equal(t, order.Placed, o.Status)
	require.NotEmpty(t, o.Number)
	require.Equal(t, "0 held, 1 committed", b.shop.inventory.stateOf(o.ID))
	got := b.shop.payment.purse(o.ID, b.card)
	want := purse{GiftPosted: o.Money.Gift, GiftOnCard: got.GiftOnCard}
	if o.Money.Due > 0 {
		want.Payments, want.Authorized = 1, o.Money.Due
	}
	if !o.CaptureAtShipment {
		want.Captured = o.Money.Due
	}
	require.Equal(t, want, got)
	require.Equal(t, want.Captured, o.Money.Captured)
	require.Equal(t, cart.Converted, b.cartState())
	if len(b.cart.Coupons) > 0 {
		require.Equal(t, pricingv1.OrderUseState_ORDER_USE_STATE_REDEEMED, b.shop.pricing.use(o.ID))
	}
}

// gaveUp holds everything against a purchase that did not work: nothing is held anywhere and the cart is open.
func (b *buyer) gaveUp(t require.TestingT, orderID string) {
	o, err := postgres.NewOrderStore(b.shop.database.DB).GetOrder(patient(), orderID)
	require.NoError(t, err)
	require.Contains(t, []order.Status{order.Failed, order.Cancelled}, o.Status)
	require.Equal(t, "0 held, 0 committed", b.shop.inventory.stateOf(o.ID))
	got := b.shop.payment.purse(o.ID, b.card)
	require.Zero(t, got.HoldsHeld)
	require.Zero(t, got.GiftPosted)
	require.Equal(t, got.Captured, got.Refunded)
	if got.Captured == 0 {
		require.Zero(t, got.Authorized)
	}
	require.Equal(t, cart.Active, b.cartState())
	require.NotEqual(t, pricingv1.OrderUseState_ORDER_USE_STATE_RESERVED, b.shop.pricing.use(o.ID))
}

// ended waits until nothing works on the order any more.
func (s *shop) ended(orderID string, within time.Duration) {
	store := postgres.NewOrderStore(s.database.DB)
	require.Eventually(s.t, func() bool {
		active, err := store.ActiveSaga(patient(), orderID)
		return err == nil && active == ""
	}, within, 20*time.Millisecond)
}
