package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/cart/internal/settings"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

const (
	// freezeTries is how often a cart that changes while it is priced is priced again.
	freezeTries = 3
	// answerMargin is the part of a call's time that is kept to answer it.
	answerMargin = 300 * time.Millisecond
	// patience is how long a call without a deadline works.
	patience = 20 * time.Second
)

// Checkout buys a cart. It answers the order when it is placed, when the buyer has something to do, or still pending when
// the call's time is over; a checkout that was refused is an error, the same one for every repeat.
func (s *Service) Checkout(ctx context.Context, c Command) (*order.Order, error) {
	started, err := s.begin(ctx, c)
	if err != nil {
		return nil, err
	}
	wait, cancel := answerIn(ctx)
	defer cancel()
	if err := s.Runner.Drive(wait, started.saga, started.run); err != nil {
		// What failed is recorded in the saga; Await goes on with it as long as there is time.
		if _, err := s.Runner.Await(wait, started.saga.ID); err != nil {
			return nil, fmt.Errorf("check out: %w", err)
		}
		return s.outcome(ctx, started.saga.ID)
	}
	return answer(started.run.order)
}

// Replay answers a checkout that was asked for before. IDEMPOTENCY_IN_PROGRESS while it still runs.
func (s *Service) Replay(ctx context.Context, orderID string) (*order.Order, error) {
	state, err := s.Runner.Advance(ctx, orderID)
	if err != nil {
		return nil, fmt.Errorf("replay checkout: %w", err)
	}
	if !state.State.Ended() && state.State != saga.Waiting {
		return nil, errs.IdempotencyInProgress.New("The checkout is still being worked on.").RetryAfter(time.Second)
	}
	return s.outcome(ctx, orderID)
}

func (s *Service) outcome(ctx context.Context, orderID string) (*order.Order, error) {
	o, err := s.Store.GetOrder(context.WithoutCancel(ctx), orderID)
	if err != nil {
		return nil, fmt.Errorf("read order: %w", err)
	}
	return answer(o)
}

func answer(o *order.Order) (*order.Order, error) {
	if o.Status == order.Failed && o.Failure != nil {
		return nil, o.Failure.Err()
	}
	return o, nil
}

type started struct {
	saga *saga.Saga
	run  *run
}

// begin is the first durable step: key, frozen cart, order and saga in one transaction. A cart that changes between pricing
// and freezing is priced again, so the order always is of the cart as it was frozen.
func (s *Service) begin(ctx context.Context, c Command) (started, error) {
	for try := 1; ; try++ {
		priced, err := s.price(ctx, c.CartID)
		if err != nil {
			return started{}, err
		}
		begun, err := s.prepare(ctx, c, priced)
		if err != nil {
			return started{}, err
		}
		err = s.write(ctx, c, priced, begun)
		if err == nil || s.written(ctx, begun, err) {
			return begun, nil
		}
		if !errs.Has(err, errs.VersionConflict) || try == freezeTries {
			return started{}, fmt.Errorf("begin checkout: %w", err)
		}
	}
}

// price reads an open cart of the caller and works out what it costs now.
func (s *Service) price(ctx context.Context, cartID string) (*cart.Cart, error) {
	c, err := s.Carts.Get(ctx, cartID)
	if err != nil {
		return nil, fmt.Errorf("read cart: %w", err)
	}
	caller := identity.From(ctx)
	if c.CustomerID != "" && caller.Kind != identity.Service && (caller.Kind != identity.Customer || caller.Subject != c.CustomerID) {
		return nil, cart.ErrNotFound.New("The cart does not exist.")
	}
	switch c.State {
	case cart.Active:
	case cart.CheckingOut:
		return nil, cart.ErrCheckoutRunning.New("Another checkout of the cart is running.").RetryAfter(time.Second)
	default:
		return nil, cart.ErrConverted.New("The cart was bought already or is gone.").Meta("order_id", c.OrderID)
	}
	priced, err := s.Carts.Price(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("price cart: %w", err)
	}
	if err := cart.Ready(c, priced); err != nil {
		return nil, err
	}
	c.Priced = priced
	return c, nil
}

// prepare makes the order and the saga of a priced cart.
func (s *Service) prepare(ctx context.Context, c Command, priced *cart.Cart) (started, error) {
	totals := priced.Priced.Totals
	if c.ExpectedTotal != nil && *c.ExpectedTotal != totals.Money(totals.Total) {
		// The buyer looks at the cart next, which must not go on showing the old price.
		if err := s.CartStore.KeepPrice(ctx, priced); err != nil {
			return started{}, fmt.Errorf("keep the new price: %w", err)
		}
		return started{}, priceChanged(totals).Meta("expected_total", c.ExpectedTotal.Decimal())
	}
	if totals.Due > 0 && c.Payment == nil {
		return started{}, ErrPaymentRequired.At("payment", "%s are left to pay; say how.", totals.Money(totals.Due))
	}
	o := newOrder(priced, c.Payment)
	m := memory{
		Basket: priced.Priced.Basket, Fingerprint: priced.Priced.Quote.Fingerprint, Actor: order.ActorOf(ctx),
		Hold: s.Config.hold(o.Snapshot.PaymentMethod),
	}
	if c.Payment != nil && totals.Due > 0 {
		m.Payment = *c.Payment
	}
	if billing := priced.BillingAddress(); billing != nil {
		m.Country = billing.CountryCode
	}
	begun := started{
		saga: &saga.Saga{ID: o.ID, Kind: order.CheckoutKind, OrderID: o.ID, State: saga.Running, Step: stepConfirmQuote, Lease: saga.NewLease()},
		run:  &run{machine: s.machine, order: o, memory: m, fresh: true},
	}
	return begun, begun.saga.Remember(m)
}

func (s *Service) write(ctx context.Context, c Command, priced *cart.Cart, begun started) error {
	o := begun.run.order
	return s.Store.Tx(ctx, func(ctx context.Context) error {
		if err := c.Claim(ctx, o.ID); err != nil {
			return err
		}
		if err := s.CartStore.Freeze(ctx, priced.ID, priced.Version, o.ID); err != nil {
			return err
		}
		if err := s.Store.InsertOrder(ctx, o); err != nil {
			return err
		}
		if err := s.Store.InsertSaga(ctx, begun.saga, begun.run.memory.Hold-s.Config.Margin, saga.Lease); err != nil {
			return err
		}
		return s.Store.AppendEvent(ctx, order.Event{OrderID: o.ID, Kind: "checkout.started", Actor: begun.run.memory.Actor, Data: map[string]string{
			"cart_id": o.CartID, "total": o.Amount(o.Money.Total).String(),
		}})
	})
}

// written says whether a beginning whose commit was not answered happened: then its saga is there, leased to this run, which
// goes on with it.
func (s *Service) written(ctx context.Context, begun started, cause error) bool {
	switch errs.CodeOf(cause) {
	case errs.Unavailable, errs.Internal, errs.DeadlineExceeded:
	default:
		return false
	}
	found, err := s.Runner.Look(ctx, begun.saga.ID)
	return err == nil && found.Lease == begun.saga.Lease
}

// newOrder is the snapshot of a priced cart.
func newOrder(c *cart.Cart, payment *PaymentInput) *order.Order {
	p := c.Priced
	orderID := id.Secret()
	o := &order.Order{
		ID: orderID, NumberPrefix: p.Settings.OrderPrefix, CartID: c.ID, Channel: c.Channel, Currency: c.Currency,
		CustomerID: c.CustomerID, Email: c.Email, Status: order.Pending,
		CaptureAtShipment: p.Settings.Capture == settings.AtShipment,
		ReservationID:     reservationID(orderID, 0),
		Money:             order.Money{Total: p.Totals.Total, Gift: p.Totals.GiftCards, Due: p.Totals.Due},
		Snapshot: order.Snapshot{
			Locale: c.Locale, Note: c.Note, PricesIncludeTax: p.Totals.Inclusive, Rounding: p.Totals.Policy,
			Totals: order.Totals{
				Subtotal: p.Totals.Subtotal, Discount: p.Totals.Discount,
				Shipping: p.Totals.Shipping - p.Totals.ShippingDiscount, Tax: p.Totals.Tax, Total: p.Totals.Total,
			},
			Taxes: p.Totals.Taxes, ShippingAddress: c.Shipping, BillingAddress: c.BillingAddress(), Trace: p.Trace,
		},
	}
	for _, l := range p.Lines {
		o.Lines = append(o.Lines, newLine(l))
	}
	if sh := p.Shipping; sh != nil {
		o.Snapshot.Shipping = &order.Shipping{
			ZoneKey: sh.ZoneKey, MethodKey: sh.MethodKey, Name: sh.Name,
			Price: sh.Price, Discount: sh.Discount, Tax: sh.Tax, Total: sh.Total, Taxes: sh.Taxes,
		}
	}
	for _, d := range p.Discounts {
		o.Snapshot.Discounts = append(o.Snapshot.Discounts, order.Discount(d))
	}
	for i, g := range p.GiftCards {
		if g.Amount > 0 {
			o.GiftCards = append(o.GiftCards, order.GiftCard{HoldID: holdID(orderID, i, 0), GiftCardID: g.ID, Last4: g.Last4, Amount: g.Amount})
		}
	}
	if p.Totals.Due > 0 && payment != nil {
		o.PaymentID, o.Snapshot.PaymentMethod = orderID+"-p0", payment.Method
	}
	return o
}

func newLine(l cart.PricedLine) order.Line {
	return order.Line{
		ID: l.ID, SKU: l.SKU, Quantity: l.Quantity, Subtotal: l.Subtotal, Discount: l.Discount, Tax: l.Tax, Total: l.Total,
		Sold: order.Sold{
			ProductID: l.ProductID, Title: l.Title, VariantTitle: l.VariantTitle, Handle: l.Handle, ImageURL: l.ImageURL,
			TaxClass: l.TaxClass, RequiresShipping: l.RequiresShipping, WeightGrams: l.WeightGrams,
			UnitPrice: l.Unit, PriceListKey: l.PriceList, CategoryIDs: l.CategoryIDs, Tags: l.Tags, Taxes: l.Taxes,
		},
	}
}

// reservationID derives the id of an order's stock; a reservation that expired is replaced by the next generation.
func reservationID(orderID string, generation int) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "cartwright:reservation:%s:%d", orderID, generation)).String()
}

// holdID derives the id of an order's nth gift card hold.
func holdID(orderID string, n, generation int) string {
	return fmt.Sprintf("%s-g%d-%d", orderID, n, generation)
}

// ResumeCheckout asks the provider about the payment of an order that waits for it, goes on with the checkout and answers
// the order as it is then.
func (s *Service) ResumeCheckout(ctx context.Context, orderID string) (*order.Order, error) {
	o, err := s.visible(ctx, orderID)
	if err != nil {
		return nil, err
	}
	if o.Status != order.Pending && o.Status != order.RequiresAction {
		return o, nil
	}
	if o.PaymentID != "" && o.Status == order.RequiresAction {
		// The machine reads the payment itself; should the provider not answer now, it will be asked again.
		_, err := s.Peers.Payments.ResolvePayment(order.AsService(ctx, order.ActorOf(ctx)), o.PaymentID)
		if err != nil && ctx.Err() != nil {
			return nil, fmt.Errorf("resolve payment: %w", err)
		}
	}
	if err := s.Store.WakeSagas(ctx, orderID); err != nil {
		return nil, fmt.Errorf("wake checkout: %w", err)
	}
	wait, cancel := answerIn(ctx)
	defer cancel()
	if _, err := s.Runner.Await(wait, orderID); err != nil {
		return nil, fmt.Errorf("resume checkout: %w", err)
	}
	return s.visible(context.WithoutCancel(ctx), orderID)
}

func (s *Service) visible(ctx context.Context, orderID string) (*order.Order, error) {
	o, err := s.Store.GetOrder(ctx, orderID)
	if err != nil {
		return nil, fmt.Errorf("get order: %w", err)
	}
	return o, order.Visible(ctx, o)
}

// GetCheckout shows the machine of an order. Staff only.
func (s *Service) GetCheckout(ctx context.Context, orderID string) (*saga.Saga, error) {
	switch identity.From(ctx).Kind {
	case identity.Staff, identity.Service:
	default:
		return nil, errs.Forbidden.New("Only staff may see how a checkout runs.")
	}
	state, err := s.Store.GetSaga(ctx, orderID)
	if errs.CodeOf(err) == errs.NotFound {
		return nil, order.NotFound(orderID)
	}
	if err != nil {
		return nil, fmt.Errorf("get checkout: %w", err)
	}
	return state, nil
}

// answerIn is the part of the call's time that may be spent on work.
func answerIn(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithTimeout(ctx, patience)
	}
	return context.WithDeadlineCause(ctx, deadline.Add(-answerMargin), errors.New("the call's time is over"))
}
