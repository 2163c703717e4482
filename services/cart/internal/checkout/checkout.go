// Package checkout turns a cart into an order by a durable machine.
//
// The cart is frozen and the order written with its whole priced snapshot before the first call to another service. Then
// the scarce, cheap and reversible things come first (quote, stock, gift cards) and money last. Until the order is
// placed a refusal gives everything back and opens the cart again; from then on the machine only goes forward. CHECKOUT.md
// beside this service's README lists the steps and what each outcome leads to.
package checkout

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// How checkouts refuse.
var (
	// ErrPriceChanged is a cart that costs something else than the buyer agreed to.
	ErrPriceChanged = errs.Define(errs.FailedPrecondition, "PRICE_CHANGED", "The cart costs something else now; the metadata give the new totals.")
	// ErrPaymentRequired is a checkout that leaves something to pay and says not how.
	ErrPaymentRequired = errs.Define(errs.Invalid, "PAYMENT_REQUIRED", "Something is left to pay and the request names no payment method.")
	// ErrDeclined is a payment that was refused.
	ErrDeclined = errs.Define(errs.Unprocessable, "PAYMENT_DECLINED", "The payment was refused; the cart is open again for another try.")
	// ErrExpired is a buyer who did not pay in time.
	ErrExpired = errs.Define(errs.Unprocessable, "PAYMENT_EXPIRED", "The payment was not finished in time; everything held was released and the cart is open again.")
	// ErrTimedOut is a checkout that could not be finished in time.
	ErrTimedOut = errs.Define(errs.Unavailable, "CHECKOUT_TIMED_OUT", "The checkout could not be finished in time; everything held was released and the cart is open again.")
	// ErrCardAttempts is how the payment service refuses a buyer who tried too many cards: a refusal, not an overload.
	ErrCardAttempts = errs.Define(errs.ResourceExhausted, "CARD_ATTEMPTS", "Too many card payments were refused; try again later or use another method.")
)

// PaymentInput says how the part that gift cards do not cover is paid.
type PaymentInput struct {
	// Method is the payment method's key.
	Method string `json:"method"`
	// Token stands for the card at the provider; forgotten when it is no longer needed.
	Token string `json:"token,omitempty"`
	// ReturnURL is where the buyer's browser comes back to.
	ReturnURL string `json:"return_url,omitempty"`
}

// Command is a wish to buy a cart.
type Command struct {
	// CartID names the cart.
	CartID string
	// ExpectedTotal is what the buyer agreed to; nil for any price.
	ExpectedTotal *money.Money
	// Payment is how to pay; nil when nothing is left to pay.
	Payment *PaymentInput
	// Claim takes the request's idempotency key for the order.
	Claim order.Claim
}

// Carts reads and prices carts.
type Carts interface {
	// Get reads a cart the caller may see.
	Get(ctx context.Context, cartID string) (*cart.Cart, error)
	// Price works out what a cart costs now.
	Price(ctx context.Context, c *cart.Cart) (*cart.Priced, error)
}

// CartStore keeps the carts that are being bought; its methods are those of cart.Store and join a transaction.
type CartStore interface {
	KeepPrice(ctx context.Context, c *cart.Cart) error
	Freeze(ctx context.Context, cartID string, version int64, orderID string) error
	Reopen(ctx context.Context, cartID, orderID string) error
	Convert(ctx context.Context, cartID, orderID string) error
}

// Store keeps checkouts.
type Store interface {
	order.Store
	// InsertOrder writes a new order with its lines.
	InsertOrder(ctx context.Context, o *order.Order) error
	// PlaceOrder gives the order its number and writes it as placed now.
	PlaceOrder(ctx context.Context, o *order.Order) error
	// PaymentToWatch is the payment of a placed order of which something is still to be captured and no problem is known;
	// empty when there is none, or when a machine that captures works on the order.
	PaymentToWatch(ctx context.Context, orderID string) (string, error)
	// TakeEvent remembers an event of the payment service; false when it was taken before.
	TakeEvent(ctx context.Context, eventID string) (bool, error)
}

// Confirmation makes a quote binding and takes the uses of coupons and promotions for an order.
type Confirmation struct {
	// OrderID names the order.
	OrderID string
	// Basket is what was quoted and Fingerprint what the quote came to.
	Basket      cart.Basket
	Fingerprint string
	// TTL is how long the uses are kept.
	TTL time.Duration
}

// Pricing is what a checkout needs of the pricing service. As with all peers: calls are repeatable by the order's id, and an
// error of which saga.Definite holds means that nothing was done.
type Pricing interface {
	// Confirm answers whether any use of a promotion was taken.
	Confirm(ctx context.Context, c Confirmation) (uses bool, err error)
	RedeemCoupons(ctx context.Context, orderID string) error
	ReleaseCoupons(ctx context.Context, orderID string) error
}

// Reservation is stock wanted for an order.
type Reservation struct {
	// ID names it; OrderID and Channel say for what.
	ID, OrderID, Channel string
	// CustomerKey is whom purchase limits are counted for.
	CustomerKey string
	// Lines are the units, in the order of the order's lines.
	Lines []order.StockLine
	// TTL is how long it is held unless committed.
	TTL time.Duration
}

// Stock is what a checkout needs of the inventory service.
type Stock interface {
	Reserve(ctx context.Context, r Reservation) error
	CommitReservation(ctx context.Context, reservationID string) error
	ReleaseReservation(ctx context.Context, reservationID string) error
}

// Authorization asks for the money of an order.
type Authorization struct {
	// PaymentID names the payment: the idempotency key.
	PaymentID string
	// OrderID, CartID, Channel and CustomerID say what it is for and who pays.
	OrderID, CartID, Channel, CustomerID string
	// Country is where the buyer is billed.
	Country string
	// Amount is how much.
	Amount money.Money
	// Input is how.
	Input PaymentInput
}

// GiftCardHold sets an amount of a gift card aside.
type GiftCardHold struct {
	// ID names the hold: the idempotency key.
	ID string
	// GiftCardID and OrderID say of which card and for what.
	GiftCardID, OrderID string
	// Amount is how much.
	Amount money.Money
	// TTL is how long it is held unless posted.
	TTL time.Duration
}

// Payments is what a checkout needs of the payment service.
type Payments interface {
	Authorize(ctx context.Context, a Authorization) (order.Payment, error)
	GetPayment(ctx context.Context, paymentID string) (order.Payment, error)
	// ResolvePayment asks the provider now.
	ResolvePayment(ctx context.Context, paymentID string) (order.Payment, error)
	Capture(ctx context.Context, m order.Movement) (order.Result, error)
	Void(ctx context.Context, paymentID, voidID, orderID string) (order.Payment, error)
	HoldGiftCard(ctx context.Context, h GiftCardHold) error
	PostGiftCardHold(ctx context.Context, holdID string) error
	ReleaseGiftCardHold(ctx context.Context, holdID, orderID string) error
}

// Peers are the services that a checkout calls.
type Peers struct {
	Pricing  Pricing
	Stock    Stock
	Payments Payments
}

// Config is the times of a checkout. A checkout gives up Margin before its stock would go back on sale.
type Config struct {
	// Hold is how long stock is held for a payment.
	Hold time.Duration
	// MethodHolds is how long for payment methods that take longer, by method key.
	MethodHolds map[string]time.Duration
	// Margin is how long before the end of the hold the checkout gives up.
	Margin time.Duration
}

// Limits of Config: what the inventory service accepts, and the time a step may take.
const (
	minHold   = time.Minute
	maxHold   = 7 * 24 * time.Hour
	minMargin = 10 * time.Second
)

// Check says what is wrong with the times.
func (c Config) Check() error {
	for _, hold := range append([]time.Duration{c.Hold}, values(c.MethodHolds)...) {
		if hold < minHold || hold > maxHold {
			return errs.InvalidField.New("a checkout holds stock for 1 minute to 7 days, not %s", hold)
		}
		if c.Margin < minMargin || c.Margin >= hold {
			return errs.InvalidField.New("the margin of a checkout is at least 10 s and less than every hold")
		}
	}
	return nil
}

func values(m map[string]time.Duration) []time.Duration {
	all := make([]time.Duration, 0, len(m))
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

func (c Config) hold(method string) time.Duration {
	if hold, ok := c.MethodHolds[method]; ok {
		return hold
	}
	return c.Hold
}

// Ports is what a Service works with.
type Ports struct {
	// Store keeps the checkouts.
	Store Store
	// Carts reads and prices carts, and CartStore freezes, reopens and converts them.
	Carts     Carts
	CartStore CartStore
	// Peers are the services that a checkout calls, never while a transaction is open.
	Peers Peers
	// Runner runs the machine.
	Runner *saga.Runner
	// Config is the times.
	Config Config
}

// Service checks carts out. It is safe for concurrent use.
type Service struct {
	Ports
	machine *machine
}

// New makes the service and registers its machine with the runner.
func New(p Ports) *Service {
	m := &machine{p}
	p.Runner.Add(m)
	return &Service{Ports: p, machine: m}
}
