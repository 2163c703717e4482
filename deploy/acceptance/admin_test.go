package acceptance_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// When this fails staff cannot find an order, or cannot tell what happened to it.
func TestStaffFindOrders(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 50}, m)
	staff, customer := theShop.staff(t), theShop.customer(t)
	var orders []*storefrontv1.Order
	for range 3 {
		orders = append(orders, customer.fill(m, units(thing, 1)).ready().bought(card("ok")))
	}
	find := func(filter url.Values) []string {
		var ids []string
		for {
			page := &adminv1.ListOrdersResponse{}
			staff.get("/admin/v1/orders?"+filter.Encode(), page)
			for _, order := range page.GetOrders() {
				ids = append(ids, order.GetId())
			}
			if page.GetNextPageToken() == "" {
				return ids
			}
			filter.Set("pageToken", page.GetNextPageToken())
		}
	}
	newestFirst := []string{orders[2].GetId(), orders[1].GetId(), orders[0].GetId()}
	require.Equal(t, newestFirst, find(url.Values{"customerId": {customer.subject}, "pageSize": {"2"}}))
	require.Equal(t, []string{orders[1].GetId()}, find(url.Values{"number": {orders[1].GetNumber()}, "channel": {m.channel}}))
	require.Equal(t, []string{orders[0].GetId()}, find(url.Values{"email": {orders[0].GetEmail()}}))
	require.Equal(t, newestFirst, find(url.Values{
		"customerId": {customer.subject}, "status": {"ORDER_STATUS_PLACED"}, "paymentStatus": {"PAYMENT_STATUS_CAPTURED"},
		"createdFrom": {time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)},
	}))
	require.Empty(t, find(url.Values{"customerId": {customer.subject}, "createdUntil": {time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)}}))
	staff.refused(http.StatusBadRequest, "RANGE_INVALID", shopclient.Call{Verb: http.MethodGet, Path: "/admin/v1/orders?" + url.Values{
		"createdFrom": {"2026-02-01T00:00:00Z"}, "createdUntil": {"2026-01-01T00:00:00Z"},
	}.Encode()})

	mine := &storefrontv1.ListMyOrdersResponse{}
	customer.get("/v1/me/orders?pageSize=2", mine)
	require.Len(t, mine.GetOrders(), 2)
	rest := &storefrontv1.ListMyOrdersResponse{}
	customer.get("/v1/me/orders?pageSize=2&pageToken="+url.QueryEscape(mine.GetNextPageToken()), rest)
	require.Len(t, rest.GetOrders(), 1)
	require.Empty(t, rest.GetNextPageToken())
}

// When this fails nobody can reconstruct what happened to an order, its money and its stock.
func TestOrderHistory(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 50}, m)
	staff := theShop.staff(t)
	order := theShop.guest(t).fill(m, units(thing, 2)).ready().bought(card("ok"))
	staff.ship(order.GetId())
	staff.refund(order.GetId(), &adminv1.RefundOrderRequest{Lines: []*adminv1.RefundItem{back(order.GetLines()[0].GetId(), 1)}, Reason: "broken"})

	events := &adminv1.ListOrderEventsResponse{}
	staff.get("/admin/v1/orders/"+order.GetId()+"/events", events)
	var kinds []string
	for _, event := range events.GetEvents() {
		kinds = append(kinds, event.GetKind())
		require.NotEmpty(t, event.GetActorKind())
		require.True(t, event.GetOccurredAt().IsValid())
	}
	require.Equal(t, "checkout.started", kinds[0])
	for _, kind := range []string{"order.placed", "payment.captured", "refund.succeeded"} {
		require.Contains(t, kinds, kind)
	}

	payments := &adminv1.ListPaymentsResponse{}
	staff.get("/admin/v1/payments?orderId="+order.GetId(), payments)
	require.Len(t, payments.GetPayments(), 1)
	payment := &adminv1.GetPaymentResponse{}
	staff.get("/admin/v1/payments/"+payments.GetPayments()[0].GetId(), payment)
	require.Len(t, payment.GetPayment().GetOperations(), 3)
	require.Equal(t, "GBP 23.95", text(payment.GetPayment().GetCaptured()))
	require.Equal(t, "GBP 10.00", text(payment.GetPayment().GetRefunded()))

	entries := &adminv1.ListLedgerEntriesResponse{}
	staff.get("/admin/v1/ledger/entries?orderId="+order.GetId(), entries)
	for _, entry := range entries.GetEntries() {
		var sum int64
		for _, posting := range entry.GetPostings() {
			sum += minor(t, posting.GetAmount())
		}
		require.Zero(t, sum, "entry %s balances", entry.GetKind())
	}
	require.True(t, slices.ContainsFunc(entries.GetEntries(), func(e *adminv1.LedgerEntry) bool { return e.GetKind() == "refund" }))

	books := &adminv1.GetTrialBalanceResponse{}
	staff.get("/admin/v1/ledger/trial-balance", books)
	sums := map[string]int64{}
	for _, row := range books.GetRows() {
		sums[row.GetCurrencyCode()] += minor(t, row.GetBalance())
	}
	for currency, sum := range sums {
		require.Zero(t, sum, "the books balance in %s", currency)
	}
	doubtful := &adminv1.ListOperationsResponse{}
	staff.get("/admin/v1/payment-operations?needsAttention=true", doubtful)
	require.Empty(t, doubtful.GetOperations(), "nobody has to look")
}

// When this fails two people who edit the same thing overwrite each other in silence.
func TestEditsDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{title: "Old", price: "10.00"}, m)
	staff := theShop.staff(t)
	read := &adminv1.GetProductResponse{}
	staff.get("/admin/v1/products/"+thing.id+"?includeUnpublished=true", read)
	edit := func(title string) shopclient.Call {
		return shopclient.Call{Verb: http.MethodPut, Path: "/admin/v1/products/" + thing.id, In: &adminv1.UpdateProductRequest{
			Version: read.GetProduct().GetVersion(),
			Product: &adminv1.ProductFields{Title: title, Variants: []*adminv1.Variant{{Sku: thing.sku}}},
		}}
	}
	require.NoError(t, staff.try(edit("Ann's"), nil))
	staff.refused(http.StatusConflict, "VERSION_CONFLICT", edit("Bob's"))
	require.Equal(t, "Ann's", theShop.guest(t).product(thing.id, m).GetTitle())
	require.Equal(t, thing.handle, theShop.guest(t).product(thing.id, m).GetHandle())
}
