package acceptance_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// When this fails what somebody chose before signing in is gone afterwards, or mixes into the wrong cart.
func TestGuestCartMergesAtLogin(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	shirt := theShop.sell(t, goods{price: "10.00", stock: 9}, m)
	mug := theShop.sell(t, goods{price: "5.00", stock: 9}, m)
	guest, customer := theShop.guest(t), theShop.customer(t)
	own := customer.fill(m, units(shirt, 1))
	before := guest.fill(m, units(shirt, 2), units(mug, 1))

	merged := &storefrontv1.MergeCartResponse{}
	customer.do(http.MethodPost, "/v1/me/cart/merge", &storefrontv1.MergeCartRequest{CartId: before.cart.GetId()}, merged)
	require.Equal(t, own.cart.GetId(), merged.GetCart().GetId())
	quantities := map[string]int32{}
	for _, line := range merged.GetCart().GetLines() {
		quantities[line.GetSku()] = line.GetQuantity()
	}
	require.Equal(t, map[string]int32{shirt.sku: 3, mug.sku: 1}, quantities)
	require.Equal(t, storefrontv1.CartState_CART_STATE_MERGED, before.read().GetState())
	guest.refused(http.StatusConflict, "CART_CONVERTED", shopclient.Call{
		Verb: http.MethodPost, Path: before.path("/lines"), In: &storefrontv1.AddLinesRequest{Lines: []*storefrontv1.LineInput{units(mug, 1)}},
	})

	mine := &storefrontv1.GetMyCartResponse{}
	customer.get("/v1/me/cart?channel="+m.channel, mine)
	require.Equal(t, own.cart.GetId(), mine.GetCart().GetId())
	own.cart = mine.GetCart()
	require.Equal(t, customer.subject+"@example.com", own.cart.GetEmail(), "the e-mail of the account")
	order := own.ready().bought(card("ok"))
	require.Len(t, order.GetLines(), 2)
	customer.refused(http.StatusNotFound, "CART_NOT_FOUND", shopclient.Call{Verb: http.MethodGet, Path: "/v1/me/cart?channel=" + m.channel})
}

// When this fails a customer without a cart loses the guest cart at login.
func TestGuestCartBecomesTheCustomers(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 9}, m)
	before := theShop.guest(t).fill(m, units(thing, 2))
	customer := theShop.customer(t)
	merged := &storefrontv1.MergeCartResponse{}
	customer.do(http.MethodPost, "/v1/me/cart/merge", &storefrontv1.MergeCartRequest{CartId: before.cart.GetId()}, merged)
	require.Equal(t, int32(2), merged.GetCart().GetLines()[0].GetQuantity())
	customer.refused(http.StatusBadRequest, "CART_SAME", shopclient.Call{
		Verb: http.MethodPost, Path: "/v1/me/cart/merge", In: &storefrontv1.MergeCartRequest{CartId: merged.GetCart().GetId()},
	})
}

// When this fails a returning customer has to type the address again, or sees somebody else's.
func TestSavedAddresses(t *testing.T) {
	t.Parallel()
	ada, eve := theShop.customer(t), theShop.customer(t)
	save := func(label string, usual bool) *storefrontv1.SavedAddress {
		answer := &storefrontv1.CreateAddressResponse{}
		ada.do(http.MethodPost, "/v1/me/addresses", &storefrontv1.CreateAddressRequest{Label: label, Address: britain(), DefaultShipping: usual}, answer)
		return answer.GetAddress()
	}
	list := func(c *caller) []*storefrontv1.SavedAddress {
		answer := &storefrontv1.ListAddressesResponse{}
		c.get("/v1/me/addresses", answer)
		return answer.GetAddresses()
	}
	home, work := save("Home", true), save("Work", true)
	require.Len(t, list(ada), 2)
	usual := 0
	for _, saved := range list(ada) {
		if saved.GetDefaultShipping() {
			usual++
			require.Equal(t, work.GetId(), saved.GetId(), "the last one made usual is")
		}
	}
	require.Equal(t, 1, usual)

	moved := &storefrontv1.UpdateAddressResponse{}
	address := britain()
	address.City = "Oxford"
	ada.do(http.MethodPut, "/v1/me/addresses/"+home.GetId(), &storefrontv1.UpdateAddressRequest{Label: "Home", Address: address}, moved)
	require.Equal(t, "Oxford", moved.GetAddress().GetAddress().GetCity())
	ada.refused(http.StatusConflict, "VERSION_CONFLICT", shopclient.Call{
		Verb: http.MethodPut, Path: "/v1/me/addresses/" + home.GetId(), In: &storefrontv1.UpdateAddressRequest{Label: "Home", Address: address, Version: home.GetVersion()},
	})

	require.Empty(t, list(eve))
	for _, call := range []shopclient.Call{
		{Verb: http.MethodDelete, Path: "/v1/me/addresses/" + home.GetId()},
		{Verb: http.MethodPut, Path: "/v1/me/addresses/" + home.GetId(), In: &storefrontv1.UpdateAddressRequest{Address: address}},
	} {
		eve.refused(http.StatusNotFound, "ADDRESS_NOT_FOUND", call)
	}
	ada.do(http.MethodDelete, "/v1/me/addresses/"+home.GetId(), nil, nil)
	require.Len(t, list(ada), 1)
}

// When this fails trade customers pay the public price, or the public gets theirs.
func TestCustomerGroupPrice(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 9}, m)
	group := "trade-" + theShop.run
	list := "trade-list-" + theShop.run
	staff := theShop.staff(t)
	staff.do(http.MethodPost, "/admin/v1/price-lists", &adminv1.CreatePriceListRequest{PriceList: &adminv1.PriceList{
		Key: list, Name: "Trade", CurrencyCode: "GBP", Channels: []string{m.channel}, CustomerGroups: []string{group}, Active: true,
	}}, nil)
	staff.do(http.MethodPost, "/admin/v1/price-lists/"+list+"/prices", &adminv1.SetPricesRequest{
		Entries: []*adminv1.Price{{Sku: thing.sku, Amount: amount("GBP", "7.00")}},
	}, nil)

	trader, public := theShop.customer(t, group), theShop.guest(t)
	require.Equal(t, "GBP 7.00", text(trader.product(thing.handle, m).GetVariants()[0].GetPrice().GetAmount()))
	require.Equal(t, "GBP 10.00", text(public.product(thing.handle, m).GetVariants()[0].GetPrice().GetAmount()))
	order := trader.fill(m, units(thing, 2)).ready().bought(card("ok"))
	require.Equal(t, "GBP 17.95", text(order.GetTotals().GetTotal()))
	order = public.fill(m, units(thing, 2)).ready().bought(card("ok"))
	require.Equal(t, "GBP 23.95", text(order.GetTotals().GetTotal()))
}

// product reads a product page.
func (c *caller) product(product string, m *market) *storefrontv1.Product {
	c.t.Helper()
	answer := &storefrontv1.GetProductResponse{}
	c.get("/v1/products/"+product+"?channel="+m.channel, answer)
	return answer.GetProduct()
}
