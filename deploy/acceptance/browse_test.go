package acceptance_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// category makes a category of the journey's own.
func (s *shop) category(t *testing.T, name, parent string) string {
	t.Helper()
	answer := &adminv1.CreateCategoryResponse{}
	s.staff(t).do(http.MethodPost, "/admin/v1/categories", &adminv1.CreateCategoryRequest{Category: &adminv1.CategoryFields{
		Name: name, Handle: "cat-" + handleOf(t), ParentId: parent,
	}}, answer)
	return answer.GetCategory().GetId()
}

// list reads pages to the end.
func (c *caller) list(query url.Values) (products []*storefrontv1.ProductSummary, pages int) {
	c.t.Helper()
	for {
		page := &storefrontv1.ListProductsResponse{}
		c.get("/v1/products?"+query.Encode(), page)
		products, pages = append(products, page.GetProducts()...), pages+1
		if page.GetNextPageToken() == "" {
			return products, pages
		}
		require.Less(c.t, pages, 100, "the list ends")
		query.Set("pageToken", page.GetNextPageToken())
	}
}

// When this fails shoppers do not find what is there, see it twice, or turn pages for ever.
func TestBrowseByCategory(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	parent := theShop.category(t, "Kitchen", "")
	child := theShop.category(t, "Cups", parent)
	tag := "tag-" + handleOf(t)
	want := map[string]bool{}
	for n := range 7 {
		g := goods{title: fmt.Sprintf("Cup %d", 9-n), price: "5.00", stock: 9, category: child}
		if n < 2 {
			g.category = parent
		}
		if n%2 == 0 {
			g.tags = []string{tag}
		}
		want[theShop.sell(t, g, m).id] = true
	}
	hidden := theShop.sell(t, goods{title: "Draft", price: "5.00", category: child})
	guest := theShop.guest(t)
	found, pages := guest.list(url.Values{"channel": {m.channel}, "categoryId": {parent}, "pageSize": {"3"}, "sort": {"PRODUCT_SORT_TITLE"}})
	require.Equal(t, 3, pages)
	seen := map[string]bool{}
	for n, product := range found {
		require.True(t, want[product.GetId()])
		require.False(t, seen[product.GetId()], "no product twice")
		seen[product.GetId()] = true
		require.Equal(t, fmt.Sprintf("Cup %d", 3+n), product.GetTitle(), "by title")
		require.Equal(t, "GBP 5.00", text(product.GetPrice().GetAmount()))
		require.NotEmpty(t, product.GetSku())
	}
	require.Len(t, seen, len(want))
	require.NotContains(t, seen, hidden.id)

	below, _ := guest.list(url.Values{"channel": {m.channel}, "categoryId": {child}})
	require.Len(t, below, 5)
	tagged, _ := guest.list(url.Values{"channel": {m.channel}, "categoryId": {parent}, "tags": {tag}})
	require.Len(t, tagged, 4)
	newest, _ := guest.list(url.Values{"channel": {m.channel}, "categoryId": {parent}, "pageSize": {"2"}})
	require.Equal(t, "Cup 3", newest[0].GetTitle(), "newest first")
	elsewhere, _ := guest.list(url.Values{"channel": {theShop.market(eu).channel}, "categoryId": {parent}})
	require.Empty(t, elsewhere, "what is published in one channel is not in another")

	tree := &storefrontv1.ListCategoriesResponse{}
	guest.get("/v1/categories?channel="+m.channel, tree)
	place := map[string]int{}
	for n, category := range tree.GetCategories() {
		place[category.GetId()] = n + 1
	}
	require.NotZero(t, place[parent])
	require.Greater(t, place[child], place[parent], "parents before children")

	first := &storefrontv1.ListProductsResponse{}
	guest.get("/v1/products?"+url.Values{"channel": {m.channel}, "categoryId": {parent}, "pageSize": {"3"}}.Encode(), first)
	guest.refused(http.StatusBadRequest, "PAGE_TOKEN_INVALID", shopclient.Call{Verb: http.MethodGet, Path: "/v1/products?" + url.Values{
		"channel": {m.channel}, "categoryId": {child}, "pageToken": {first.GetNextPageToken()},
	}.Encode()})
}

// When this fails a product page is missing what a shopper needs, or shows what is not for sale.
func TestProductPage(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{title: "Garden chair", fields: func(f *adminv1.ProductFields) {
		sku := f.GetVariants()[0].GetSku()
		f.DescriptionHtml, f.Vendor = "<p>Oak.</p>", "Woodworks"
		f.Options = []*adminv1.Option{{Name: "Colour", Values: []string{"Red", "Blue"}}}
		f.Variants = []*adminv1.Variant{{Sku: sku, OptionValues: []string{"Red"}}, {Sku: sku + "-B", OptionValues: []string{"Blue"}, Barcode: "4006381333931"}}
		f.Media = []*adminv1.Media{{Url: "https://img.example.com/chair.jpg", AltText: "A chair"}, {Url: "https://img.example.com/blue.jpg", Skus: []string{sku + "-B"}}}
		f.Attributes = []*adminv1.Attribute{{Key: "material", Values: []*adminv1.AttributeValue{{Value: &adminv1.AttributeValue_Text{Text: "oak"}}}}}
	}}, m)
	thing.price(m, "49.00")
	guest := theShop.guest(t)
	page := guest.product(thing.handle, m)
	require.Equal(t, page.GetId(), guest.product(thing.id, m).GetId(), "by id and by handle")
	require.Equal(t, "Garden chair", page.GetTitle())
	require.Equal(t, "<p>Oak.</p>", page.GetDescriptionHtml())
	require.Equal(t, []string{"Red", "Blue"}, page.GetOptions()[0].GetValues())
	require.Len(t, page.GetVariants(), 2)
	red, blue := page.GetVariants()[0], page.GetVariants()[1]
	require.Equal(t, "GBP 49.00", text(red.GetPrice().GetAmount()))
	require.Nil(t, blue.GetPrice(), "without a price it cannot be bought")
	require.Equal(t, storefrontv1.StockBand_STOCK_BAND_OUT, red.GetStock())
	require.Equal(t, "https://img.example.com/blue.jpg", blue.GetImageUrl())
	require.Equal(t, "A chair", page.GetMedia()[0].GetAltText())
	require.Equal(t, "material", page.GetAttributes()[0].GetKey())
	guest.refused(http.StatusConflict, "PRICE_MISSING", shopclient.Call{Verb: http.MethodPost, Path: "/v1/carts", In: &storefrontv1.CreateCartRequest{
		Channel: m.channel, Lines: []*storefrontv1.LineInput{{Sku: blue.GetSku(), Quantity: 1}},
	}})

	thing.publish(m, adminv1.PublicationStatus_PUBLICATION_STATUS_ARCHIVED)
	guest.refused(http.StatusNotFound, "PRODUCT_NOT_FOUND", shopclient.Call{Verb: http.MethodGet, Path: "/v1/products/" + thing.handle + "?channel=" + m.channel})
	guest.refused(http.StatusConflict, "SKU_UNAVAILABLE", shopclient.Call{Verb: http.MethodPost, Path: "/v1/carts", In: &storefrontv1.CreateCartRequest{
		Channel: m.channel, Lines: []*storefrontv1.LineInput{{Sku: red.GetSku(), Quantity: 1}},
	}})
}

// When this fails shoppers read a language they did not ask for, or none.
func TestLanguages(t *testing.T) {
	t.Parallel()
	m := theShop.market(eu)
	thing := theShop.sell(t, goods{title: "Chair", price: "49.00", fields: func(f *adminv1.ProductFields) {
		f.DescriptionHtml = "Oak"
		f.Translations = []*adminv1.ProductTranslation{{Locale: "de", Title: "Stuhl"}}
	}}, m)
	for asked, title := range map[string]string{"": "Chair", "en": "Chair", "de": "Stuhl", "de-AT": "Stuhl", "fr": "Chair", "pt-BR": "Chair"} {
		answer := &storefrontv1.GetProductResponse{}
		theShop.guest(t).get("/v1/products/"+thing.handle+"?"+url.Values{"channel": {m.channel}, "locale": {asked}}.Encode(), answer)
		require.Equal(t, title, answer.GetProduct().GetTitle(), asked)
		require.Equal(t, "Oak", answer.GetProduct().GetDescriptionHtml(), "what is not translated falls back")
	}
	created := &storefrontv1.CreateCartResponse{}
	theShop.guest(t).do(http.MethodPost, "/v1/carts", &storefrontv1.CreateCartRequest{Channel: m.channel, Locale: "de-AT", Lines: []*storefrontv1.LineInput{units(thing, 1)}}, created)
	require.Equal(t, "Stuhl", created.GetCart().GetLines()[0].GetTitle())
}

// When this fails every visit loads every page anew, or a shopper sees yesterday's price.
func TestConditionalRequests(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "5.00", stock: 3}, m)
	guest := theShop.guest(t)
	path := "/v1/products/" + thing.handle + "?channel=" + m.channel
	first := guest.send(shopclient.Call{Verb: http.MethodGet, Path: path})
	tag := first.Header.Get("ETag")
	require.NotEmpty(t, tag)
	require.Contains(t, first.Header.Get("Cache-Control"), "max-age=")
	same := guest.send(shopclient.Call{Verb: http.MethodGet, Path: path, Header: http.Header{"If-None-Match": {tag}}})
	require.Equal(t, http.StatusNotModified, same.Status)
	require.Empty(t, same.Body)
	thing.price(m, "6.00")
	changed := guest.send(shopclient.Call{Verb: http.MethodGet, Path: path, Header: http.Header{"If-None-Match": {tag}}})
	require.Equal(t, http.StatusOK, changed.Status)
	require.NotEqual(t, tag, changed.Header.Get("ETag"))
	private := theShop.customer(t).send(shopclient.Call{Verb: http.MethodGet, Path: path})
	require.Contains(t, private.Header.Get("Cache-Control"), "private", "prices of a customer are not for others")
	cart := guest.fill(m, units(thing, 1))
	require.Equal(t, "no-store", guest.send(shopclient.Call{Verb: http.MethodGet, Path: cart.path("")}).Header.Get("Cache-Control"))
}
