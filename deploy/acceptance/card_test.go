package acceptance_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

const (
	placed         = storefrontv1.OrderStatus_ORDER_STATUS_PLACED
	failed         = storefrontv1.OrderStatus_ORDER_STATUS_FAILED
	cancelled      = storefrontv1.OrderStatus_ORDER_STATUS_CANCELLED
	completed      = storefrontv1.OrderStatus_ORDER_STATUS_COMPLETED
	requiresAction = storefrontv1.OrderStatus_ORDER_STATUS_REQUIRES_ACTION
	captured       = storefrontv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
)

// Without this nobody buys anything: a guest fills a cart, gives an address, pays by card, and the money, the stock and the
// cart are as the receipt says.
func TestGuestBuysByCard(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	shirt := theShop.sell(t, goods{title: "Shirt", price: "19.99", stock: 10}, m)
	mug := theShop.sell(t, goods{title: "Mug", price: "7.50", stock: 10}, m)
	buyer := theShop.guest(t)
	b := buyer.fill(m, units(shirt, 2), units(mug, 1)).ready()
	require.Equal(t, "GBP 51.43", text(b.cart.GetTotals().GetTotal()), "2 × 19.99 + 7.50 + 3.95")
	require.False(t, b.cart.GetTotals().GetTaxEstimated())

	order := b.bought(card("ok"))
	require.Equal(t, captured, order.GetPaymentStatus())
	require.NotEmpty(t, order.GetNumber())
	require.Equal(t, "GBP 51.43", text(order.GetTotals().GetCaptured()))
	require.Equal(t, "London", order.GetShippingAddress().GetCity())
	require.NotEmpty(t, order.GetExplanation())
	require.Equal(t, moved{Authorized: 5143, Captured: 5143}, theShop.moved(t, order.GetId()))
	require.Equal(t, map[string]int{"authorize": 1, "capture": 1}, theShop.worked(t, order.GetId()))
	shirt.left(10, 8)
	mug.left(10, 9)

	require.Equal(t, storefrontv1.CartState_CART_STATE_CONVERTED, b.read().GetState())
	require.Equal(t, order.GetId(), b.cart.GetOrderId())
	buyer.refused(http.StatusConflict, "CART_CONVERTED", shopclient.Call{
		Verb: http.MethodPost, Path: b.path("/lines"), In: &storefrontv1.AddLinesRequest{Lines: []*storefrontv1.LineInput{units(mug, 1)}},
	})
}

// When this fails a buyer whose first card is refused loses the cart, or pays twice.
func TestDeclinedCardThenAnother(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "30.00", stock: 5}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	for _, kind := range []string{"declined", "insufficient"} {
		refusal := b.refused(http.StatusUnprocessableEntity, "PAYMENT_DECLINED", b.buyCall(card(kind)))
		require.NotContains(t, refusal.Detail, "insufficient", "a thief does not learn why")
		require.Equal(t, storefrontv1.CartState_CART_STATE_ACTIVE, b.read().GetState())
		thing.left(5, 5)
	}
	order := b.bought(card("ok"))
	require.Equal(t, moved{Authorized: 3395, Captured: 3395}, theShop.moved(t, order.GetId()))
	thing.left(5, 4)
}

// When this fails a buyer with a slow bank sees an error, or pays for nothing.
func TestSlowCard(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "12.00", stock: 5}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	order := b.bought(card("slow"))
	require.Equal(t, captured, order.GetPaymentStatus())
	require.Equal(t, map[string]int{"authorize": 1, "capture": 1}, theShop.worked(t, order.GetId()))
}

// When this fails a lost answer of the provider charges a buyer twice, or charges without an order.
func TestReplyLost(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "12.00", stock: 5}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	order := b.bought(card("reply_lost"))
	require.Equal(t, captured, order.GetPaymentStatus())
	require.Equal(t, moved{Authorized: 1595, Captured: 1595}, theShop.moved(t, order.GetId()))
	require.Equal(t, map[string]int{"authorize": 1, "capture": 1}, theShop.worked(t, order.GetId()), "one charge in the provider's own log")
	thing.left(5, 4)
}

// When this fails buyers whose bank asks for proof (most of Europe) cannot buy.
func TestChallengeApproved(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "42.00", stock: 3}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	order := b.buy(card("3ds"))
	require.Equal(t, requiresAction, order.GetStatus())
	action := order.GetPayment().GetNextAction()
	require.Equal(t, storefrontv1.NextActionType_NEXT_ACTION_TYPE_REDIRECT, action.GetType())
	require.True(t, action.GetExpiresAt().IsValid())
	thing.left(3, 2)
	require.Equal(t, storefrontv1.CartState_CART_STATE_CHECKING_OUT, b.read().GetState())

	early := b.resume(order.GetId())
	require.Equal(t, requiresAction, early.GetStatus(), "who comes back early has not paid")
	back := theShop.decide(t, action.GetUrl(), "approve")
	require.Equal(t, returnURL, back.Header.Get("Location"))
	b.resume(order.GetId())
	order = b.settled(order.GetId())
	require.Equal(t, placed, order.GetStatus())
	require.Equal(t, captured, order.GetPaymentStatus())
	require.Equal(t, moved{Authorized: 4595, Captured: 4595}, theShop.moved(t, order.GetId()))
}

// When this fails a buyer who cannot prove who they are keeps the goods from others, or is charged.
func TestChallengeDenied(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "42.00", stock: 3}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	order := b.buy(card("3ds"))
	theShop.decide(t, order.GetPayment().GetNextAction().GetUrl(), "deny")
	b.resume(order.GetId())
	order = b.settled(order.GetId())
	require.Equal(t, failed, order.GetStatus())
	require.Equal(t, "PAYMENT_DECLINED", order.GetFailure().GetReason())
	thing.left(3, 3)
	require.Equal(t, moved{}, theShop.moved(t, order.GetId()))
	require.Equal(t, storefrontv1.CartState_CART_STATE_ACTIVE, b.read().GetState(), "the cart is open for another card")
	b.bought(card("ok"))
}

// resume tells the shop that the buyer came back.
func (c *caller) resume(orderID string) *storefrontv1.Order {
	c.t.Helper()
	answer := &storefrontv1.ResumeCheckoutResponse{}
	c.do(http.MethodPost, "/v1/orders/"+orderID+"/resume", &storefrontv1.ResumeCheckoutRequest{}, answer)
	return answer.GetOrder()
}
