package acceptance_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// expecting is a checkout that holds only at a total.
func (b *basket) expecting(decimal string) shopclient.Call {
	return shopclient.Call{Verb: http.MethodPost, Path: b.path("/checkout"), Key: id.New(), In: &storefrontv1.CheckoutRequest{
		Payment: card("ok"), ExpectedTotal: amount(b.market.currency, decimal),
	}}
}

// When this fails a buyer pays another price than the one they agreed to.
func TestPriceChangedBetweenCartAndCheckout(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 9}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	require.Equal(t, "GBP 13.95", text(b.cart.GetTotals().GetTotal()))
	thing.price(m, "11.00")

	refusal := b.refused(http.StatusConflict, "PRICE_CHANGED", b.expecting("13.95"))
	require.Equal(t, "14.95", refusal.Meta["total"])
	require.Equal(t, "GBP", refusal.Meta["currency_code"])
	require.Equal(t, storefrontv1.CartState_CART_STATE_ACTIVE, b.read().GetState())
	b.refused(http.StatusConflict, "PRICE_CHANGED", b.expecting("14.94"))
	thing.left(9, 9)
	answer := &storefrontv1.CheckoutResponse{}
	require.NoError(t, b.try(b.expecting("14.95"), answer))
	order := b.settled(answer.GetOrder().GetId())
	require.Equal(t, "GBP 14.95", text(order.GetTotals().GetTotal()))
	require.Equal(t, moved{Authorized: 1495, Captured: 1495}, theShop.moved(t, order.GetId()))
}

// When this fails what the merchant promises for larger quantities is not what the buyer pays.
func TestQuantityTier(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "1.00", stock: 500}, m)
	thing.tier(m, 10, "0.80")
	thing.tier(m, 100, "0.65")
	price := theShop.guest(t).product(thing.handle, m).GetVariants()[0].GetPrice()
	require.Len(t, price.GetTiers(), 2)
	for _, want := range []struct {
		quantity int32
		unit     string
	}{{9, "1.00"}, {10, "0.80"}, {99, "0.80"}, {100, "0.65"}} {
		b := theShop.guest(t).fill(m, units(thing, want.quantity))
		require.Equal(t, want.unit, b.cart.GetLines()[0].GetUnitPrice().GetAmount(), "%d units", want.quantity)
	}
	b := theShop.guest(t).fill(m, units(thing, 9))
	line := b.cart.GetLines()[0].GetId()
	raised := &storefrontv1.UpdateLineResponse{}
	b.do(http.MethodPatch, b.path("/lines/"+line), &storefrontv1.UpdateLineRequest{Quantity: 100}, raised)
	require.Equal(t, "GBP 65.00", text(raised.GetCart().GetTotals().GetSubtotal()))
	order := b.ready().bought(card("ok"))
	require.Equal(t, "GBP 65.00", text(order.GetTotals().GetTotal()), "delivery is free above 50.00")
}

// When this fails lines cannot be changed or removed, so a buyer starts over.
func TestCartIsEdited(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	shirt := theShop.sell(t, goods{price: "10.00", stock: 9}, m)
	mug := theShop.sell(t, goods{price: "5.00", stock: 9}, m)
	guest := theShop.guest(t)
	b := guest.fill(m, units(shirt, 1), units(shirt, 2))
	require.Len(t, b.cart.GetLines(), 1, "the same SKU is one line")
	require.Equal(t, int32(3), b.cart.GetLines()[0].GetQuantity())
	added := &storefrontv1.AddLinesResponse{}
	b.do(http.MethodPost, b.path("/lines"), &storefrontv1.AddLinesRequest{Lines: []*storefrontv1.LineInput{units(mug, 1)}, ExpectedVersion: b.cart.GetVersion()}, added)
	require.Len(t, added.GetCart().GetLines(), 2)
	guest.refused(http.StatusConflict, "VERSION_CONFLICT", shopclient.Call{
		Verb: http.MethodPost, Path: b.path("/lines"),
		In: &storefrontv1.AddLinesRequest{Lines: []*storefrontv1.LineInput{units(mug, 1)}, ExpectedVersion: b.cart.GetVersion()},
	})
	b.do(http.MethodPatch, b.path("/lines/"+added.GetCart().GetLines()[1].GetId()), &storefrontv1.UpdateLineRequest{Quantity: 0}, nil)
	require.Len(t, b.read().GetLines(), 1)
	note := "leave it at the door"
	b.do(http.MethodPatch, b.path(""), &storefrontv1.UpdateCartRequest{Note: &note}, nil)
	require.Equal(t, note, b.read().GetNote())
	b.do(http.MethodDelete, b.path("/lines/"+b.cart.GetLines()[0].GetId()), nil, nil)
	require.Empty(t, b.read().GetLines())
	require.Equal(t, "GBP 0.00", text(b.cart.GetTotals().GetTotal()))
	b.deliverTo(m.address).refused(http.StatusConflict, "CART_EMPTY", b.buyCall(card("ok")))
}
