package acceptance_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// When this fails a slip of staff becomes a wrong product, a wrong price or wrong stock.
func TestBadCatalogue(t *testing.T) {
	t.Parallel()
	m, yen := theShop.market(gb), theShop.market(jp)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	staff := theShop.staff(t)
	product := func(fields string) shopclient.Call {
		return raw(http.MethodPost, "/admin/v1/products", `{"product":{"title":"Bad"`+fields+`}}`)
	}
	variant := func(sku string) shopclient.Call { return product(`,"variants":[{"sku":` + sku + `}]`) }
	price := func(market *market, money string) shopclient.Call {
		return raw(http.MethodPost, "/admin/v1/price-lists/"+market.priceList+"/prices", `{"entries":[{"sku":"`+thing.sku+`","amount":`+money+`}]}`)
	}
	list := func(fields string) shopclient.Call {
		return raw(http.MethodPost, "/admin/v1/price-lists", `{"priceList":{"key":"bad-`+theShop.run+`","name":"Bad","currencyCode":"GBP"`+fields+`}}`)
	}
	get := func(path string) shopclient.Call { return shopclient.Call{Verb: http.MethodGet, Path: path} }
	staff.refuseAll([]wrong{
		{"no SKU", variant(`""`), 400, "SKU_INVALID", "product.variants[0].sku"},
		{"a SKU of 65 characters", variant(`"` + strings.Repeat("A", 65) + `"`), 400, "SKU_INVALID", "product.variants[0].sku"},
		{"a SKU with a line break", variant(`"A\nB"`), 400, "SKU_INVALID", "product.variants[0].sku"},
		{"a SKU with an emoji", variant(`"🛒"`), 400, "SKU_INVALID", "product.variants[0].sku"},
		{"a SKU of another product", variant(`"` + thing.sku + `"`), 409, "SKU_TAKEN", ""},
		{"no variant", product(``), 400, "FIELD_REQUIRED", "product.variants"},
		{"two variants without options", product(`,"variants":[{"sku":"A-` + id.New() + `"},{"sku":"B-` + id.New() + `"}]`), 400, "VARIANTS_INVALID", ""},
		{"a handle of another product", product(`,"handle":"` + thing.handle + `","variants":[{"sku":"A-` + id.New() + `"}]`), 409, "HANDLE_TAKEN", ""},
		{"a picture inside the network", product(`,"variants":[{"sku":"A-` + id.New() + `"}],"media":[{"url":"http://169.254.169.254/latest"}]`), 400, "URL_NOT_ALLOWED", "product.media[0].url"},
		{"a picture by user and password", product(`,"variants":[{"sku":"A-` + id.New() + `"}],"media":[{"url":"https://a:b@example.com/x.jpg"}]`), 400, "URL_NOT_ALLOWED", "product.media[0].url"},
		{"an unknown category", product(`,"variants":[{"sku":"A-` + id.New() + `"}],"categoryIds":["0192f0c1-0000-7000-8000-000000000000"]`), 404, "CATEGORY_NOT_FOUND", ""},
		{"a negative price", price(m, `{"currencyCode":"GBP","amount":"-1.00"}`), 400, "AMOUNT_NEGATIVE", "entries[0].amount.amount"},
		{"a tenth of a penny", price(m, `{"currencyCode":"GBP","amount":"10.999"}`), 400, "AMOUNT_SCALE", "entries[0].amount.amount"},
		{"a hundredth of a yen", price(yen, `{"currencyCode":"JPY","amount":"100.50"}`), 400, "AMOUNT_SCALE", "entries[0].amount.amount"},
		{"more than can be counted", price(m, `{"currencyCode":"GBP","amount":"92233720368547758.08"}`), 400, "AMOUNT_RANGE", ""},
		{"a number for an amount", price(m, `{"currencyCode":"GBP","amount":10}`), 400, "TYPE_MISMATCH", "entries[0].amount.amount"},
		{"currency US", price(m, `{"currencyCode":"US","amount":"1"}`), 400, "CURRENCY_INVALID", "entries[0].amount.currencyCode"},
		{"currency usd", price(m, `{"currencyCode":"usd","amount":"1"}`), 400, "CURRENCY_INVALID", "entries[0].amount.currencyCode"},
		{"currency XXX", price(m, `{"currencyCode":"XXX","amount":"1"}`), 400, "CURRENCY_INVALID", ""},
		{"currency USDT", price(m, `{"currencyCode":"USDT","amount":"1"}`), 400, "CURRENCY_INVALID", "entries[0].amount.currencyCode"},
		{"another currency than the list's", price(m, `{"currencyCode":"EUR","amount":"1"}`), 409, "CURRENCY_MIXED", ""},
		{"a list that ends before it begins", list(`,"validFrom":"2026-02-01T00:00:00Z","validUntil":"2026-01-01T00:00:00Z"`), 400, "RANGE_INVALID", ""},
		{"a list for a country that is none", list(`,"countryCodes":["ZZ"]`), 400, "COUNTRY_INVALID", ""},
		{"the same price twice", raw(http.MethodPost, "/admin/v1/price-lists/"+m.priceList+"/prices",
			`{"entries":[{"sku":"`+thing.sku+`","amount":{"currencyCode":"GBP","amount":"1"}},{"sku":"`+thing.sku+`","amount":{"currencyCode":"GBP","amount":"2"}}]}`), 409, "PRICE_OVERLAP", ""},
		{"a price list that is not there", raw(http.MethodPost, "/admin/v1/price-lists/nowhere/prices", `{"entries":[{"sku":"A","amount":{"currencyCode":"GBP","amount":"1"}}]}`), 404, "PRICE_LIST_NOT_FOUND", ""},
		{"a page of less than nothing", get("/v1/products?pageSize=-1&channel=" + m.channel), 400, "PAGE_SIZE_INVALID", "pageSize"},
		{"a forged page", get("/v1/products?pageToken=forged&channel=" + m.channel), 400, "PAGE_TOKEN_INVALID", ""},
		{"words without end", get("/v1/search?query=" + strings.Repeat("a", 2000)), 400, "QUERY_TOO_LONG", "query"},
		{"a language of 200 letters", get("/v1/products?locale=xx-" + strings.Repeat("Y", 200)), 400, "PATTERN_MISMATCH", "locale"},
		{"a channel that is none", get("/v1/products?channel=Nowhere!"), 400, "PATTERN_MISMATCH", "channel"},
	})
	for size, want := range map[string]int{"0": 200, "1000000": 200} {
		require.Equal(t, want, staff.send(get("/v1/products?pageSize="+size+"&channel="+m.channel)).Status)
	}
	require.Equal(t, "GBP 10.00", text(theShop.guest(t).product(thing.id, m).GetVariants()[0].GetPrice().GetAmount()))
}

// When this fails discounts above the price, stock below what is promised or zones that contradict themselves come to be.
func TestBadSettings(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	theShop.guest(t).fill(m, units(thing, 4)).ready().bought(card("ok"))
	staff := theShop.staff(t)
	key := "bad-" + theShop.run
	promotion := func(fields string) shopclient.Call {
		return raw(http.MethodPost, "/admin/v1/promotions", `{"promotion":{"key":"`+key+`","name":"Bad","trigger":"PROMOTION_TRIGGER_CODE",`+fields+`}}`)
	}
	stock := func(path, entry string) shopclient.Call {
		return raw(http.MethodPost, "/admin/v1/stock/"+path, `{"reason":"count","entries":[{"sku":"`+thing.sku+`","locationKey":"`+theShop.location()+`",`+entry+`}]}`)
	}
	zone := func(methods string) shopclient.Call {
		return raw(http.MethodPost, "/admin/v1/shipping-zones", `{"zone":{"key":"`+key+`","name":"Bad","channel":"`+m.channel+`","currencyCode":"GBP","locations":[{"countryCode":"GB"}],"methods":[`+methods+`]}}`)
	}
	rate := func(fields string) shopclient.Call {
		return raw(http.MethodPost, "/admin/v1/tax-rates", `{"taxClass":"`+key+`","name":"Bad",`+fields+`}`)
	}
	staff.refuseAll([]wrong{
		{"101 %", promotion(`"percentageOff":{"ratePpm":1010000}`), 400, "PERCENT_RANGE", "promotion.percentageOff.ratePpm"},
		{"-5 %", promotion(`"percentageOff":{"ratePpm":-50000}`), 400, "PERCENT_RANGE", "promotion.percentageOff.ratePpm"},
		{"nothing off", promotion(`"amountOff":{"amounts":[{"currencyCode":"GBP","amount":"0.00"}]}`), 400, "AMOUNT_ZERO", ""},
		{"no discount at all", promotion(`"priority":1`), 400, "", ""},
		{"a window that ends before it begins", promotion(`"freeShipping":{},"validFrom":"2026-02-01T00:00:00Z","validUntil":"2026-01-01T00:00:00Z"`), 400, "RANGE_INVALID", ""},
		{"codes and a number of codes", raw(http.MethodPost, "/admin/v1/promotions/nowhere/codes", `{"codes":["ABC"],"generateCount":1}`), 400, "COUPON_CHOICE", ""},
		{"codes of nothing", raw(http.MethodPost, "/admin/v1/promotions/nowhere/codes", `{"codes":["ABC"]}`), 404, "PROMOTION_NOT_FOUND", ""},
		{"stock below what is promised", stock("set", `"onHand":3`), 409, "STOCK_BELOW_RESERVED", "entries[0].onHand"},
		{"taking what is promised", stock("adjust", `"delta":-7`), 409, "STOCK_BELOW_RESERVED", "entries[0].delta"},
		{"stock below nothing", stock("set", `"onHand":-1`), 400, "QTY_RANGE", "entries[0].onHand"},
		{"stock beyond a billion", stock("set", `"onHand":1000000001`), 400, "QTY_RANGE", "entries[0].onHand"},
		{"a correction of nothing", stock("adjust", `"delta":0`), 400, "QTY_RANGE", "entries[0].delta"},
		{"stock nowhere", raw(http.MethodPost, "/admin/v1/stock/set", `{"reason":"count","entries":[{"sku":"A","locationKey":"nowhere","onHand":1}]}`), 404, "LOCATION_NOT_FOUND", ""},
		{"no reason", raw(http.MethodPost, "/admin/v1/stock/set", `{"entries":[{"sku":"A","locationKey":"nowhere","onHand":1}]}`), 400, "FIELD_REQUIRED", "reason"},
		{"backorders without a limit", raw(http.MethodPut, "/admin/v1/stock/backorder-policy", `{"sku":"`+thing.sku+`","mode":"BACKORDER_MODE_ALLOW","limit":0}`), 400, "LIMIT_RANGE", "limit"},
		{"a mode that is none", raw(http.MethodPut, "/admin/v1/stock/backorder-policy", `{"sku":"`+thing.sku+`","mode":"SOMETIMES"}`), 400, "ENUM_UNKNOWN", "mode"},
		{"a purchase limit below nothing", raw(http.MethodPut, "/admin/v1/stock/purchase-limit", `{"sku":"`+thing.sku+`","quantity":-1}`), 400, "PURCHASE_LIMIT_RANGE", "quantity"},
		{"a window without a purchase limit", raw(http.MethodPut, "/admin/v1/stock/purchase-limit", `{"sku":"`+thing.sku+`","windowDays":7}`), 400, "PURCHASE_LIMIT_RANGE", "windowDays"},
		{"a location that is there", raw(http.MethodPost, "/admin/v1/locations", `{"key":"`+theShop.location()+`","name":"Again","countryCode":"GB"}`), 409, "LOCATION_EXISTS", ""},
		{"a channel that is there", raw(http.MethodPost, "/admin/v1/channels", `{"key":"`+m.channel+`","channel":{"name":"Again","currencyCodes":["GBP"],"countryCodes":["GB"],"locales":["en"]}}`), 409, "CHANNEL_EXISTS", ""},
		{"a channel whose default is none of its own", raw(http.MethodPost, "/admin/v1/channels", `{"key":"`+key+`","channel":{"name":"Bad","currencyCodes":["GBP"],"defaultCurrencyCode":"EUR","countryCodes":["GB"],"locales":["en"]}}`), 400, "CHANNEL_INVALID", ""},
		{"delivery without a price", zone(`{"key":"a","name":"A","kind":"SHIPPING_PRICE_KIND_FLAT"}`), 400, "SHIPPING_INVALID", ""},
		{"delivery in another currency", zone(`{"key":"a","name":"A","kind":"SHIPPING_PRICE_KIND_FLAT","price":{"currencyCode":"EUR","amount":"1.00"}}`), 400, "", ""},
		{"delivery that costs less than nothing", zone(`{"key":"a","name":"A","kind":"SHIPPING_PRICE_KIND_FLAT","price":{"currencyCode":"GBP","amount":"-1.00"}}`), 400, "", ""},
		{"a rate of 200 %", rate(`"countryCode":"GB","ratePpm":2000000,"validFrom":"2026-01-01"`), 400, "OUT_OF_RANGE", "ratePpm"},
		{"a rate of no country", rate(`"countryCode":"ZZ","ratePpm":1,"validFrom":"2026-01-01"`), 400, "COUNTRY_INVALID", ""},
		{"a rate from the 30th of February", rate(`"countryCode":"GB","ratePpm":1,"validFrom":"2026-02-30"`), 400, "DATE_INVALID", "validFrom"},
		{"a pattern that is none", rate(`"countryCode":"GB","ratePpm":1,"validFrom":"2026-01-01","postcodePattern":"(("`), 400, "PATTERN_INVALID", "postcodePattern"},
		{"a gift card of nothing", raw(http.MethodPost, "/admin/v1/gift-cards", `{"amount":{"currencyCode":"GBP","amount":"0.00"}}`), 400, "", ""},
		{"a gift card of less", raw(http.MethodPost, "/admin/v1/gift-cards", `{"amount":{"currencyCode":"GBP","amount":"-5.00"}}`), 400, "", ""},
		{"entries of nothing", shopclient.Call{Verb: http.MethodGet, Path: "/admin/v1/ledger/entries"}, 400, "FILTER_INVALID", ""},
		{"settings without a home", raw(http.MethodPut, "/admin/v1/channel-settings/"+m.channel, `{"settings":{"removeHomeTax":true}}`), 400, "COUNTRY_INVALID", "settings.homeCountryCode"},
	})
	thing.left(10, 6)
	for _, path := range []string{"/admin/v1/promotions/" + key, "/admin/v1/shipping-zones/" + key, "/admin/v1/channels/" + key} {
		require.Equal(t, http.StatusNotFound, staff.send(shopclient.Call{Verb: http.MethodGet, Path: path}).Status, "%s was not written", path)
	}
}

// When this fails a slip of staff moves goods or money that nobody meant to move.
func TestBadOrders(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	buyer, staff := theShop.guest(t), theShop.staff(t)
	order := buyer.fill(m, units(thing, 2)).ready().bought(card("ok"))
	line := order.GetLines()[0].GetId()
	path := "/admin/v1/orders/" + order.GetId()
	version := staff.adminOrder(order.GetId()).GetVersion()
	staff.refuseAll([]wrong{
		{"a parcel of more", raw(http.MethodPost, path+"/shipments", `{"lines":[{"orderLineId":"`+line+`","quantity":3}]}`), 409, "QTY_EXCEEDS", "lines[0].quantity"},
		{"a parcel of none", raw(http.MethodPost, path+"/shipments", `{"lines":[{"orderLineId":"`+line+`","quantity":0}]}`), 400, "QTY_RANGE", "lines[0].quantity"},
		{"a parcel of a line twice", raw(http.MethodPost, path+"/shipments", `{"lines":[{"orderLineId":"`+line+`","quantity":1},{"orderLineId":"`+line+`","quantity":1}]}`), 400, "ORDER_LINE_REPEATED", ""},
		{"a parcel of another order", raw(http.MethodPost, path+"/shipments", `{"lines":[{"orderLineId":"`+id.New()+`","quantity":1}]}`), 400, "ORDER_LINE_UNKNOWN", ""},
		{"a tracking number of 5,000 characters", raw(http.MethodPost, path+"/shipments", `{"trackingNumber":"`+strings.Repeat("1", 5000)+`"}`), 400, "FIELD_TOO_LONG", "trackingNumber"},
		{"back more than was bought", raw(http.MethodPost, path+"/refunds", `{"lines":[{"orderLineId":"`+line+`","quantity":3}]}`), 409, "QTY_EXCEEDS", "lines[0].quantity"},
		{"back nothing", raw(http.MethodPost, path+"/refunds", `{}`), 400, "REFUND_EMPTY", ""},
		{"back a line twice", raw(http.MethodPost, path+"/refunds", `{"lines":[{"orderLineId":"`+line+`","quantity":1},{"orderLineId":"`+line+`","quantity":1}]}`), 400, "ORDER_LINE_REPEATED", ""},
		{"an amount of one's own", raw(http.MethodPost, path+"/refunds", `{"amount":{"currencyCode":"GBP","amount":"5.00"}}`), 400, "FIELD_READ_ONLY", "amount"},
		{"an order that is not there", raw(http.MethodPost, "/admin/v1/orders/"+id.Secret()+"/refunds", `{"shipping":true}`), 404, "ORDER_NOT_FOUND", ""},
		{"an order that is none", raw(http.MethodPost, "/admin/v1/orders/1/refunds", `{"shipping":true}`), 400, "ID_INVALID", "orderId"},
	})
	require.Equal(t, version, staff.adminOrder(order.GetId()).GetVersion())
	require.Equal(t, moved{Authorized: 2395, Captured: 2395}, theShop.moved(t, order.GetId()))
	thing.left(10, 8)

	tiny := theShop.sell(t, goods{price: "0.10", stock: 10, digital: true}, m)
	b := buyer.fill(m, units(tiny, 1)).deliverTo(m.address)
	b.refused(http.StatusConflict, "AMOUNT_TOO_SMALL", b.buyCall(card("ok")))
	tiny.left(10, 10)

	exclusive := func() string {
		p := theShop.promotion(t, &adminv1.Promotion{Trigger: byCode, Exclusive: true, Action: percentOff(100_000), Conditions: only(m, thing)})
		return p.code(0)
	}
	two := buyer.fill(m, units(thing, 1)).coupon(exclusive())
	two.refused(http.StatusConflict, "COUPON_NOT_COMBINABLE", two.couponCall(exclusive()))
}
