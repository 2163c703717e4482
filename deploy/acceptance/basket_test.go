package acceptance_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// settleTime is how long an order may take from the buyer's last act to its final state.
const settleTime = 30 * time.Second

// returnURL is a page of the storefront.
const returnURL = "http://localhost/return"

// basket is a cart in the hands of its buyer.
type basket struct {
	*caller
	market *market
	cart   *storefrontv1.Cart
}

func units(i *item, quantity int32) *storefrontv1.LineInput {
	return &storefrontv1.LineInput{Sku: i.sku, Quantity: quantity}
}

// fill opens a cart with lines.
func (c *caller) fill(m *market, lines ...*storefrontv1.LineInput) *basket {
	c.t.Helper()
	answer := &storefrontv1.CreateCartResponse{}
	c.do(http.MethodPost, "/v1/carts", &storefrontv1.CreateCartRequest{Channel: m.channel, Lines: lines}, answer)
	return &basket{caller: c, market: m, cart: answer.GetCart()}
}

func (b *basket) path(rest string) string { return "/v1/carts/" + b.cart.GetId() + rest }

// ready gives the cart all that a checkout needs: e-mail, the market's usual address, standard delivery.
func (b *basket) ready() *basket {
	b.t.Helper()
	return b.deliverTo(b.market.address).by("standard")
}

func (b *basket) deliverTo(address *typev1.Address) *basket {
	b.t.Helper()
	email := "buyer-" + b.cart.GetId()[:8] + "@example.com"
	answer := &storefrontv1.UpdateCartResponse{}
	b.do(http.MethodPatch, b.path(""), &storefrontv1.UpdateCartRequest{Email: &email, ShippingAddress: address}, answer)
	b.cart = answer.GetCart()
	return b
}

// as gives the buyer another e-mail address.
func (b *basket) as(email string) *basket {
	b.t.Helper()
	answer := &storefrontv1.UpdateCartResponse{}
	b.do(http.MethodPatch, b.path(""), &storefrontv1.UpdateCartRequest{Email: &email}, answer)
	b.cart = answer.GetCart()
	return b
}

func (b *basket) by(method string) *basket {
	b.t.Helper()
	answer := &storefrontv1.SetShippingOptionResponse{}
	b.do(http.MethodPut, b.path("/shipping-option"), &storefrontv1.SetShippingOptionRequest{Key: method}, answer)
	b.cart = answer.GetCart()
	return b
}

// coupon gives the cart a code.
func (b *basket) coupon(code string) *basket {
	b.t.Helper()
	answer := &storefrontv1.ApplyCouponResponse{}
	b.do(http.MethodPost, b.path("/coupons"), &storefrontv1.ApplyCouponRequest{Code: code}, answer)
	b.cart = answer.GetCart()
	return b
}

// giftCard lets a gift card pay.
func (b *basket) giftCard(code string) *basket {
	b.t.Helper()
	answer := &storefrontv1.ApplyGiftCardResponse{}
	b.do(http.MethodPost, b.path("/gift-cards"), &storefrontv1.ApplyGiftCardRequest{Code: code}, answer)
	b.cart = answer.GetCart()
	return b
}

func (b *basket) read() *storefrontv1.Cart {
	b.t.Helper()
	answer := &storefrontv1.GetCartResponse{}
	b.get(b.path(""), answer)
	b.cart = answer.GetCart()
	return b.cart
}

// card pays by a token of the sandbox provider's form; what kind of card it is stands in its name.
func card(kind string) *storefrontv1.PaymentInput {
	return &storefrontv1.PaymentInput{Method: "card", Token: "tok_" + kind + "_" + id.Secret(), ReturnUrl: returnURL}
}

// redirect pays by a method that sends the buyer elsewhere.
func redirect(method string) *storefrontv1.PaymentInput {
	return &storefrontv1.PaymentInput{Method: method, ReturnUrl: returnURL}
}

// buyCall is the checkout of the cart as a request.
func (b *basket) buyCall(pay *storefrontv1.PaymentInput) shopclient.Call {
	return shopclient.Call{Verb: http.MethodPost, Path: b.path("/checkout"), Key: id.New(), In: &storefrontv1.CheckoutRequest{Payment: pay}}
}

// buy checks out and returns the order as it is then, whatever its state.
func (b *basket) buy(pay *storefrontv1.PaymentInput) *storefrontv1.Order {
	b.t.Helper()
	answer := &storefrontv1.CheckoutResponse{}
	require.NoError(b.t, b.try(b.buyCall(pay), answer), "checkout of cart %s", b.cart.GetId())
	return answer.GetOrder()
}

// bought checks out and returns the order once it is placed and paid.
func (b *basket) bought(pay *storefrontv1.PaymentInput) *storefrontv1.Order {
	b.t.Helper()
	order := b.settled(b.buy(pay).GetId())
	require.Equal(b.t, storefrontv1.OrderStatus_ORDER_STATUS_PLACED, order.GetStatus(), "order %s: %v", order.GetId(), order.GetFailure())
	require.Equal(b.t, b.cart.GetTotals().GetTotal().GetAmount(), order.GetTotals().GetTotal().GetAmount(), "the order costs what the cart showed")
	return order
}

func (c *caller) order(orderID string) *storefrontv1.Order {
	c.t.Helper()
	answer := &storefrontv1.GetOrderResponse{}
	c.get("/v1/orders/"+orderID, answer)
	return answer.GetOrder()
}

// settled waits until nothing goes on in an order's checkout any more, checks that its figures add up, and returns it.
func (c *caller) settled(orderID string) *storefrontv1.Order {
	c.t.Helper()
	staff := c.shop.staff(c.t)
	until(c.t, settleTime, "order "+orderID+" reaches a final state", func() bool {
		state := &adminv1.GetCheckoutResponse{}
		staff.get("/admin/v1/orders/"+orderID+"/checkout", state)
		return state.GetState() == adminv1.CheckoutState_CHECKOUT_STATE_DONE || state.GetState() == adminv1.CheckoutState_CHECKOUT_STATE_FAILED
	})
	order := c.order(orderID)
	addsUp(c.t, order)
	return order
}

// addsUp checks that the figures of an order are one sum: what every buyer and every accountant relies on.
func addsUp(t *testing.T, order *storefrontv1.Order) {
	t.Helper()
	sum := func(amounts ...*typev1.Amount) (total int64) {
		for _, a := range amounts {
			total += minor(t, a)
		}
		return total
	}
	totals := order.GetTotals()
	var subtotal, discount, tax, lines int64
	for _, line := range order.GetLines() {
		require.Equal(t, sum(line.GetUnitPrice())*int64(line.GetQuantity()), sum(line.GetSubtotal()), "subtotal of line %s", line.GetSku())
		want := sum(line.GetSubtotal()) - sum(line.GetDiscount())
		if !order.GetPricesIncludeTax() {
			want += sum(line.GetTax())
		}
		require.Equal(t, want, sum(line.GetTotal()), "total of line %s", line.GetSku())
		subtotal, discount, tax, lines = subtotal+sum(line.GetSubtotal()), discount+sum(line.GetDiscount()), tax+sum(line.GetTax()), lines+sum(line.GetTotal())
	}
	shipping := order.GetShipping()
	require.Equal(t, subtotal, sum(totals.GetSubtotal()), "subtotal")
	require.Equal(t, discount, sum(totals.GetDiscount()), "discount")
	require.Equal(t, tax+sum(shipping.GetTax()), sum(totals.GetTax()), "tax")
	require.Equal(t, lines+sum(shipping.GetTotal()), sum(totals.GetTotal()), "total")
	require.Equal(t, sum(shipping.GetPrice())-sum(shipping.GetDiscount()), sum(totals.GetShipping()), "shipping")
	require.Equal(t, sum(totals.GetTotal()), sum(totals.GetGiftCard(), totals.GetDue()), "gift cards and what is due")
	var named int64
	for _, applied := range order.GetTaxes() {
		named += sum(applied.GetAmount())
	}
	require.Equal(t, sum(totals.GetTax()), named, "named taxes")
}
