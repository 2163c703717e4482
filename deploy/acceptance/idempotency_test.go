package acceptance_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// When this fails a phone that lost the answer buys twice when it asks again.
func TestSameKeySameAnswer(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	call := b.buyCall(card("ok"))
	first := b.send(call)
	require.Equal(t, http.StatusOK, first.Status, string(first.Body))
	require.Empty(t, first.Header.Get("Idempotent-Replayed"))
	order := b.read().GetOrderId()
	b.settled(order)
	for range 3 {
		again := b.send(call)
		require.Equal(t, http.StatusOK, again.Status, string(again.Body))
		require.Equal(t, "true", again.Header.Get("Idempotent-Replayed"))
		require.Contains(t, string(again.Body), order)
	}
	require.Equal(t, map[string]int{"authorize": 1, "capture": 1}, theShop.worked(t, order))
	thing.left(10, 9)

	other := call
	other.In = &storefrontv1.CheckoutRequest{Payment: card("ok")}
	b.refused(http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED", other)
	missing := call
	missing.Key = ""
	require.Equal(t, "IDEMPOTENCY_KEY_REQUIRED", problemOf(t, b.try(missing, nil)).Reason)
	long := call
	long.Key = strings.Repeat("k", 256)
	b.refused(http.StatusBadRequest, "IDEMPOTENCY_KEY_INVALID", long)
}

// When this fails a refused checkout stays refused for ever, because its key remembers a mistake of the request.
func TestMistakesDoNotUseUpTheKey(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	call := b.buyCall(nil)
	b.refused(http.StatusBadRequest, "PAYMENT_REQUIRED", call, "payment")
	call.In = &storefrontv1.CheckoutRequest{Payment: card("ok")}
	require.NoError(t, b.try(call, nil))
}

// When this fails an impatient buyer who clicks fifty times gets fifty orders.
func TestFiftyClicksOneOrder(t *testing.T) {
	t.Parallel()
	const clicks = 50
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 100}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	call := b.buyCall(card("ok"))
	orders := make([]string, clicks)
	var all sync.WaitGroup
	for n := range orders {
		all.Go(func() {
			answer := &storefrontv1.CheckoutResponse{}
			err := b.client.DoPatiently(t.Context(), time.Minute, call, answer)
			orders[n] = answer.GetOrder().GetId()
			if err != nil {
				orders[n] = err.Error()
			}
		})
	}
	all.Wait()
	for _, order := range orders {
		require.Equal(t, orders[0], order)
	}
	b.settled(orders[0])
	require.Equal(t, map[string]int{"authorize": 1, "capture": 1}, theShop.worked(t, orders[0]))
	thing.left(100, 99)
}

// When this fails a client that asks again while the first request still runs starts a second one, or waits in vain.
func TestSameKeyWhileRunning(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	call := b.buyCall(card("slow"))
	answers := make(chan error, 1)
	go func() { answers <- b.try(call, nil) }()
	until(t, settleTime, "the first request runs", func() bool {
		return b.read().GetState() == storefrontv1.CartState_CART_STATE_CHECKING_OUT
	})
	again := b.send(call)
	if again.Status != http.StatusOK { // else the first one ended meanwhile, or the second waited for it
		require.Equal(t, http.StatusConflict, again.Status, string(again.Body))
		require.Contains(t, string(again.Body), "IDEMPOTENCY_IN_PROGRESS")
		require.NotEmpty(t, again.Header.Get("Retry-After"))
	}
	other := b.buyCall(card("ok"))
	b.refused(http.StatusConflict, "CHECKOUT_IN_PROGRESS", other)
	require.NoError(t, <-answers)
	require.Equal(t, map[string]int{"authorize": 1, "capture": 1}, theShop.worked(t, b.settled(b.read().GetOrderId()).GetId()))
}

// When this fails two people who happen to choose the same key see each other's answers.
func TestKeysBelongToTheirCaller(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 100}, m)
	key := id.New()
	open := func(c *caller) string {
		answer := &storefrontv1.CreateCartResponse{}
		c.keyed(key, http.MethodPost, "/v1/carts", &storefrontv1.CreateCartRequest{Channel: m.channel, Lines: []*storefrontv1.LineInput{units(thing, 1)}}, answer)
		return answer.GetCart().GetId()
	}
	ada, eve := theShop.customer(t), theShop.customer(t)
	first := open(ada)
	require.Equal(t, first, open(ada))
	require.NotEqual(t, first, open(eve))
}

// When this fails a correction of stock that is sent twice is made twice, or a gift card is issued twice.
func TestStaffKeys(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	staff := theShop.staff(t)
	call := shopclient.Call{Verb: http.MethodPost, Path: "/admin/v1/stock/adjust", Key: id.New(), In: &adminv1.AdjustStockRequest{
		Entries: []*adminv1.AdjustStockEntry{{Sku: thing.sku, LocationKey: theShop.location(), Delta: 5}}, Reason: "received",
	}}
	for range 3 {
		require.NoError(t, staff.try(call, nil))
	}
	thing.left(15, 15)
	issue := shopclient.Call{Verb: http.MethodPost, Path: "/admin/v1/gift-cards", Key: id.New(), In: &adminv1.IssueGiftCardRequest{Amount: amount("GBP", "5.00")}}
	first, second := &adminv1.IssueGiftCardResponse{}, &adminv1.IssueGiftCardResponse{}
	require.NoError(t, staff.try(issue, first))
	require.NoError(t, staff.try(issue, second))
	require.Equal(t, first.GetCode(), second.GetCode())
	for _, path := range []string{"/admin/v1/stock/set", "/admin/v1/stock/adjust", "/admin/v1/gift-cards"} {
		err := staff.try(raw(http.MethodPost, path, "{}"), nil)
		require.Equal(t, "IDEMPOTENCY_KEY_REQUIRED", problemOf(t, err).Reason, path)
	}

	order := theShop.guest(t).fill(m, units(thing, 3)).ready().bought(card("ok"))
	refund := staff.refundCall(order.GetId(), &adminv1.RefundOrderRequest{Lines: []*adminv1.RefundItem{back(order.GetLines()[0].GetId(), 1)}})
	for range 3 {
		require.NoError(t, staff.try(refund, nil))
	}
	require.Len(t, staff.adminOrder(order.GetId()).GetRefunds(), 1)
	until(t, settleTime, "the money goes back once", func() bool { return theShop.moved(t, order.GetId()).Refunded == 1000 })
	require.Equal(t, 1, theShop.worked(t, order.GetId())["refund"])
}
