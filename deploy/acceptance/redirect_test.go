package acceptance_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// ways lists the ways to pay that the shop offers.
func (c *caller) ways(m *market, country string) []string {
	c.t.Helper()
	answer := &storefrontv1.ListPaymentMethodsResponse{}
	c.get("/v1/payment-methods?"+url.Values{"channel": {m.channel}, "countryCode": {country}}.Encode(), answer)
	var keys []string
	for _, way := range answer.GetMethods() {
		keys = append(keys, way.GetKey())
	}
	return keys
}

// When this fails a buyer is offered a way to pay that does not work where they are, or misses theirs.
func TestWaysToPayByCountry(t *testing.T) {
	t.Parallel()
	guest := theShop.guest(t)
	require.Equal(t, []string{"card", "wallet", "qr", "voucher"}, guest.ways(theShop.market(gb), "GB"))
	require.Equal(t, []string{"card", "wallet", "qr"}, guest.ways(theShop.market(us), "US"))
	require.Equal(t, []string{"card", "qr", "voucher"}, guest.ways(theShop.market(jp), "JP"))

	m := theShop.market(us)
	thing := theShop.sell(t, goods{price: "30.00", stock: 5}, m)
	b := guest.fill(m, units(thing, 1)).ready()
	b.refused(http.StatusConflict, "PAYMENT_METHOD_UNAVAILABLE", b.buyCall(redirect("voucher")))
	thing.left(5, 5)
}

// When this fails buyers with a wallet cannot pay, or pay without getting an order.
func TestWalletApproved(t *testing.T) {
	t.Parallel()
	m := theShop.market(eu)
	thing := theShop.sell(t, goods{price: "20.00", stock: 3}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	order := b.buy(redirect("wallet"))
	require.Equal(t, requiresAction, order.GetStatus())
	action := order.GetPayment().GetNextAction()
	require.Equal(t, storefrontv1.NextActionType_NEXT_ACTION_TYPE_REDIRECT, action.GetType())
	back := theShop.decide(t, action.GetUrl(), "approve")
	require.Equal(t, returnURL, back.Header.Get("Location"))
	b.resume(order.GetId())
	order = b.settled(order.GetId())
	require.Equal(t, placed, order.GetStatus())
	require.Equal(t, moved{Authorized: 2495, Captured: 2495}, theShop.moved(t, order.GetId()))
	thing.left(3, 2)
}

// When this fails somebody gets goods by coming back from the wallet without paying.
func TestWalletDenied(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "20.00", stock: 3}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	order := b.buy(redirect("wallet"))
	theShop.decide(t, order.GetPayment().GetNextAction().GetUrl(), "deny")
	b.resume(order.GetId())
	order = b.settled(order.GetId())
	require.Equal(t, failed, order.GetStatus())
	require.Equal(t, "PAYMENT_DECLINED", order.GetFailure().GetReason())
	require.Equal(t, moved{}, theShop.moved(t, order.GetId()))
	thing.left(3, 3)
}

// When this fails the order of a buyer who closed the browser after paying is lost: nobody comes back, the provider tells.
func TestWalletBuyerNeverComesBack(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "20.00", stock: 3}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	order := b.buy(redirect("wallet"))
	theShop.decide(t, order.GetPayment().GetNextAction().GetUrl(), "approve")
	order = b.settled(order.GetId())
	require.Equal(t, placed, order.GetStatus())
	require.Equal(t, captured, order.GetPaymentStatus())
}

// When this fails buyers who pay by scanning a code are charged without an order; the method takes the money at once.
func TestQRCode(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "20.00", stock: 3}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	order := b.buy(redirect("qr"))
	action := order.GetPayment().GetNextAction()
	require.Equal(t, storefrontv1.NextActionType_NEXT_ACTION_TYPE_QR, action.GetType())
	require.NotEmpty(t, action.GetData())
	theShop.decide(t, action.GetUrl(), "approve")
	order = b.settled(order.GetId())
	require.Equal(t, placed, order.GetStatus())
	require.Equal(t, "GBP 23.95", text(order.GetTotals().GetCaptured()))
	require.Equal(t, moved{Authorized: 2395, Captured: 2395}, theShop.moved(t, order.GetId()))
	require.Equal(t, map[string]int{"authorize": 0}, withZero(theShop.worked(t, order.GetId()), "authorize"), "the buyer's act took the money, no capture was asked")
	thing.left(3, 2)
}

// withZero keeps one kind of a count, so that its absence reads as 0.
func withZero(counts map[string]int, kind string) map[string]int {
	for other := range counts {
		if other != kind {
			return counts
		}
	}
	return map[string]int{kind: counts[kind]}
}

// When this fails an order by bank voucher is never placed after the money came, or goods leave before it came.
func TestVoucherPaidLater(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "20.00", stock: 3}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	order := b.buy(redirect("voucher"))
	require.Equal(t, requiresAction, order.GetStatus())
	action := order.GetPayment().GetNextAction()
	require.Equal(t, storefrontv1.NextActionType_NEXT_ACTION_TYPE_VOUCHER, action.GetType())
	require.NotEmpty(t, action.GetData())
	require.True(t, action.GetExpiresAt().AsTime().After(time.Now().Add(time.Hour)), "a bank takes more than an hour")
	thing.left(3, 2)
	require.Equal(t, requiresAction, b.resume(order.GetId()).GetStatus(), "looking does not pay")

	theShop.decide(t, action.GetUrl(), "pay")
	order = b.settled(order.GetId())
	require.Equal(t, placed, order.GetStatus())
	require.Equal(t, captured, order.GetPaymentStatus())
	require.Equal(t, moved{Authorized: 2395, Captured: 2395}, theShop.moved(t, order.GetId()))
	thing.left(3, 2)
}

// When this fails a buyer who gives up a waiting order cannot buy the cart in another way.
func TestWaitingOrderCancelled(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "20.00", stock: 3}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	order := b.buy(redirect("voucher"))
	answer := &storefrontv1.CancelOrderResponse{}
	b.do(http.MethodPost, "/v1/orders/"+order.GetId()+"/cancel", &storefrontv1.CancelOrderRequest{Reason: "another card"}, answer)
	order = b.settled(order.GetId())
	require.Equal(t, cancelled, order.GetStatus())
	thing.left(3, 3)
	require.Equal(t, storefrontv1.CartState_CART_STATE_ACTIVE, b.read().GetState())
	b.bought(card("ok"))
	thing.left(3, 2)
}
