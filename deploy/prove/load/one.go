package load

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// One is a single purchase whose steps a scenario takes itself.
type One struct{ b *buyer }

// One begins a purchase.
func (c *Crowd) One(kind Kind) One {
	dice := rand.New(rand.NewPCG(c.seed, c.serial.Add(1))) //nolint:gosec // who buys what is no secret
	return One{&buyer{crowd: c, dice: dice, kind: kind, acted: true}}
}

// Fill makes the cart.
func (o One) Fill(ctx context.Context) error { return o.b.fill(ctx) }

// Checkout buys the cart; no order and no error means that it was refused as it may be.
func (o One) Checkout(ctx context.Context) (*storefrontv1.Order, error) { return o.b.checkout(ctx) }

// Expecting buys the cart at a total.
func (o One) Expecting(ctx context.Context, total string) error {
	return o.b.do(ctx, http.MethodPost, o.b.path("/checkout"), &storefrontv1.CheckoutRequest{Payment: o.b.payment(), ExpectedTotal: pounds(total)}, nil)
}

// Cart is the cart as the shop shows it.
func (o One) Cart(ctx context.Context) (*storefrontv1.Cart, error) {
	answer := &storefrontv1.GetCartResponse{}
	err := o.b.do(ctx, http.MethodGet, o.b.path(""), nil, answer)
	return answer.GetCart(), err
}

// Add puts more on the cart.
func (o One) Add(ctx context.Context, sku string, quantity int32) error {
	return o.b.do(ctx, http.MethodPost, o.b.path("/lines"), &storefrontv1.AddLinesRequest{Lines: []*storefrontv1.LineInput{{Sku: sku, Quantity: quantity}}}, nil)
}

// Resume comes back from the provider.
func (o One) Resume(ctx context.Context, orderID string) error {
	return o.b.do(ctx, http.MethodPost, "/v1/orders/"+orderID+"/resume", &storefrontv1.ResumeCheckoutRequest{}, nil)
}

// Cancel cancels an order, again while something is under way for it.
func (o One) Cancel(ctx context.Context, orderID string) error {
	return o.b.busy(ctx, func() error {
		return o.b.do(ctx, http.MethodPost, "/v1/orders/"+orderID+"/cancel", &storefrontv1.CancelOrderRequest{Reason: "changed my mind"}, nil)
	})
}

// Refund gives one unit of the order's first line back, once.
func (o One) Refund(ctx context.Context, order *storefrontv1.Order) error {
	return o.b.staff(ctx, http.MethodPost, "/admin/v1/orders/"+order.GetId()+"/refunds", &adminv1.RefundOrderRequest{
		Lines: []*adminv1.RefundItem{{OrderLineId: order.GetLines()[0].GetId(), Quantity: 1}}, Reason: "too small",
	}, nil)
}

// Ship sends every line of an order, each in a parcel of its own.
func (o One) Ship(ctx context.Context, order *storefrontv1.Order) error {
	for n := range order.GetLines() {
		if err := o.b.ship(ctx, order, n); err != nil {
			return err
		}
	}
	return nil
}

// Settled reads the order until it is decided.
func (o One) Settled(ctx context.Context, orderID string) (*storefrontv1.Order, error) {
	return o.b.settled(ctx, orderID)
}

// Staff reads the order as staff do.
func (o One) Staff(ctx context.Context, orderID string) (*adminv1.Order, error) {
	answer := &adminv1.GetOrderResponse{}
	err := o.b.staff(ctx, http.MethodGet, "/admin/v1/orders/"+orderID, nil, answer)
	return answer.GetOrder(), err
}

// Count sets the stock of a thing once.
func (c *Crowd) Count(ctx context.Context, sku string, units int32) error {
	return c.call(ctx, c.market.Staff, shopclient.Call{Verb: http.MethodPost, Path: "/admin/v1/stock/set", In: &adminv1.SetStockRequest{
		Entries: []*adminv1.SetStockEntry{{Sku: sku, LocationKey: warehouse, OnHand: units}}, Reason: "count",
	}}, nil)
}

// Reason is why a call was refused; empty for anything else.
func Reason(err error) string { return reasonOf(err) }

// Refused tells whether an error is a refusal of the shop.
func Refused(err error) bool {
	var problem *shopclient.Problem
	return errors.As(err, &problem)
}

// AtOnce is the channel that charges when an order is placed.
const AtOnce = atOnce
