package acceptance_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
)

// wrong is a request that the shop must refuse without doing anything.
type wrong struct {
	what   string
	call   shopclient.Call
	status int
	reason string
	path   string // the field that the answer names; empty for none
}

// refuseAll sends each request and compares the refusal.
func (c *caller) refuseAll(all []wrong) {
	c.t.Helper()
	for _, w := range all {
		var paths []string
		if w.path != "" {
			paths = []string{w.path}
		}
		c.t.Run(w.what, func(t *testing.T) {
			one := *c
			one.t = t
			refusal := one.refused(w.status, w.reason, w.call, paths...)
			for _, secret := range []string{"SQLSTATE", "pgx", "goroutine", ".go:", "127.0.0.1"} {
				require.NotContains(t, refusal.Detail, secret, "the answer tells nothing of the inside")
			}
		})
	}
}

// When this fails a broken client gets an answer it cannot read, breaks the shop, or writes what nobody meant.
func TestBrokenJSON(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	b := theShop.guest(t).fill(m, units(thing, 1))
	post := func(body string) shopclient.Call { return raw(http.MethodPost, b.path("/lines"), body) }
	patch := func(body string) shopclient.Call { return raw(http.MethodPatch, b.path(""), body) }
	line := func(rest string) shopclient.Call { return post(`{"lines":[{"sku":"` + thing.sku + `",` + rest + `}]}`) }
	empty := shopclient.Call{Verb: http.MethodPost, Path: b.path("/lines"), Raw: strings.NewReader(""), ContentType: "application/json"}
	xml := shopclient.Call{Verb: http.MethodPost, Path: b.path("/lines"), Raw: strings.NewReader("<lines/>"), ContentType: "text/xml"}
	zipped := post("{}")
	zipped.Header = http.Header{"Content-Encoding": {"gzip"}}
	override := raw(http.MethodPost, "/v1/products", "{}")
	override.Header = http.Header{"X-Http-Method-Override": {"GET"}}
	b.refuseAll([]wrong{
		{"body above 64 KiB", patch(`{"note":"` + strings.Repeat("x", 64<<10) + `"}`), 413, "BODY_TOO_LARGE", ""},
		{"no body", empty, 400, "BODY_REQUIRED", ""},
		{"another format", xml, 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		{"a packed body, which could unfold to anything", zipped, 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		{"address above 8,000 bytes", shopclient.Call{Verb: http.MethodGet, Path: "/v1/products?pageToken=" + strings.Repeat("x", 9000)}, 414, "URI_TOO_LONG", ""},
		{"cut off", post(`{"lines":`), 400, "JSON_MALFORMED", ""},
		{"two objects", post(`{}{}`), 400, "JSON_MALFORMED", ""},
		{"a list", post(`[]`), 400, "JSON_MALFORMED", ""},
		{"NaN", line(`"quantity":NaN`), 400, "JSON_MALFORMED", ""},
		{"a key twice", line(`"quantity":1,"quantity":9`), 400, "JSON_DUPLICATE_KEY", "lines[0].quantity"},
		{"ten thousand lists in each other", post(`{"lines":` + strings.Repeat("[", 10_000)), 400, "", ""},
		{"unknown field", line(`"quantity":1,"foo":1`), 400, "FIELD_UNKNOWN", "lines[0].foo"},
		{"a field that the shop sets", line(`"quantity":1,"unitPrice":{"currencyCode":"GBP","amount":"0.01"}`), 400, "FIELD_READ_ONLY", "lines[0].unitPrice"},
		{"the total by the buyer", patch(`{"totals":{}}`), 400, "FIELD_READ_ONLY", "totals"},
		{"the customer by the buyer", patch(`{"orderId":"x"}`), 400, "FIELD_READ_ONLY", "orderId"},
		{"no UTF-8", patch("{\"note\":\"\xff\"}"), 400, "UTF8_INVALID", ""},
		{"half a character", patch(`{"note":"\ud800"}`), 400, "UTF8_INVALID", ""},
		{"NUL", patch(`{"note":"a\u0000b"}`), 400, "CHAR_NOT_ALLOWED", "note"},
		{"a number beyond all", line(`"quantity":1e400`), 400, "NUMBER_RANGE", "lines[0].quantity"},
		{"a text for a number", line(`"quantity":"1; DROP"`), 400, "TYPE_MISMATCH", "lines[0].quantity"},
		{"null", line(`"quantity":null`), 400, "FIELD_REQUIRED", "lines[0].quantity"},
		{"another method by header", override, 405, "METHOD_NOT_ALLOWED", ""},
		{"another method", shopclient.Call{Verb: http.MethodDelete, Path: "/v1/products"}, 405, "METHOD_NOT_ALLOWED", ""},
		{"a way out of the path", shopclient.Call{Verb: http.MethodGet, Path: "/v1/orders/..%2f..%2fadmin"}, 404, "ROUTE_NOT_FOUND", ""},
		{"an answer in another format", shopclient.Call{Verb: http.MethodGet, Path: "/v1/products", Header: http.Header{"Accept": {"application/grpc"}}}, 406, "NOT_ACCEPTABLE", ""},
		{"unknown parameter", shopclient.Call{Verb: http.MethodGet, Path: "/v1/products?foo=1"}, 400, "FIELD_UNKNOWN", "foo"},
		{"a parameter twice", shopclient.Call{Verb: http.MethodGet, Path: "/v1/products?pageSize=1&pageSize=2"}, 400, "QUERY_INVALID", "pageSize"},
	})
	before := b.cart
	require.Equal(t, before.GetVersion(), b.read().GetVersion(), "nothing was written")
}

// When this fails carts hold what cannot be bought, delivered or printed.
func TestBadCarts(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	version := b.cart.GetVersion()
	post := func(path, body string) shopclient.Call { return raw(http.MethodPost, b.path(path), body) }
	line := func(quantity string) shopclient.Call {
		return post("/lines", `{"lines":[{"sku":"`+thing.sku+`","quantity":`+quantity+`}]}`)
	}
	address := func(field, value string) shopclient.Call {
		fields := map[string]string{"fullName": "Ada", "line1": "1 Main Street", "city": "London", "postalCode": "SW1Y 4LB", "countryCode": "GB"}
		fields[field] = value
		text := ""
		for name, value := range fields {
			text += fmt.Sprintf(",%q:%q", name, value)
		}
		return raw(http.MethodPatch, b.path(""), `{"shippingAddress":{`+text[1:]+`}}`)
	}
	pay := func(payment string) shopclient.Call { return post("/checkout", `{"payment":`+payment+`}`) }
	b.refuseAll([]wrong{
		{"nothing of it", line("0"), 400, "QTY_RANGE", "lines[0].quantity"},
		{"less than nothing", line("-1"), 400, "QTY_RANGE", "lines[0].quantity"},
		{"a million and one", line("1000001"), 400, "QTY_RANGE", "lines[0].quantity"},
		{"above 31 bits", line("2147483648"), 400, "NUMBER_RANGE", "lines[0].quantity"},
		{"above 63 bits", line("9223372036854775808"), 400, "NUMBER_RANGE", "lines[0].quantity"},
		{"one and a half", line("1.5"), 400, "TYPE_MISMATCH", "lines[0].quantity"},
		{"another case", post("/lines", `{"lines":[{"sku":"`+strings.ToLower(thing.sku)+`","quantity":1}]}`), 409, "SKU_UNAVAILABLE", "lines[0].sku"},
		{"an emoji", post("/lines", `{"lines":[{"sku":"🛒","quantity":1}]}`), 400, "SKU_INVALID", "lines[0].sku"},
		{"no lines", post("/lines", `{"lines":[]}`), 400, "FIELD_REQUIRED", "lines"},
		{"101 lines", post("/lines", `{"lines":[`+strings.Repeat(`{"sku":"A","quantity":1},`, 100)+`{"sku":"A","quantity":1}]}`), 400, "LIST_TOO_LONG", "lines"},
		{"a line that is not there", raw(http.MethodPatch, b.path("/lines/0192f0c1-0000-7000-8000-000000000000"), `{"quantity":1}`), 404, "LINE_NOT_FOUND", ""},
		{"no line id", raw(http.MethodPatch, b.path("/lines/first"), `{"quantity":1}`), 400, "ID_INVALID", "lineId"},
		{"country UK", address("countryCode", "UK"), 400, "ADDRESS_INVALID", "shippingAddress.countryCode"},
		{"country ZZ", address("countryCode", "ZZ"), 400, "ADDRESS_INVALID", "shippingAddress.countryCode"},
		{"postcode of another country", address("postalCode", "10115"), 400, "ADDRESS_INVALID", "shippingAddress.postalCode"},
		{"a street of 10,000 letters", address("line1", strings.Repeat("a", 10_000)), 400, "FIELD_TOO_LONG", "shippingAddress.line1"},
		{"text that runs backwards", address("line1", "1 \u202eteertS"), 400, "CHAR_NOT_ALLOWED", "shippingAddress.line1"},
		{"a header in the e-mail", raw(http.MethodPatch, b.path(""), `{"email":"a@example.com\r\nBcc: eve@example.com"}`), 400, "EMAIL_INVALID", "email"},
		{"no e-mail", raw(http.MethodPatch, b.path(""), `{"email":"ada"}`), 400, "EMAIL_INVALID", "email"},
		{"delivery that is not offered", raw(http.MethodPut, b.path("/shipping-option"), `{"key":"teleport"}`), 409, "SHIPPING_UNAVAILABLE", ""},
		{"delivery for nothing", raw(http.MethodPut, b.path("/shipping-option"), `{"key":"standard","price":{"currencyCode":"GBP","amount":"0"}}`), 400, "FIELD_READ_ONLY", "price"},
		{"no tax, please", raw(http.MethodPatch, b.path(""), `{"taxExempt":true}`), 400, "FIELD_UNKNOWN", "taxExempt"},
		{"an id that is none", shopclient.Call{Verb: http.MethodGet, Path: "/v1/orders/order-1"}, 400, "ID_INVALID", "orderId"},
		{"a currency of another channel", raw(http.MethodPost, "/v1/carts", `{"channel":"`+m.channel+`","currencyCode":"EUR"}`), 400, "CURRENCY_INVALID", "currencyCode"},
		{"a country that is not served", raw(http.MethodPost, "/v1/carts", `{"channel":"`+m.channel+`","countryCode":"FR"}`), 400, "COUNTRY_NOT_SERVED", "countryCode"},
		{"an unknown channel", raw(http.MethodPost, "/v1/carts", `{"channel":"nowhere"}`), 404, "CHANNEL_UNKNOWN", ""},
		{"a verification number", pay(`{"method":"card","token":"tok_ok","cvv":"123"}`), 400, "FIELD_UNKNOWN", "payment.cvv"},
		{"a token of nobody", pay(`{"method":"card","token":"tok_nobody"}`), 422, "TOKEN_REJECTED", ""},
		{"no token", pay(`{"method":"card","token":"garbage"}`), 400, "PATTERN_MISMATCH", "payment.token"},
		{"a way to pay that is none", pay(`{"method":"cowries","token":"tok_ok"}`), 409, "PAYMENT_METHOD_UNAVAILABLE", ""},
		{"a return to a stranger", pay(`{"method":"wallet","returnUrl":"https://evil.example.net/"}`), 400, "URL_NOT_ALLOWED", ""},
		{"a return by script", pay(`{"method":"wallet","returnUrl":"javascript:alert(1)"}`), 400, "PATTERN_MISMATCH", "payment.returnUrl"},
		{"an expected price with pence of pence", post("/checkout", `{"expectedTotal":{"currencyCode":"GBP","amount":"13.951"},"payment":{"method":"card","token":"tok_ok"}}`), 400, "AMOUNT_SCALE", "expectedTotal.amount"},
	})
	require.Equal(t, "GBP 13.95", text(b.read().GetTotals().GetTotal()))
	require.Equal(t, int32(1), b.cart.GetLines()[0].GetQuantity())
	require.LessOrEqual(t, b.cart.GetVersion(), version+12, "only checkouts that were begun and refused moved the version")
	thing.left(10, 10)
}

// When this fails card numbers end up in the shop's databases and logs, wherever a buyer types them.
func TestCardNumbersAreRefused(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	version := b.cart.GetVersion()
	var all []wrong
	for _, number := range []string{"4242 4242 4242 4242", "4242424242424242", "4242-4242-4242-4242", "４２４２４２４２４２４２４２４２"} {
		all = append(all,
			wrong{"note " + number, raw(http.MethodPatch, b.path(""), `{"note":"my card: `+number+`"}`), 422, "PAN_NOT_ACCEPTED", "note"},
			wrong{"street " + number, raw(http.MethodPatch, b.path(""), `{"shippingAddress":{"line1":"`+number+`"}}`), 422, "PAN_NOT_ACCEPTED", "shippingAddress.line1"},
			wrong{"token " + number, raw(http.MethodPost, b.path("/checkout"), `{"payment":{"method":"card","token":"`+number+`"}}`), 422, "PAN_NOT_ACCEPTED", "payment.token"},
			wrong{"coupon " + number, raw(http.MethodPost, b.path("/coupons"), `{"code":"`+number+`"}`), 422, "PAN_NOT_ACCEPTED", "code"},
			wrong{"reason " + number, raw(http.MethodPost, "/v1/orders/aaaaaaaaaaaaaaaaaaaaaaaaaa/cancel", `{"reason":"`+number+`"}`), 422, "PAN_NOT_ACCEPTED", "reason"})
	}
	b.refuseAll(all)
	for _, call := range []shopclient.Call{
		{Verb: http.MethodGet, Path: "/v1/search?query=4242424242424242"},
		raw(http.MethodPatch, b.path(""), `{"4242424242424242":"x"}`),
	} {
		answer := b.send(call)
		require.Contains(t, []int{400, 422}, answer.Status)
		require.NotContains(t, string(answer.Body), "42424242", "the answer does not repeat it; an id may have four of the digits")
	}
	require.Equal(t, version, b.read().GetVersion())
	thing.left(10, 10)
}

// When this fails somebody tells the shop that money came.
func TestForgedNotices(t *testing.T) {
	t.Parallel()
	guest := theShop.guest(t)
	notice := func(header http.Header) shopclient.Call {
		call := raw(http.MethodPost, "/webhooks/sandbox", `{"id":"evt_1","type":"authorization.succeeded"}`)
		call.Header = header
		return call
	}
	guest.refuseAll([]wrong{
		{"without a signature", notice(nil), 401, "WEBHOOK_SIGNATURE_INVALID", ""},
		{"with a wrong one", notice(http.Header{
			"Webhook-Id": {"evt_1"}, "Webhook-Timestamp": {"1764000000"}, "Webhook-Signature": {"v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
		}), 401, "", ""},
		{"of a provider that is none", raw(http.MethodPost, "/webhooks/nobody", `{}`), 404, "", ""},
	})
}

// When this fails a cart grows without bound, or its sum runs over.
func TestCartLimits(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	staff := theShop.staff(t)
	var skus []string
	for n := 0; n < 501; n += 250 {
		count := min(250, 501-n)
		thing := theShop.sell(t, goods{fields: func(f *adminv1.ProductFields) { manyVariants(f, count) }}, m)
		for i := range count {
			skus = append(skus, fmt.Sprintf("%s-%d", thing.sku, i))
		}
	}
	for n := 0; n < len(skus); n += 500 {
		prices := &adminv1.SetPricesRequest{}
		for _, sku := range skus[n:min(n+500, len(skus))] {
			prices.Entries = append(prices.Entries, &adminv1.Price{Sku: sku, Amount: amount("GBP", "10000000000.00")})
		}
		staff.do(http.MethodPost, "/admin/v1/price-lists/"+m.priceList+"/prices", prices, nil)
	}
	b := theShop.guest(t).fill(m)
	lines := func(from, to int, quantity int) shopclient.Call {
		var inputs []string
		for _, sku := range skus[from:to] {
			inputs = append(inputs, fmt.Sprintf(`{"sku":%q,"quantity":%d}`, sku, quantity))
		}
		return raw(http.MethodPost, b.path("/lines"), `{"lines":[`+strings.Join(inputs, ",")+`]}`)
	}
	for n := 0; n < 500; n += 100 {
		require.NoError(t, b.try(lines(n, n+100, 1), nil))
	}
	b.refused(http.StatusConflict, "CART_LIMIT", lines(500, 501, 1))
	require.Len(t, b.read().GetLines(), 500)

	rich := theShop.guest(t).fill(m)
	b = rich
	require.NoError(t, b.try(lines(0, 9, 1_000_000), nil), "nine quintillion pence still fit")
	b.refused(http.StatusConflict, "AMOUNT_RANGE", lines(9, 10, 1_000_000))
	require.Len(t, b.read().GetLines(), 9)
}

// manyVariants makes a product of so many variants that differ in one option.
func manyVariants(f *adminv1.ProductFields, count int) {
	sku := f.GetVariants()[0].GetSku()
	f.Variants = nil
	option := &adminv1.Option{Name: "Number"}
	for i := range count {
		value := fmt.Sprint(i)
		option.Values = append(option.Values, value)
		f.Variants = append(f.Variants, &adminv1.Variant{Sku: fmt.Sprintf("%s-%d", sku, i), OptionValues: []string{value}})
	}
	f.Options = []*adminv1.Option{option}
}
