package acceptance_test

import (
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

func (c *corpus) prices() {
	list := func(key, rest string) string {
		return `{"priceList":{"key":"` + key + `","name":"Trade","currencyCode":"GBP","channels":["` + c.m.channel + `"],"countryCodes":["GB"],"customerGroups":["corpus"],"priority":5,"active":true` + rest + `}}`
	}
	gone := "gone-" + c.key
	c.send(http.MethodPost, "/admin/v1/price-lists", list(gone, ""))
	entries := `{"entries":[{"sku":"C-` + strings.ToUpper(c.key) + `","minQuantity":1,"amount":{"currencyCode":"GBP","amount":"9.50"},"compareAt":{"currencyCode":"GBP","amount":"12.00"}}]}`
	c.add(c.staff, http.MethodPost, "/admin/v1/price-lists", list(c.key, `,"validFrom":"2026-01-01T00:00:00Z","validUntil":"2099-01-01T00:00:00Z"`))
	c.add(c.staff, http.MethodGet, "/admin/v1/price-lists?currencyCode=GBP&pageSize=2", "")
	c.add(c.staff, http.MethodGet, "/admin/v1/price-lists/{key}", "", c.key)
	c.add(c.staff, http.MethodPut, "/admin/v1/price-lists/{price_list.key}", strings.Replace(list(c.key, `,"version":1`), `"key":"`+c.key+`",`, "", 1), c.key)
	c.add(c.staff, http.MethodPost, "/admin/v1/price-lists/{price_list_key}/prices", entries, c.key)
	c.add(c.staff, http.MethodGet, "/admin/v1/price-lists/{price_list_key}/prices?pageSize=2", "", c.key)
	c.add(c.staff, http.MethodPost, "/admin/v1/price-lists/{price_list_key}/prices/delete", `{"prices":[{"sku":"C-`+strings.ToUpper(c.key)+`","minQuantity":1}]}`, c.key)
	c.add(c.staff, http.MethodDelete, "/admin/v1/price-lists/{key}?version=1", "", gone)
}

func (c *corpus) promotions() {
	promotion := func(rest string) string {
		return `{"promotion":{"name":"Spring","trigger":"PROMOTION_TRIGGER_CODE","scope":"PROMOTION_SCOPE_MATCHING_LINES","percentageOff":{"ratePpm":100000},` +
			`"conditions":{"channels":["` + c.m.channel + `"],"minSubtotals":[{"currencyCode":"GBP","amount":"5.00"}],"minQuantity":1},"limitTotal":"10","limitPerCustomer":2,"active":true` + rest + `}}`
	}
	kept := c.shop.promotion(c.t, &adminv1.Promotion{Trigger: byCode, Action: percentOff(100_000), Conditions: only(c.m)})
	disabled := kept.code(1)
	gone := c.shop.promotion(c.t, &adminv1.Promotion{Trigger: byCode, Action: percentOff(100_000), Conditions: only(c.m)})
	c.add(c.staff, http.MethodPost, "/admin/v1/promotions", promotion(`,"key":"`+c.key+`"`))
	c.add(c.staff, http.MethodGet, "/admin/v1/promotions?state=PROMOTION_STATE_LIVE&pageSize=2", "")
	c.add(c.staff, http.MethodGet, "/admin/v1/promotions/{key}", "", kept.key)
	c.add(c.staff, http.MethodPut, "/admin/v1/promotions/{promotion.key}", promotion(`,"version":1`), kept.key)
	c.add(c.staff, http.MethodPost, "/admin/v1/promotions/{promotion_key}/codes", `{"generateCount":2,"prefix":"SPRING-","maxUses":1,"validUntil":"2099-01-01T00:00:00Z"}`, kept.key)
	c.add(c.staff, http.MethodGet, "/admin/v1/promotions/{promotion_key}/codes?pageSize=2", "", kept.key)
	c.add(c.staff, http.MethodPost, "/admin/v1/coupon-codes/{code}/disable", `{}`, disabled)
	c.add(c.staff, http.MethodPost, "/admin/v1/promotions/{key}/archive", `{"version":1}`, gone.key)
}

func (c *corpus) stock() {
	sku := "C-" + strings.ToUpper(c.key)
	entry := `"sku":"` + sku + `","locationKey":"` + c.shop.location() + `"`
	c.add(c.staff, http.MethodPost, "/admin/v1/locations", `{"key":"`+c.key+`","name":"Shed","countryCode":"GB","channels":["`+c.m.channel+`"],"priority":9}`)
	c.add(c.staff, http.MethodPut, "/admin/v1/locations/{key}", `{"name":"Barn","countryCode":"GB","channels":["`+c.m.channel+`"],"priority":8,"active":false,"version":1}`, c.key)
	c.add(c.staff, http.MethodGet, "/admin/v1/locations?pageSize=2", "")
	c.add(c.staff, http.MethodPost, "/admin/v1/stock/set", `{"entries":[{`+entry+`,"onHand":5}],"reason":"count","reference":"sheet 1"}`)
	c.add(c.staff, http.MethodPost, "/admin/v1/stock/adjust", `{"entries":[{`+entry+`,"delta":-2}],"reason":"damaged"}`)
	c.add(c.staff, http.MethodGet, "/admin/v1/stock?skus="+sku+"&locationKey="+c.shop.location(), "")
	c.add(c.staff, http.MethodGet, "/admin/v1/stock/movements?pageSize=2&sku="+sku, "")
	c.add(c.staff, http.MethodPut, "/admin/v1/stock/backorder-policy", `{"sku":"`+sku+`","mode":"BACKORDER_MODE_ALLOW","limit":5}`)
	c.add(c.staff, http.MethodGet, "/admin/v1/stock/backorder-policy?sku="+sku, "")
	c.add(c.staff, http.MethodPut, "/admin/v1/stock/purchase-limit", `{"sku":"`+sku+`","quantity":5,"windowDays":30}`)
	c.add(c.staff, http.MethodGet, "/admin/v1/stock/purchase-limit?sku="+sku, "")
}

func (c *corpus) delivery() {
	zone := func(key, rest string) string {
		return `{"zone":{` + key + `"name":"Isles","channel":"` + c.key + `","currencyCode":"GBP","locations":[{"countryCode":"GB","postcodePrefix":"BT"}],"priority":1,"methods":[` +
			`{"key":"flat","name":"Flat","names":{"de":"Einfach"},"kind":"SHIPPING_PRICE_KIND_FLAT","price":{"currencyCode":"GBP","amount":"3.00"},"freeAbove":{"currencyCode":"GBP","amount":"50.00"},"minDays":1,"maxDays":2},` +
			`{"key":"weight","name":"Weight","kind":"SHIPPING_PRICE_KIND_BY_WEIGHT","weightTiers":[{"upToGrams":100,"price":{"currencyCode":"GBP","amount":"1.00"}}]}]` + rest + `}}`
	}
	gone := "gone-" + c.key
	c.send(http.MethodPost, "/admin/v1/shipping-zones", zone(`"key":"`+gone+`",`, ""))
	rate := &adminv1.SetTaxRateResponse{}
	c.staff.do(http.MethodPost, "/admin/v1/tax-rates", &adminv1.SetTaxRateRequest{CountryCode: "AQ", TaxClass: c.key, RatePpm: 1, Name: "Ice", ValidFrom: "2020-01-01"}, rate)
	c.add(c.staff, http.MethodPost, "/admin/v1/shipping-zones", zone(`"key":"`+c.key+`",`, ""))
	c.add(c.staff, http.MethodGet, "/admin/v1/shipping-zones?pageSize=2&channel="+c.key, "")
	c.add(c.staff, http.MethodGet, "/admin/v1/shipping-zones/{key}", "", c.key)
	c.add(c.staff, http.MethodPut, "/admin/v1/shipping-zones/{zone.key}", zone("", `,"version":1`), c.key)
	c.add(c.staff, http.MethodDelete, "/admin/v1/shipping-zones/{key}?version=0", "", gone)
	c.add(c.staff, http.MethodGet, "/admin/v1/tax-rates?countryCode=DE&taxClass=reduced&on=2026-01-01&pageSize=2", "")
	c.add(c.staff, http.MethodPost, "/admin/v1/tax-rates", `{"countryCode":"AQ","region":"X","postcodePattern":"9[0-9]+","taxClass":"`+c.key+`","ratePpm":50000,"name":"Ice 5%","validFrom":"2026-01-01","validUntil":"2030-01-01"}`)
	c.add(c.staff, http.MethodDelete, "/admin/v1/tax-rates/{id}", "", rate.GetRate().GetId())
	c.add(c.staff, http.MethodGet, "/admin/v1/tax-classes", "")
}

func (c *corpus) payments() {
	kept, gone := c.shop.gift(c.t, "GBP", "2.00"), c.shop.gift(c.t, "GBP", "2.00")
	c.add(c.staff, http.MethodPost, "/admin/v1/gift-cards", `{"amount":{"currencyCode":"GBP","amount":"2.00"},"expiresAt":"2099-01-01T00:00:00Z","note":"corpus"}`)
	c.add(c.staff, http.MethodGet, "/admin/v1/gift-cards?status=GIFT_CARD_STATUS_ACTIVE&last4="+kept.code[len(kept.code)-4:], "")
	c.add(c.staff, http.MethodGet, "/admin/v1/gift-cards/{gift_card_id}", "", kept.id)
	c.add(c.staff, http.MethodPost, "/admin/v1/gift-cards/{gift_card_id}/disable", `{}`, gone.id)
	c.add(c.staff, http.MethodPut, "/admin/v1/payment-methods", `{"setting":{"channel":"`+c.key+`","method":"voucher","title":"Voucher","enabled":true,"countries":["GB"],"currencies":["GBP"],"minimums":[{"currencyCode":"GBP","amount":"1.00"}],"position":5}}`)
	c.add(c.staff, http.MethodGet, "/admin/v1/payment-methods?pageSize=2&channel="+c.key, "")
	c.add(c.staff, http.MethodGet, "/admin/v1/payment-operations?status=PAYMENT_OPERATION_STATUS_OK&kind=PAYMENT_OPERATION_KIND_CAPTURE&pageSize=2", "")
	c.add(c.staff, http.MethodGet, "/admin/v1/ledger/trial-balance", "")
	c.add(c.staff, http.MethodGet, "/admin/v1/ledger/entries?pageSize=2&giftCardId="+kept.id, "")
}

func (c *corpus) sagas() {
	thing := c.shop.sell(c.t, goods{price: "9.00", stock: 500}, c.m)
	wait := func() string { return c.guest.fill(c.m, units(thing, 1)).ready().buy(redirect("wallet")).GetId() }
	waiting, gone := wait(), wait()
	unpaid := c.shop.unpaid(c.t, c.guest.fill(c.m, units(thing, 1)).ready()).GetId()
	c.add(c.staff, http.MethodGet, "/admin/v1/sagas?state=SAGA_STATE_WAITING&kind=SAGA_KIND_CHECKOUT&step=await_payment&minAgeSeconds=0&pageSize=2", "")
	c.add(c.staff, http.MethodGet, "/admin/v1/sagas/{saga_id}", "", waiting)
	c.add(c.staff, http.MethodPost, "/admin/v1/sagas/{saga_id}/resume", `{"reason":"the bank is back"}`, waiting)
	c.add(c.staff, http.MethodPost, "/admin/v1/sagas/{saga_id}/compensate", `{"reason":"the buyer called"}`, gone)
	c.add(c.staff, http.MethodPost, "/admin/v1/sagas/{saga_id}/handled", `{"reason":"paid by transfer"}`, unpaid)
	c.add(c.staff, http.MethodGet, "/admin/v1/sagas/{saga_id}/actions?pageSize=2", "", waiting)
}

// control makes the bank send news of a voucher that was paid, and names them.
func (c *corpus) control() {
	thing := c.shop.sell(c.t, goods{price: "9.00", stock: 5}, c.m)
	b := c.guest.fill(c.m, units(thing, 1)).ready()
	order := b.buy(redirect("voucher"))
	c.shop.decide(c.t, order.GetPayment().GetNextAction().GetUrl(), "pay")
	b.settled(order.GetId())
	applied := &adminv1.ListWebhookEventsResponse{}
	until(c.t, settleTime, "the news are applied", func() bool {
		c.staff.get("/admin/v1/payment-webhook-events?state=PAYMENT_WEBHOOK_EVENT_STATE_APPLIED&pageSize=1", applied)
		return len(applied.GetEvents()) == 1
	})
	event := applied.GetEvents()[0]
	c.add(c.staff, http.MethodGet, "/admin/v1/payment-webhook-events?state=PAYMENT_WEBHOOK_EVENT_STATE_APPLIED&pageSize=2", "")
	c.add(c.staff, http.MethodPost, "/admin/v1/payment-webhook-events/{provider}/{event_id}/replay", `{}`, event.GetProvider(), event.GetEventId())
	c.add(c.staff, http.MethodPost, "/admin/v1/reconciliations", `{"provider":"sandbox","from":"2026-01-01T00:00:00Z","until":"2026-01-01T01:00:00Z"}`)
	c.add(c.staff, http.MethodGet, "/admin/v1/reconciliations?provider=sandbox&pageSize=2", "")
	c.add(c.staff, http.MethodGet, "/admin/v1/reconciliation-findings?provider=sandbox&class=RECONCILIATION_CLASS_AMOUNT&includeClosed=true&pageSize=2", "")
}

func (c *corpus) orders() {
	thing := c.shop.sell(c.t, goods{price: "9.00", stock: 500}, c.m)
	bought := func() *storefrontv1.Order { return c.guest.fill(c.m, units(thing, 3)).ready().bought(card("ok")) }
	order, gone := bought(), bought()
	line := order.GetLines()[0].GetId()
	payments := &adminv1.ListPaymentsResponse{}
	c.staff.get("/admin/v1/payments?orderId="+order.GetId(), payments)
	require.Len(c.t, payments.GetPayments(), 1)
	is := order.GetId()
	c.add(c.staff, http.MethodGet, "/admin/v1/orders?pageSize=2&status=ORDER_STATUS_PLACED&channel="+c.m.channel+"&createdFrom=2026-01-01T00:00:00Z", "")
	c.add(c.staff, http.MethodGet, "/admin/v1/orders/{order_id}", "", is)
	c.add(c.staff, http.MethodGet, "/admin/v1/orders/{order_id}/events?pageSize=2", "", is)
	c.add(c.staff, http.MethodGet, "/admin/v1/orders/{order_id}/checkout", "", is)
	c.add(c.staff, http.MethodPost, "/admin/v1/orders/{order_id}/shipments", `{"lines":[{"orderLineId":"`+line+`","quantity":1}],"carrier":"Post","trackingNumber":"P-1"}`, is)
	c.add(c.staff, http.MethodPost, "/admin/v1/orders/{order_id}/refunds", `{"lines":[{"orderLineId":"`+line+`","quantity":1}],"shipping":true,"restock":true,"reason":"broken"}`, is)
	c.add(c.staff, http.MethodPost, "/admin/v1/orders/{order_id}/cancel", `{"reason":"fraud"}`, gone.GetId())
	c.add(c.staff, http.MethodGet, "/admin/v1/payments?pageSize=2&method=card&orderId="+is, "")
	c.add(c.staff, http.MethodGet, "/admin/v1/payments/{payment_id}", "", payments.GetPayments()[0].GetId())
}
