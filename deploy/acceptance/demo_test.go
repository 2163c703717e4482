package acceptance_test

import (
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/demo"
	"github.com/cartwright-shop/cartwright/deploy/demo/onlineretail"
	"github.com/cartwright-shop/cartwright/deploy/local/seed"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// heart is the product that the demo shop sells most.
const heart = "85123A"

// When this fails a newcomer's first five minutes fail: the demo shop opens, its best-known product is found by a misspelt
// word, and can be bought without naming a channel. A shop of the suite's own gets a part of the demo catalogue.
func TestDemoShop(t *testing.T) {
	t.Parallel()
	guest := theShop.guest(t)
	loaded, err := seed.Loaded(t.Context(), theShop.staff(t).client)
	require.NoError(t, err)
	if !loaded && theShop.own == nil {
		theShop.leaveOut(t, "the demo catalogue is not loaded here")
		return
	}
	if !loaded {
		products, err := demo.Catalogue()
		require.NoError(t, err)
		best := slices.IndexFunc(products, func(p onlineretail.Product) bool { return p.SKU == heart })
		part := append(slices.Clone(products[:100]), products[best])
		require.NoError(t, seed.Load(t.Context(), theShop.staff(t).client, part, io.Discard))
	}
	uk := &market{channel: demo.Channels()[0].Key, currency: "GBP", address: britain()}
	until(t, settleTime, "the demo shop is open", func() bool {
		return guest.send(shopclient.Call{Verb: http.MethodGet, Path: "/v1/products/white-hanging-heart-t-light-holder-85123a?channel=" + uk.channel}).Status == http.StatusOK
	})
	found := guest.search(uk, "hart t-light").GetProducts()
	require.NotEmpty(t, found)
	require.True(t, slices.ContainsFunc(found, func(p *storefrontv1.ProductSummary) bool { return p.GetSku() == heart }), titles(found))

	b := guest.fill(&market{address: uk.address}, &storefrontv1.LineInput{Sku: heart, Quantity: 2})
	require.Equal(t, uk.channel, b.cart.GetChannel(), "the default channel")
	order := b.ready().bought(card("ok"))
	require.Equal(t, captured, order.GetPaymentStatus())
}
