package acceptance_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// valid is a request that the shop accepts, of a route as the API's description writes it.
type valid struct {
	verb, route string
	path        string // with everything filled in
	body        string
	parameters  []string // of the query
	csv         bool
	as          *caller
}

func (s valid) call() shopclient.Call {
	call := raw(s.verb, s.path, s.body)
	if s.csv {
		call.ContentType = "text/csv"
	}
	call.Key = id.New()
	return call
}

// corpus has one request per public route, in an order in which each is accepted once.
type corpus struct {
	t                      *testing.T
	shop                   *shop
	guest, customer, staff *caller
	m                      *market
	key                    string // of whatever this corpus makes
	described              document
	seeds                  []valid
}

func newCorpus(t *testing.T, s *shop) *corpus {
	t.Helper()
	c := &corpus{t: t, shop: s, guest: s.guest(t), customer: s.customer(t), staff: s.staff(t), m: s.market(gb), key: "c-" + handleOf(t)}
	c.described = c.guest.document()
	for _, part := range []func(){
		c.storefront, c.cart, c.checkout, c.account, c.channels, c.catalogue, c.shelves, c.prices, c.promotions, c.stock, c.delivery, c.payments, c.orders, c.sagas, c.control,
	} {
		part()
	}
	return c
}

// add notes a request. The route is written with its parameters; their values follow in order.
func (c *corpus) add(as *caller, verb, route, body string, values ...string) *corpus {
	c.t.Helper()
	route, query, _ := strings.Cut(route, "?")
	path := route
	for _, value := range values {
		from, to := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
		require.Positive(c.t, from, "%s has too few parameters", route)
		path = path[:from] + value + path[to+1:]
	}
	if query != "" {
		path += "?" + query
	}
	c.seeds = append(c.seeds, valid{verb: verb, route: route, path: path, body: body, as: as, parameters: c.described.parameters(verb, route)})
	return c
}

func (c *corpus) storefront() {
	thing := c.shop.sell(c.t, goods{title: "Corpus lamp", price: "9.00", stock: 5}, c.m)
	collection := &adminv1.CreateCollectionResponse{}
	c.staff.do(http.MethodPost, "/admin/v1/collections", &adminv1.CreateCollectionRequest{Collection: &adminv1.CollectionFields{Name: "Lamps", Handle: "lamps-" + c.key}}, collection)
	in := "channel=" + c.m.channel
	c.add(c.guest, http.MethodGet, "/v1/channels", "")
	c.add(c.guest, http.MethodGet, "/v1/products?"+in+"&pageSize=2&sort=PRODUCT_SORT_TITLE&currencyCode=GBP&countryCode=GB&locale=en", "")
	c.add(c.guest, http.MethodGet, "/v1/products/{product}?"+in+"&locale=en-GB", "", thing.handle)
	c.add(c.guest, http.MethodGet, "/v1/search?"+in+"&query=lamp&pageSize=2&tags=blue", "")
	c.add(c.guest, http.MethodGet, "/v1/categories?"+in+"&locale=en", "")
	c.add(c.guest, http.MethodGet, "/v1/collections?"+in+"&pageSize=2", "")
	c.add(c.guest, http.MethodGet, "/v1/collections/{collection}?"+in, "", "lamps-"+c.key)
	c.add(c.guest, http.MethodGet, "/v1/payment-methods?"+in+"&countryCode=GB&currencyCode=GBP", "")
}

func (c *corpus) cart() {
	a := c.shop.sell(c.t, goods{price: "9.00", stock: 500}, c.m)
	b := c.shop.sell(c.t, goods{price: "9.00", stock: 500}, c.m)
	promo := c.shop.promotion(c.t, &adminv1.Promotion{Trigger: byCode, Action: percentOff(100_000), Conditions: only(c.m, a, b)})
	present := c.shop.gift(c.t, "GBP", "1.00")
	cart := c.guest.fill(c.m, units(a, 2), units(b, 1))
	code, lines := promo.code(0), cart.cart.GetLines()
	is := cart.cart.GetId()
	address := `{"fullName":"Ada Lovelace","line1":"12 St James Square","city":"London","postalCode":"SW1Y 4LB","countryCode":"GB"}`
	c.add(c.guest, http.MethodPost, "/v1/carts", `{"channel":"`+c.m.channel+`","currencyCode":"GBP","countryCode":"GB","locale":"en-GB","lines":[{"sku":"`+a.sku+`","quantity":1}]}`)
	c.add(c.guest, http.MethodPost, "/v1/carts/{cart_id}/lines", `{"lines":[{"sku":"`+a.sku+`","quantity":1},{"sku":"`+b.sku+`","quantity":2}]}`, is)
	c.add(c.guest, http.MethodPatch, "/v1/carts/{cart_id}/lines/{line_id}", `{"quantity":3}`, is, lines[0].GetId())
	c.add(c.guest, http.MethodPatch, "/v1/carts/{cart_id}", `{"email":"ada@example.com","note":"ring twice","shippingAddress":`+address+`,"billingAddress":`+address+`}`, is)
	c.add(c.guest, http.MethodGet, "/v1/carts/{cart_id}", "", is)
	c.add(c.guest, http.MethodGet, "/v1/carts/{cart_id}/shipping-options", "", is)
	c.add(c.guest, http.MethodPut, "/v1/carts/{cart_id}/shipping-option", `{"key":"express"}`, is)
	c.add(c.guest, http.MethodPost, "/v1/carts/{cart_id}/coupons", `{"code":"`+code+`"}`, is)
	c.add(c.guest, http.MethodDelete, "/v1/carts/{cart_id}/coupons/{code}?expectedVersion=0", "", is, code)
	c.add(c.guest, http.MethodPost, "/v1/carts/{cart_id}/gift-cards", `{"code":"`+present.code+`"}`, is)
	c.add(c.guest, http.MethodDelete, "/v1/carts/{cart_id}/gift-cards/{gift_card_id}", "", is, present.id)
	c.add(c.guest, http.MethodDelete, "/v1/carts/{cart_id}/lines/{line_id}", "", is, lines[1].GetId())
	c.add(c.customer, http.MethodPost, "/v1/gift-cards/lookup", `{"code":"`+present.code+`"}`)
}

func (c *corpus) checkout() {
	thing := c.shop.sell(c.t, goods{price: "9.00", stock: 500}, c.m)
	cart := c.guest.fill(c.m, units(thing, 1)).ready()
	total := cart.cart.GetTotals().GetTotal().GetAmount()
	waiting := c.guest.fill(c.m, units(thing, 1)).ready().buy(redirect("wallet")).GetId()
	c.add(c.guest, http.MethodPost, "/v1/carts/{cart_id}/checkout", fmt.Sprintf(
		`{"expectedTotal":{"currencyCode":"GBP","amount":%q},"payment":{"method":"card","token":"tok_ok","returnUrl":%q}}`, total, returnURL), cart.cart.GetId())
	c.add(c.guest, http.MethodGet, "/v1/orders/{order_id}", "", waiting)
	c.add(c.guest, http.MethodPost, "/v1/orders/{order_id}/resume", `{}`, waiting)
	c.add(c.guest, http.MethodPost, "/v1/orders/{order_id}/cancel", `{"reason":"changed my mind"}`, waiting)
}

func (c *corpus) account() {
	thing := c.shop.sell(c.t, goods{price: "9.00", stock: 500}, c.m)
	saved := func() string {
		answer := &storefrontv1.CreateAddressResponse{}
		c.customer.do(http.MethodPost, "/v1/me/addresses", &storefrontv1.CreateAddressRequest{Label: "Home", Address: britain()}, answer)
		return answer.GetAddress().GetId()
	}
	keep, gone := saved(), saved()
	guest := c.guest.fill(c.m, units(thing, 1))
	body := `{"label":"Work","defaultShipping":true,"address":{"fullName":"Ada","line1":"1 Main Street","city":"London","postalCode":"SW1Y 4LB","countryCode":"GB","phone":"+44 20 7946 0000"}}`
	c.add(c.customer, http.MethodPost, "/v1/me/addresses", body)
	c.add(c.customer, http.MethodGet, "/v1/me/addresses?pageSize=5", "")
	c.add(c.customer, http.MethodPut, "/v1/me/addresses/{id}", body, keep)
	c.add(c.customer, http.MethodDelete, "/v1/me/addresses/{id}", "", gone)
	c.add(c.customer, http.MethodPost, "/v1/me/cart/merge", `{"cartId":"`+guest.cart.GetId()+`"}`)
	c.add(c.customer, http.MethodGet, "/v1/me/cart?channel="+c.m.channel, "")
	c.add(c.customer, http.MethodGet, "/v1/me/orders?pageSize=5", "")
}

// send is a request of staff that must be done before others can be noted.
func (c *corpus) send(verb, path, body string) {
	c.t.Helper()
	call := raw(verb, path, body)
	call.Key = id.New()
	require.NoError(c.t, c.staff.try(call, nil), "%s %s", verb, path)
}

func (c *corpus) channels() {
	channel := func(name string) string {
		return `"channel":{"name":"` + name + `","currencyCodes":["GBP","EUR"],"defaultCurrencyCode":"GBP","countryCodes":["GB","IE"],"defaultCountryCode":"GB","locales":["en-GB"],"defaultLocale":"en-GB"}`
	}
	c.add(c.staff, http.MethodPost, "/admin/v1/channels", `{"key":"`+c.key+`",`+channel("Corpus")+`}`)
	c.add(c.staff, http.MethodGet, "/admin/v1/channels?pageSize=2", "")
	c.add(c.staff, http.MethodGet, "/admin/v1/channels/{key}", "", c.key)
	c.add(c.staff, http.MethodPut, "/admin/v1/channels/{key}", `{"version":1,`+channel("Renamed")+`}`, c.key)
	c.add(c.staff, http.MethodPut, "/admin/v1/channel-settings/{settings.channel}",
		`{"settings":{"captureMode":"CAPTURE_MODE_AT_SHIPMENT","taxDisplay":"TAX_DISPLAY_INCLUSIVE","rounding":"ROUNDING_POLICY_HALF_EVEN_TOTAL","orderNumberPrefix":"C-","homeCountryCode":"GB"}}`, c.key)
	c.add(c.staff, http.MethodGet, "/admin/v1/channel-settings?pageSize=2", "")
	c.add(c.staff, http.MethodGet, "/admin/v1/channel-settings/{channel}", "", c.key)
}

func (c *corpus) catalogue() {
	gone := c.shop.sell(c.t, goods{}, c.m)
	kept := c.shop.sell(c.t, goods{}, c.m)
	fields := func(sku string) string {
		return `"product":{"title":"Corpus chair","descriptionHtml":"<b>Oak</b>","vendor":"Wood","tags":["oak"],"options":[{"name":"Size","values":["S","M"]}],` +
			`"variants":[{"sku":"` + sku + `","optionValues":["S"],"weightGrams":10,"taxClass":"reduced"},{"sku":"` + sku + `-M","optionValues":["M"]}],` +
			`"media":[{"url":"https://img.example.com/a.jpg","altText":"A"}],"attributes":[{"key":"wood","values":[{"text":"oak"}]}],` +
			`"translations":[{"locale":"de","title":"Stuhl"}]}`
	}
	c.add(c.staff, http.MethodPost, "/admin/v1/products", `{`+fields("C-"+strings.ToUpper(c.key))+`}`)
	c.add(c.staff, http.MethodGet, "/admin/v1/products?pageSize=2&includeUnpublished=true&channel="+c.m.channel, "")
	c.add(c.staff, http.MethodPost, "/admin/v1/products/search", `{"query":"chair","channel":"`+c.m.channel+`","filter":{"tags":["oak"],"vendors":["Wood"]},"includeUnpublished":true,"includeFacets":true,"pageSize":2}`)
	c.add(c.staff, http.MethodGet, "/admin/v1/products/{id}?includeUnpublished=true", "", kept.id)
	c.add(c.staff, http.MethodPut, "/admin/v1/products/{product_id}/publications/{channel}", `{"status":"PUBLICATION_STATUS_ARCHIVED"}`, kept.id, c.m.channel)
	c.add(c.staff, http.MethodPut, "/admin/v1/products/{id}", `{"version":3,`+fields(kept.sku)+`}`, kept.id)
	c.add(c.staff, http.MethodDelete, "/admin/v1/products/{id}?version=0", "", gone.id)
	c.add(c.staff, http.MethodPost, "/admin/v1/products/import?dryRun=true&channel="+c.m.channel+"&priceListKey="+c.m.priceList, apparel(c.key).text(c.t))
	c.seeds[len(c.seeds)-1].csv = true
	c.add(c.staff, http.MethodGet, "/admin/v1/products/export?status=PUBLICATION_STATUS_ARCHIVED&channel="+c.m.channel, "")
}

func (c *corpus) shelves() {
	gone := c.shop.category(c.t, "Gone", "")
	kept := c.shop.category(c.t, "Kept", "")
	thing := c.shop.sell(c.t, goods{}, c.m)
	collection := func(name string) string {
		answer := &adminv1.CreateCollectionResponse{}
		c.staff.do(http.MethodPost, "/admin/v1/collections", &adminv1.CreateCollectionRequest{Collection: &adminv1.CollectionFields{Name: name, Handle: name + "-" + c.key}}, answer)
		return answer.GetCollection().GetId()
	}
	goneList, keptList := collection("gone"), collection("kept")
	fields := `{"name":"Chairs","descriptionHtml":"<i>Sit</i>","translations":[{"locale":"de","name":"Stühle"}]`
	c.add(c.staff, http.MethodPost, "/admin/v1/categories", `{"category":`+fields+`,"handle":"new-`+c.key+`","parentId":"`+kept+`","position":3}}`)
	c.add(c.staff, http.MethodGet, "/admin/v1/categories?pageSize=2&locale=de", "")
	c.add(c.staff, http.MethodGet, "/admin/v1/categories/{id}", "", kept)
	c.add(c.staff, http.MethodPut, "/admin/v1/categories/{id}", `{"version":1,"category":`+fields+`,"position":1}}`, kept)
	c.add(c.staff, http.MethodDelete, "/admin/v1/categories/{id}", "", gone)
	c.add(c.staff, http.MethodPost, "/admin/v1/collections", `{"collection":`+fields+`,"handle":"made-`+c.key+`"}}`)
	c.add(c.staff, http.MethodGet, "/admin/v1/collections?pageSize=2", "")
	c.add(c.staff, http.MethodGet, "/admin/v1/collections/{id}", "", keptList)
	c.add(c.staff, http.MethodPut, "/admin/v1/collections/{id}", `{"version":1,"collection":`+fields+`}}`, keptList)
	c.add(c.staff, http.MethodPut, "/admin/v1/collections/{id}/products", `{"productIds":["`+thing.id+`"],"version":0}`, keptList)
	c.add(c.staff, http.MethodDelete, "/admin/v1/collections/{id}", "", goneList)
}
