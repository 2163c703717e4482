package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
)

// The steps towards a placed order, those after it, and those that give everything back.
const (
	stepConfirmQuote     = "confirm_quote"
	stepReserveStock     = "reserve_stock"
	stepHoldGiftCards    = "hold_gift_cards"
	stepAuthorizePayment = "authorize_payment"
	stepAwaitPayment     = "await_payment"
	stepPlace            = "place"

	stepCommitStock    = "commit_stock"
	stepPostGiftCards  = "post_gift_cards"
	stepCapturePayment = "capture_payment"
	stepRedeemCoupons  = "redeem_coupons"
	stepClose          = "close"

	stepVoidPayment      = "void_payment"
	stepReleaseGiftCards = "release_gift_cards"
	stepReleaseStock     = "release_stock"
	stepReleaseCoupons   = "release_coupons"
	stepFail             = "fail"
)

// memory is what a checkout must not forget when its process dies.
type memory struct {
	// Basket and Fingerprint are the quote to confirm.
	Basket      cart.Basket `json:"basket"`
	Fingerprint string      `json:"fingerprint"`
	// Payment is how to pay; its token is forgotten once the payment is decided.
	Payment PaymentInput `json:"payment"`
	// Opened says that the payment was asked for and waits. It cannot be asked for again: its token is forgotten.
	Opened bool `json:"opened,omitempty"`
	// Country is where the buyer is billed.
	Country string `json:"country,omitempty"`
	// Actor is who asked.
	Actor order.Actor `json:"actor"`
	// Hold is how long stock is held.
	Hold time.Duration `json:"hold"`
	// NoUses says that the confirmed quote uses no limited promotion, so that nothing has to be redeemed or released.
	NoUses bool `json:"no_uses,omitempty"`
	// Captured is what the payment captured.
	Captured int64 `json:"captured,omitempty"`
	// GiftPosted says that the gift cards were charged.
	GiftPosted bool `json:"gift_posted,omitempty"`
	// Problem says that the provider refused to capture.
	Problem bool `json:"problem,omitempty"`
	// StockLost says that the stock was gone when the order was placed: it is cancelled at the end.
	StockLost bool `json:"stock_lost,omitempty"`
	// CouponsLost is why the uses of coupons could not be redeemed.
	CouponsLost string `json:"coupons_lost,omitempty"`
	// Failure is why the checkout ends; Cancelled that somebody asked for it.
	Failure   *order.Failure `json:"failure,omitempty"`
	Cancelled bool           `json:"cancelled,omitempty"`
}

// machine runs checkouts.
type machine struct{ Ports }

// Kind implements saga.Machine.
func (m *machine) Kind() string { return order.CheckoutKind }

// Open implements saga.Machine.
func (m *machine) Open(ctx context.Context, s *saga.Saga) (saga.Run, error) {
	o, err := m.Store.GetOrder(ctx, s.OrderID)
	if err != nil {
		return nil, fmt.Errorf("read order: %w", err)
	}
	r := &run{machine: m, order: o}
	return r, s.Recall(&r.memory)
}

// Reversible implements saga.Machine: until the order is placed, and while everything is being given back anyhow.
func (m *machine) Reversible(s *saga.Saga) bool {
	return s.State == saga.Compensating || beforePivot(s.Step)
}

// run is one process's work on one checkout.
type run struct {
	*machine
	order  *order.Order
	memory memory
	// fresh says that this run began the checkout: nothing can have happened that it did not do itself.
	fresh bool
	// reached are the steps this run tried.
	reached map[string]bool
}

// Memory implements saga.Run.
func (r *run) Memory() any { return r.memory }

// Step implements saga.Run.
func (r *run) Step(ctx context.Context, s *saga.Saga) (saga.Next, error) {
	calls := order.AsService(ctx, r.memory.Actor)
	if r.reached == nil {
		r.reached = map[string]bool{}
	}
	r.reached[s.Step] = true
	if s.State == saga.Compensating {
		return r.giveBack(calls, s.Step)
	}
	if next, stop := r.mustStop(s); stop {
		return next, nil
	}
	switch s.Step {
	case stepConfirmQuote:
		return r.confirmQuote(calls)
	case stepReserveStock:
		return r.reserveStock(calls)
	case stepHoldGiftCards:
		return r.holdGiftCards(calls)
	case stepAuthorizePayment:
		return r.authorizePayment(calls, s)
	case stepAwaitPayment:
		return r.awaitPayment(calls, s)
	case stepPlace:
		return r.place(s)
	}
	return r.forward(calls, s.Step)
}

// forward does the steps after the order was placed. None of them ends the checkout without the order.
func (r *run) forward(ctx context.Context, step string) (saga.Next, error) {
	switch step {
	case stepCommitStock:
		return r.commitStock(ctx)
	case stepPostGiftCards:
		return r.postGiftCards(ctx)
	case stepCapturePayment:
		return r.capturePayment(ctx)
	case stepRedeemCoupons:
		return r.redeemCoupons(ctx)
	case stepClose:
		return r.close()
	}
	return saga.Next{}, fmt.Errorf("unknown step %q", step)
}

// mustStop ends a checkout that was cancelled or has run out of time before the order was placed. Waiting for a payment ends
// in its own step, which asks once more.
func (r *run) mustStop(s *saga.Saga) (saga.Next, bool) {
	if !beforePivot(s.Step) {
		return saga.Next{}, false
	}
	switch {
	case s.CancelRequested:
		r.memory.Cancelled = true
		return r.abort(nil), true
	case s.Expired && s.Step != stepAwaitPayment && s.Step != stepPlace:
		return r.abort(ErrTimedOut.New("The checkout could not be finished in time.").Because(errors.New(s.LastError))), true
	}
	return saga.Next{}, false
}

func beforePivot(step string) bool {
	switch step {
	case stepConfirmQuote, stepReserveStock, stepHoldGiftCards, stepAuthorizePayment, stepAwaitPayment, stepPlace:
		return true
	default:
		return false
	}
}

// abort begins to give back. It is not for orders that were placed.
func (r *run) abort(cause error) saga.Next {
	if cause != nil {
		r.memory.Failure = order.FailureOf(cause)
	}
	return saga.Next{State: saga.Compensating, Step: stepVoidPayment}
}

func (r *run) confirmQuote(ctx context.Context) (saga.Next, error) {
	uses, err := r.Peers.Pricing.Confirm(ctx, Confirmation{
		OrderID: r.order.ID, Basket: r.memory.Basket, Fingerprint: r.memory.Fingerprint, TTL: r.memory.Hold + r.Config.Margin,
	})
	switch {
	case err == nil:
		r.memory.NoUses = !uses
		return saga.Next{Step: stepReserveStock}, nil
	case !saga.Definite(err):
		return saga.Next{}, fmt.Errorf("confirm quote: %w", err)
	case errors.Is(err, ErrPriceChanged.Err()):
		return r.abort(r.nowCosts(ctx, err)), nil
	}
	return r.abort(err), nil
}

// nowCosts adds what the cart costs now to a refusal of its price, as far as that can be found out.
func (r *run) nowCosts(ctx context.Context, refusal error) error {
	c, err := r.Carts.Get(ctx, r.order.CartID)
	if err != nil {
		return refusal
	}
	priced, err := r.Carts.Price(ctx, c)
	if err != nil {
		return refusal
	}
	return priceChanged(priced.Totals).Meta("expected_total", r.order.Amount(r.order.Money.Total).Decimal())
}

func (r *run) reserveStock(ctx context.Context) (saga.Next, error) {
	err := r.Peers.Stock.Reserve(ctx, r.reservation(0))
	switch {
	case err == nil:
		return saga.Next{Step: stepHoldGiftCards}, nil
	case !saga.Definite(err):
		return saga.Next{}, fmt.Errorf("reserve stock: %w", err)
	}
	return r.abort(err), nil
}

func (r *run) reservation(generation int) Reservation {
	reservation := Reservation{
		ID: reservationID(r.order.ID, generation), OrderID: r.order.ID, Channel: r.order.Channel, TTL: r.memory.Hold,
		CustomerKey: customerKey(r.order.CustomerID, r.order.Email),
	}
	for _, l := range r.order.Lines {
		reservation.Lines = append(reservation.Lines, order.StockLine{SKU: l.SKU, Quantity: l.Quantity})
	}
	return reservation
}

func (r *run) holdGiftCards(ctx context.Context) (saga.Next, error) {
	for _, card := range r.order.GiftCards {
		err := r.Peers.Payments.HoldGiftCard(ctx, r.hold(card, card.HoldID))
		if err != nil && !saga.Definite(err) {
			return saga.Next{}, fmt.Errorf("hold gift card: %w", err)
		}
		if err != nil {
			return r.abort(err), nil
		}
	}
	return saga.Next{Step: stepAuthorizePayment}, nil
}

// hold is kept longer than the stock, so that no gift card is free again while the order can still be placed.
func (r *run) hold(card order.GiftCard, holdID string) GiftCardHold {
	return GiftCardHold{
		ID: holdID, GiftCardID: card.GiftCardID, OrderID: r.order.ID, Amount: r.order.Amount(card.Amount),
		TTL: min(r.memory.Hold+r.Config.Margin, maxHold),
	}
}

// place is the pivot: in one transaction the order gets its number and is bought. A request to cancel that came first
// keeps it from happening.
func (r *run) place(s *saga.Saga) (saga.Next, error) {
	s.Deadline, s.Expired = time.Time{}, false
	r.memory.Payment.Token = ""
	return saga.Next{State: saga.Running, Step: stepCommitStock, UnlessCancelled: true, Write: func(ctx context.Context) error {
		placed := *r.order
		if err := r.Store.PlaceOrder(ctx, &placed); err != nil {
			return err
		}
		r.order = &placed
		return r.Store.AppendEvent(ctx, order.Event{OrderID: placed.ID, Kind: "order.placed", Actor: r.memory.Actor, Data: map[string]string{
			"number": placed.Number, "total": placed.Amount(placed.Money.Total).String(), "payment_id": placed.PaymentID,
		}})
	}}, nil
}
