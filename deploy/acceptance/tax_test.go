package acceptance_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
)

// taxesOf lists the taxes of an order by rate and amount.
func taxesOf(taxes []*storefrontv1.TaxAmount) map[int32]string {
	byRate := map[int32]string{}
	for _, applied := range taxes {
		byRate[applied.GetRatePpm()] = applied.GetAmount().GetAmount()
	}
	return byRate
}

// When this fails European invoices show the wrong VAT: goods of two classes and the delivery, all with the tax in the price.
func TestEuropeanTaxIsInThePrice(t *testing.T) {
	t.Parallel()
	m := theShop.market(eu)
	lamp := theShop.sell(t, goods{price: "11.90", stock: 9}, m)
	book := theShop.sell(t, goods{price: "10.70", stock: 9, taxClass: "reduced"}, m)
	order := theShop.guest(t).fill(m, units(lamp, 1), units(book, 1)).ready().bought(card("ok"))
	require.True(t, order.GetPricesIncludeTax())
	require.Equal(t, "EUR 27.55", text(order.GetTotals().GetTotal()), "11.90 + 10.70 + 4.95")
	require.Equal(t, "EUR 1.90", text(order.GetLines()[0].GetTax()))
	require.Equal(t, "EUR 0.70", text(order.GetLines()[1].GetTax()))
	require.Equal(t, "EUR 0.79", text(order.GetShipping().GetTax()))
	require.Equal(t, map[int32]string{190_000: "2.69", 70_000: "0.70"}, taxesOf(order.GetTaxes()))
	for _, applied := range order.GetTaxes() {
		require.Equal(t, "DE", applied.GetJurisdiction())
	}
}

// When this fails the tax follows the shop instead of the buyer: the same price holds the tax of where it goes.
func TestEuropeanTaxByDestination(t *testing.T) {
	t.Parallel()
	m := theShop.market(eu)
	thing := theShop.sell(t, goods{price: "12.10", stock: 20}, m)
	for _, want := range []struct {
		address *typev1.Address
		tax     string
	}{
		{germany(), "1.93"},
		{spain("28001"), "2.10"},
		{spain("35001"), "0.00"}, // Canary Islands: outside of the EU's VAT area
		{spain("38001"), "0.00"},
		{spain("51001"), "0.00"}, // Ceuta
	} {
		b := theShop.guest(t).fill(m, units(thing, 1)).deliverTo(want.address).by("standard")
		require.Equal(t, want.tax, b.cart.GetLines()[0].GetTax().GetAmount(), "%s %s", want.address.GetCountryCode(), want.address.GetPostalCode())
		require.Equal(t, "EUR 17.05", text(b.cart.GetTotals().GetTotal()), "the price stays")
	}
	order := theShop.guest(t).fill(m, units(thing, 1)).deliverTo(spain("35001")).by("standard").bought(card("ok"))
	require.Equal(t, "EUR 0.00", text(order.GetTotals().GetTax()))
}

// When this fails buyers on the Canary Islands pay mainland VAT to a shop that promises to take it out.
func TestHomeTaxIsTakenOutForTheCanaryIslands(t *testing.T) {
	t.Parallel()
	m := theShop.market(export)
	thing := theShop.sell(t, goods{price: "12.10", stock: 20}, m)
	mainland := theShop.guest(t).fill(m, units(thing, 1)).deliverTo(spain("28001")).by("standard")
	require.Equal(t, "EUR 17.05", text(mainland.cart.GetTotals().GetTotal()))
	islands := theShop.guest(t).fill(m, units(thing, 1)).deliverTo(spain("35001")).by("standard")
	require.Equal(t, "EUR 14.09", text(islands.cart.GetTotals().GetTotal()), "10.00 + 4.09")
	order := islands.bought(card("ok"))
	require.Equal(t, "EUR 10.00", text(order.GetLines()[0].GetTotal()))
	require.Equal(t, "EUR 0.00", text(order.GetTotals().GetTax()))
}

// When this fails American buyers pay the wrong sales tax: it comes on top, by state, on goods and delivery.
func TestAmericanTaxComesOnTop(t *testing.T) {
	t.Parallel()
	m := theShop.market(us)
	thing := theShop.sell(t, goods{price: "20.00", stock: 20}, m)
	for _, want := range []struct {
		state, postcode, tax, total string
	}{
		{"CA", "94105", "1.88", "27.83"}, // 7.25 %: 1.45 and 0.43
		{"NY", "10001", "1.04", "26.99"}, // 4 %: 0.80 and 0.24
		{"OR", "97201", "0.00", "25.95"}, // no sales tax
	} {
		order := theShop.guest(t).fill(m, units(thing, 1)).deliverTo(america(want.state, want.postcode)).by("standard").bought(card("ok"))
		require.False(t, order.GetPricesIncludeTax())
		require.Equal(t, want.tax, order.GetTotals().GetTax().GetAmount(), want.state)
		require.Equal(t, want.total, order.GetTotals().GetTotal().GetAmount(), want.state)
		require.Equal(t, minor(t, order.GetTotals().GetTotal()), theShop.moved(t, order.GetId()).Captured)
	}
	b := theShop.guest(t).fill(m, units(thing, 1))
	require.True(t, b.cart.GetTotals().GetTaxEstimated(), "without an address the tax is a guess and says so")
}

// When this fails the tax on top is not given back with the goods.
func TestAmericanRefundReversesTheTax(t *testing.T) {
	t.Parallel()
	m := theShop.market(us)
	thing := theShop.sell(t, goods{price: "9.99", stock: 20}, m)
	staff := theShop.staff(t)
	order := theShop.guest(t).fill(m, units(thing, 3)).ready().bought(card("ok"))
	require.Equal(t, "USD 2.17", text(order.GetLines()[0].GetTax()))
	var money, tax int64
	for range 3 {
		refund := staff.refund(order.GetId(), &adminv1.RefundOrderRequest{Lines: []*adminv1.RefundItem{back(order.GetLines()[0].GetId(), 1)}})
		money, tax = money+minor(t, refund.GetTotal()), tax+minor(t, refund.GetLines()[0].GetTax())
	}
	require.Equal(t, int64(2997+217), money)
	require.Equal(t, int64(217), tax)
	require.Equal(t, money, theShop.moved(t, order.GetId()).Refunded)
}

// When this fails Japanese buyers pay a hundredth or a hundredfold: yen have no minor unit, and tax is rounded to whole yen.
func TestYenHaveNoMinorUnit(t *testing.T) {
	t.Parallel()
	m := theShop.market(jp)
	class := "jct-" + theShop.run
	theShop.staff(t).do(http.MethodPost, "/admin/v1/tax-rates", &adminv1.SetTaxRateRequest{
		CountryCode: "JP", TaxClass: class, RatePpm: 100_000, Name: "JCT 10%", ValidFrom: "2019-10-01",
	}, nil)
	thing := theShop.sell(t, goods{price: "999", stock: 20, taxClass: class}, m)
	b := theShop.guest(t).fill(m, units(thing, 3)).ready()
	until(t, settleTime, "the new tax rate counts", func() bool { return b.read().GetLines()[0].GetTax().GetAmount() != "0" })
	require.Equal(t, "JPY 272", text(b.cart.GetLines()[0].GetTax()), "2997 × 10/110 is 272.45")
	order := b.bought(card("ok"))
	require.Equal(t, "JPY 3497", text(order.GetTotals().GetTotal()))
	require.Equal(t, moved{Authorized: 3497, Captured: 3497}, theShop.moved(t, order.GetId()))
	refund := theShop.staff(t).refund(order.GetId(), &adminv1.RefundOrderRequest{Lines: []*adminv1.RefundItem{back(order.GetLines()[0].GetId(), 1)}})
	require.Equal(t, "JPY 999", text(refund.GetTotal()))
}

// When this fails heavy parcels cost what light ones do: delivery by weight and by value, the way is free to choose.
func TestDeliveryByWeightAndByValue(t *testing.T) {
	t.Parallel()
	m := theShop.market(scales)
	brick := theShop.sell(t, goods{price: "10.00", stock: 90, grams: 800}, m)
	ticket := theShop.sell(t, goods{price: "10.00", stock: 90, digital: true}, m)
	for _, want := range []struct {
		bricks        int32
		weight, value string
	}{{1, "3.00", "5.00"}, {2, "6.00", "5.00"}, {6, "6.00", "2.50"}, {7, "20.00", "2.50"}} {
		b := theShop.guest(t).fill(m, units(brick, want.bricks)).deliverTo(m.address)
		options := &storefrontv1.ListShippingOptionsResponse{}
		b.get(b.path("/shipping-options"), options)
		prices := map[string]string{}
		for _, option := range options.GetOptions() {
			prices[option.GetKey()] = option.GetPrice().GetAmount()
		}
		require.Equal(t, map[string]string{"weight": want.weight, "value": want.value}, prices, "%d bricks", want.bricks)
	}
	digital := theShop.guest(t).fill(m, units(ticket, 1)).deliverTo(m.address)
	require.False(t, digital.cart.GetRequiresShipping())
	order := digital.bought(card("ok"))
	require.Equal(t, "GBP 10.00", text(order.GetTotals().GetTotal()))
	require.Nil(t, order.GetShipping())
}
