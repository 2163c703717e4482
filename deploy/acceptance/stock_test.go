package acceptance_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// When this fails the shop sells what it does not have, or charges for it.
func TestSoldOutBetweenCartAndCheckout(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	last := theShop.sell(t, goods{price: "10.00", stock: 1}, m)
	other := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	slow := theShop.guest(t).fill(m, units(other, 1), units(last, 1)).ready()
	theShop.guest(t).fill(m, units(last, 1)).ready().bought(card("ok"))

	refusal := slow.refused(http.StatusConflict, "SOLD_OUT", slow.buyCall(card("ok")))
	require.NotEmpty(t, refusal.Errors, "the buyer learns which line")
	require.Contains(t, refusal.Errors[0].Path, "lines[1]")
	last.left(1, 0)
	other.left(10, 10)
	require.Equal(t, storefrontv1.StockBand_STOCK_BAND_OUT, slow.product(last.handle, m).GetVariants()[0].GetStock())

	slow.read()
	slow.do(http.MethodDelete, slow.path("/lines/"+slow.cart.GetLines()[1].GetId()), nil, nil)
	slow.read()
	slow.bought(card("ok"))
	other.left(10, 9)
}

// When this fails a rush on the last units sells some of them twice, or leaves some unsold: 20 buyers, 5 units.
func TestRushOnTheLastUnits(t *testing.T) {
	t.Parallel()
	const buyers, stock = 20, 5
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: stock}, m)
	carts := make([]*basket, buyers)
	for i := range carts {
		carts[i] = theShop.guest(t).fill(m, units(thing, 1)).ready()
	}
	outcomes, orders := make([]error, buyers), make([]string, buyers)
	var rush sync.WaitGroup
	for i, b := range carts {
		rush.Go(func() {
			answer := &storefrontv1.CheckoutResponse{}
			outcomes[i] = b.try(b.buyCall(card("ok")), answer)
			orders[i] = answer.GetOrder().GetId()
		})
	}
	rush.Wait()
	bought := 0
	for i, err := range outcomes {
		if err != nil {
			problem(t, err, http.StatusConflict, "SOLD_OUT")
			continue
		}
		bought++
		order := carts[i].settled(orders[i])
		require.Equal(t, placed, order.GetStatus())
		require.Equal(t, moved{Authorized: 1395, Captured: 1395}, theShop.moved(t, order.GetId()))
	}
	require.Equal(t, stock, bought)
	thing.left(stock, 0)
}

// When this fails the merchant cannot take orders for what is on its way, or takes more of them than allowed.
func TestBackorder(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 1}, m)
	staff := theShop.staff(t)
	staff.do(http.MethodPut, "/admin/v1/stock/backorder-policy", &adminv1.SetBackorderPolicyRequest{
		Sku: thing.sku, Mode: adminv1.BackorderMode_BACKORDER_MODE_ALLOW, Limit: 2,
	}, nil)
	buyer := theShop.guest(t)
	order := buyer.fill(m, units(thing, 2)).ready().bought(card("ok"))
	require.Equal(t, storefrontv1.StockBand_STOCK_BAND_BACKORDER, buyer.product(thing.handle, m).GetVariants()[0].GetStock())
	owed := &adminv1.GetBackorderPolicyResponse{}
	staff.get("/admin/v1/stock/backorder-policy?sku="+thing.sku, owed)
	require.Equal(t, int32(1), owed.GetPolicy().GetBackordered())
	tooMany := buyer.fill(m, units(thing, 2)).ready()
	tooMany.refused(http.StatusConflict, "SOLD_OUT", tooMany.buyCall(card("ok")))

	line := order.GetLines()[0].GetId()
	ship := func(quantity int32) error {
		return staff.try(staff.shipCall(order.GetId(), parcelOf(line, quantity)), nil)
	}
	require.NoError(t, ship(1))
	require.Equal(t, http.StatusConflict, problemOf(t, ship(1)).Status, "what is not there cannot be shipped")
	staff.do(http.MethodPost, "/admin/v1/stock/adjust", &adminv1.AdjustStockRequest{
		Entries: []*adminv1.AdjustStockEntry{{Sku: thing.sku, LocationKey: theShop.location(), Delta: 5}}, Reason: "received",
	}, nil)
	until(t, settleTime, "what came in goes to whom it is owed", func() bool { return ship(1) == nil })
	thing.left(4, 4)
	require.Equal(t, completed, buyer.order(order.GetId()).GetStatus())
}

// When this fails a bot with many carts buys a drop that is limited for everybody, or the limit turns honest buyers away.
func TestPurchaseLimit(t *testing.T) {
	t.Parallel()
	const limit, carts, others = 2, 20, 5
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 100}, m)
	staff := theShop.staff(t)
	staff.do(http.MethodPut, "/admin/v1/stock/purchase-limit", &adminv1.SetPurchaseLimitRequest{Sku: thing.sku, Quantity: limit}, nil)
	rule := &adminv1.GetPurchaseLimitResponse{}
	staff.get("/admin/v1/stock/purchase-limit?sku="+thing.sku, rule)
	require.Equal(t, int32(limit), rule.GetLimit().GetQuantity())

	name := strings.ToLower(thing.sku)
	buyers := make([]*basket, carts+others)
	for i := range buyers {
		address := fmt.Sprintf("other%d.%s@example.com", i, name)
		if i < carts { // one mailbox, written in many ways
			address = []string{name + "@Example.com", strings.ToUpper(name) + "@example.com", fmt.Sprintf("%s+%d@example.com", name, i)}[i%3]
		}
		buyers[i] = theShop.guest(t).fill(m, units(thing, 1)).ready().as(address)
	}
	outcomes, orders := make([]error, len(buyers)), make([]string, len(buyers))
	var rush sync.WaitGroup
	for i, b := range buyers {
		rush.Go(func() {
			answer := &storefrontv1.CheckoutResponse{}
			outcomes[i] = b.try(b.buyCall(card("ok")), answer)
			orders[i] = answer.GetOrder().GetId()
		})
	}
	rush.Wait()
	bot, refused := "", (*basket)(nil)
	bought := map[bool]int{}
	for i, err := range outcomes {
		isBot := i < carts
		if err != nil {
			require.True(t, isBot, "%v", err)
			told := problem(t, err, http.StatusConflict, "PURCHASE_LIMIT")
			require.Contains(t, told.Errors[0].Path, "lines[0]")
			refused = buyers[i]
			continue
		}
		require.Equal(t, placed, buyers[i].settled(orders[i]).GetStatus())
		bought[isBot]++
		if isBot {
			bot = orders[i]
		}
	}
	require.Equal(t, map[bool]int{true: limit, false: others}, bought)
	thing.left(100, 100-limit-others)

	staff.do(http.MethodPost, "/admin/v1/orders/"+bot+"/cancel", &adminv1.CancelOrderRequest{Reason: "too many"}, nil)
	until(t, settleTime, "what is cancelled goes back on sale", func() bool { return thing.level().GetAvailable() == 100-limit-others+1 })
	refused.read()
	refused.bought(card("ok")) // and may be bought again
}
