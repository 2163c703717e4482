package rpc_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// Staff would lose what they entered, overwrite a colleague's change, or delete a list they have not seen.
func TestPriceListLifecycle(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	from, until := time.Now().Add(-time.Hour).Truncate(time.Microsecond), time.Now().Add(time.Hour).Truncate(time.Microsecond)
	list := s.list(t, &pricingv1.PriceList{
		Key: "eur-trade", Name: "Trade", CurrencyCode: "EUR", Channels: []string{"eu-web"}, CountryCodes: []string{"DE", "FR"},
		CustomerGroups: []string{"trade"}, Priority: 7, ValidFrom: timestamppb.New(from), ValidUntil: timestamppb.New(until),
	}, map[string]int64{"A": 900})
	require.EqualValues(t, 1, list.GetVersion())
	got, err := s.GetPriceList(staff(), &pricingv1.GetPriceListRequest{Key: "eur-trade"})
	require.NoError(t, err)
	require.True(t, proto.Equal(list, got.GetPriceList()))

	changed := proto.CloneOf(list)
	changed.Name, changed.CountryCodes = "Trade EU", nil
	updated, err := s.UpdatePriceList(staff(), &pricingv1.UpdatePriceListRequest{PriceList: changed})
	require.NoError(t, err)
	require.EqualValues(t, 2, updated.GetPriceList().GetVersion())
	_, err = s.UpdatePriceList(staff(), &pricingv1.UpdatePriceListRequest{PriceList: changed})
	requireReason(t, err, errs.Aborted, "VERSION_CONFLICT", "priceList.version")
	changed.CurrencyCode = "GBP"
	_, err = s.UpdatePriceList(staff(), &pricingv1.UpdatePriceListRequest{PriceList: changed})
	requireReason(t, err, errs.FailedPrecondition, "CURRENCY_MIXED", "priceList.currencyCode")

	_, err = s.CreatePriceList(staff(), &pricingv1.CreatePriceListRequest{PriceList: list})
	requireReason(t, err, errs.AlreadyExists, "PRICE_LIST_EXISTS", "priceList.key")
	_, err = s.DeletePriceList(staff(), &pricingv1.DeletePriceListRequest{Key: "eur-trade", Version: 1})
	requireReason(t, err, errs.Aborted, "VERSION_CONFLICT", "version")
	_, err = s.DeletePriceList(staff(), &pricingv1.DeletePriceListRequest{Key: "eur-trade", Version: 2})
	require.NoError(t, err)
	_, err = s.GetPriceList(staff(), &pricingv1.GetPriceListRequest{Key: "eur-trade"})
	requireReason(t, err, errs.NotFound, "PRICE_LIST_NOT_FOUND", "")
	_, err = s.ListPrices(staff(), &pricingv1.ListPricesRequest{PriceListKey: "eur-trade"})
	requireReason(t, err, errs.NotFound, "PRICE_LIST_NOT_FOUND", "")
}

// A list that nobody meant would set prices: in a currency that does not exist, for a country that does not, or never valid.
func TestPriceListRefusals(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	now := timestamppb.Now()
	cases := []struct {
		name, reason, path string
		change             func(*pricingv1.PriceList)
	}{
		{"short currency", "CURRENCY_INVALID", "priceList.currencyCode", func(l *pricingv1.PriceList) { l.CurrencyCode = "US" }},
		{"lower currency", "CURRENCY_INVALID", "priceList.currencyCode", func(l *pricingv1.PriceList) { l.CurrencyCode = "usd" }},
		{"no currency", "CURRENCY_INVALID", "priceList.currencyCode", func(l *pricingv1.PriceList) { l.CurrencyCode = "XXX" }},
		{"long currency", "CURRENCY_INVALID", "priceList.currencyCode", func(l *pricingv1.PriceList) { l.CurrencyCode = "USDT" }},
		{"country", "COUNTRY_INVALID", "priceList.countryCodes[1]", func(l *pricingv1.PriceList) { l.CountryCodes = []string{"GB", "UK"} }},
		{"window", "RANGE_INVALID", "priceList.validUntil", func(l *pricingv1.PriceList) { l.ValidFrom, l.ValidUntil = now, now }},
		{"far future", "OUT_OF_RANGE", "priceList.validUntil", func(l *pricingv1.PriceList) { l.ValidUntil = &timestamppb.Timestamp{Seconds: 1 << 60} }},
		{"priority", "OUT_OF_RANGE", "priceList.priority", func(l *pricingv1.PriceList) { l.Priority = -1 }},
		{"key", "PATTERN_MISMATCH", "priceList.key", func(l *pricingv1.PriceList) { l.Key = "Not a key" }},
	}
	for _, c := range cases {
		list := &pricingv1.PriceList{Key: "list", Name: "List", CurrencyCode: "GBP"}
		c.change(list)
		_, err := s.CreatePriceList(staff(), &pricingv1.CreatePriceListRequest{PriceList: list})
		requireReason(t, err, errs.Invalid, c.reason, c.path)
	}
	lists, err := s.ListPriceLists(staff(), &pricingv1.ListPriceListsRequest{})
	require.NoError(t, err)
	require.Empty(t, lists.GetPriceLists())
}

// Staff with many lists would see some twice or never.
func TestListPriceListsPages(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, key := range []string{"a", "b", "c", "d"} {
		currency := "GBP"
		if key == "d" {
			currency = "EUR"
		}
		s.list(t, &pricingv1.PriceList{Key: key, CurrencyCode: currency}, nil)
	}
	var keys []string
	req := &pricingv1.ListPriceListsRequest{CurrencyCode: "GBP", PageSize: 2}
	for {
		page, err := s.ListPriceLists(staff(), req)
		require.NoError(t, err)
		for _, list := range page.GetPriceLists() {
			keys = append(keys, list.GetKey())
		}
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	require.Equal(t, []string{"a", "b", "c"}, keys)
	first, err := s.ListPriceLists(staff(), &pricingv1.ListPriceListsRequest{CurrencyCode: "GBP", PageSize: 1})
	require.NoError(t, err)
	_, err = s.ListPriceLists(staff(), &pricingv1.ListPriceListsRequest{CurrencyCode: "EUR", PageToken: first.GetNextPageToken()})
	requireReason(t, err, errs.Invalid, "PAGE_TOKEN_INVALID", "pageToken")
	_, err = s.ListPriceLists(staff(), &pricingv1.ListPriceListsRequest{PageSize: -1})
	requireReason(t, err, errs.Invalid, "PAGE_SIZE_INVALID", "pageSize")
	all, err := s.ListPriceLists(staff(), &pricingv1.ListPriceListsRequest{PageSize: 1_000_000})
	require.NoError(t, err)
	require.Len(t, all.GetPriceLists(), 4)
}

// A price that nobody meant would be sold at; or half of a refused request would stay.
func TestSetPricesRefusals(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.retail(t)
	good := &pricingv1.Price{Sku: "NEW", Amount: gbp(100)}
	cases := []struct {
		name, reason, path string
		code               errs.Code
		price              *pricingv1.Price
	}{
		{"negative", "AMOUNT_NEGATIVE", "entries[1].amount.minorUnits", errs.Invalid, &pricingv1.Price{Sku: "X", Amount: gbp(-1)}},
		{"negative compare-at", "AMOUNT_NEGATIVE", "entries[1].compareAt.minorUnits", errs.Invalid, &pricingv1.Price{Sku: "X", Amount: gbp(1), CompareAt: gbp(-1)}},
		{"too high", "AMOUNT_RANGE", "entries[1].amount.minorUnits", errs.Invalid, &pricingv1.Price{Sku: "X", Amount: gbp(1 << 62)}},
		{"other currency", "CURRENCY_MIXED", "entries[1].amount.currencyCode", errs.FailedPrecondition, &pricingv1.Price{Sku: "X", Amount: money("EUR", 1)}},
		{"same tier twice", "PRICE_OVERLAP", "entries[1]", errs.FailedPrecondition, &pricingv1.Price{Sku: "NEW", MinQuantity: 1, Amount: gbp(200)}},
		{"no SKU", "SKU_INVALID", "entries[1].sku", errs.Invalid, &pricingv1.Price{Amount: gbp(1)}},
		{"SKU with a line break", "SKU_INVALID", "entries[1].sku", errs.Invalid, &pricingv1.Price{Sku: "A\nB", Amount: gbp(1)}},
		{"no amount", "FIELD_REQUIRED", "entries[1].amount", errs.Invalid, &pricingv1.Price{Sku: "X"}},
	}
	for _, c := range cases {
		t.Log(c.name)
		_, err := s.SetPrices(staff(), &pricingv1.SetPricesRequest{
			RequestId: id.New(), PriceListKey: "gbp-retail", Entries: []*pricingv1.Price{good, c.price},
		})
		if c.name == "SKU with a line break" {
			require.Equal(t, errs.Invalid, errs.CodeOf(err))
			continue
		}
		requireReason(t, err, c.code, c.reason, c.path)
	}
	_, err := s.SetPrices(staff(), &pricingv1.SetPricesRequest{PriceListKey: "gbp-retail", Entries: []*pricingv1.Price{good}})
	requireReason(t, err, errs.Invalid, "IDEMPOTENCY_KEY_REQUIRED", "requestId")
	_, err = s.SetPrices(staff(), &pricingv1.SetPricesRequest{RequestId: id.New(), PriceListKey: "none", Entries: []*pricingv1.Price{good}})
	requireReason(t, err, errs.NotFound, "PRICE_LIST_NOT_FOUND", "")
	_, err = s.SetPrices(staff(), &pricingv1.SetPricesRequest{RequestId: id.New(), PriceListKey: "gbp-retail", Entries: make([]*pricingv1.Price, 501)})
	require.Equal(t, errs.Invalid, errs.CodeOf(err))
	prices, err := s.ListPrices(staff(), &pricingv1.ListPricesRequest{PriceListKey: "gbp-retail"})
	require.NoError(t, err)
	require.Len(t, prices.GetPrices(), 3)
}

// Importing the same file twice would look like a change of every price; deleting a tier would take others along.
func TestSetListAndDeletePrices(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.retail(t)
	set := func(prices ...*pricingv1.Price) int32 {
		resp, err := s.SetPrices(staff(), &pricingv1.SetPricesRequest{RequestId: id.New(), PriceListKey: "gbp-retail", Entries: prices})
		require.NoError(t, err)
		return resp.GetChangedCount()
	}
	tiers := []*pricingv1.Price{
		{Sku: "A", MinQuantity: 1, Amount: gbp(1000), CompareAt: gbp(1200)}, {Sku: "A", MinQuantity: 10, Amount: gbp(900)},
	}
	require.EqualValues(t, 2, set(tiers...))
	require.EqualValues(t, 0, set(tiers...))

	var seen []string
	req := &pricingv1.ListPricesRequest{PriceListKey: "gbp-retail", Skus: []string{"B", "A"}, PageSize: 2}
	for {
		page, err := s.ListPrices(staff(), req)
		require.NoError(t, err)
		for _, price := range page.GetPrices() {
			seen = append(seen, price.GetSku())
		}
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	require.Equal(t, []string{"A", "A", "B"}, seen)

	deleted, err := s.DeletePrices(staff(), &pricingv1.DeletePricesRequest{RequestId: id.New(), PriceListKey: "gbp-retail", Prices: []*pricingv1.PriceKey{
		{Sku: "A", MinQuantity: 10}, {Sku: "B"}, {Sku: "UNKNOWN"},
	}})
	require.NoError(t, err)
	require.EqualValues(t, 2, deleted.GetDeletedCount())
	left, err := s.ListPrices(staff(), &pricingv1.ListPricesRequest{PriceListKey: "gbp-retail"})
	require.NoError(t, err)
	require.Len(t, left.GetPrices(), 2)
	require.Equal(t, gbp(1200).GetMinorUnits(), left.GetPrices()[0].GetCompareAt().GetMinorUnits())
}

// A retried import would set prices twice, or a key used for another request would hide it.
func TestMutationsAreIdempotent(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.retail(t)
	req := &pricingv1.SetPricesRequest{RequestId: "import-1", PriceListKey: "gbp-retail", Entries: []*pricingv1.Price{{Sku: "A", Amount: gbp(1)}}}
	first, err := s.SetPrices(staff(), req)
	require.NoError(t, err)
	again, err := s.SetPrices(staff(), req)
	require.NoError(t, err)
	require.Equal(t, first.GetChangedCount(), again.GetChangedCount())
	req.Entries[0].Amount = gbp(2)
	_, err = s.SetPrices(staff(), req)
	requireReason(t, err, errs.Unprocessable, "IDEMPOTENCY_KEY_REUSED", "")
}

// A buyer would see a price of a list that is not for them, or not the one the rule names.
func TestBatchGetPricesPicksTheWinner(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	past, future := timestamppb.New(time.Now().Add(-time.Hour)), timestamppb.New(time.Now().Add(time.Hour))
	s.list(t, &pricingv1.PriceList{Key: "base", CurrencyCode: "GBP"}, map[string]int64{"A": 1000, "ONLY-BASE": 1})
	s.list(t, &pricingv1.PriceList{Key: "channel", CurrencyCode: "GBP", Channels: []string{"uk-app"}}, map[string]int64{"A": 990})
	s.list(t, &pricingv1.PriceList{Key: "country", CurrencyCode: "GBP", CountryCodes: []string{"IE"}}, map[string]int64{"A": 980})
	s.list(t, &pricingv1.PriceList{Key: "group", CurrencyCode: "GBP", CustomerGroups: []string{"trade"}}, map[string]int64{"A": 970})
	s.list(t, &pricingv1.PriceList{Key: "sale", CurrencyCode: "GBP", Channels: []string{"outlet"}, Priority: 5}, map[string]int64{"A": 500})
	s.list(t, &pricingv1.PriceList{Key: "ended", CurrencyCode: "GBP", Priority: 9, ValidUntil: past}, map[string]int64{"A": 1})
	s.list(t, &pricingv1.PriceList{Key: "coming", CurrencyCode: "GBP", Priority: 9, ValidFrom: future}, map[string]int64{"A": 2})
	s.list(t, &pricingv1.PriceList{Key: "euro", CurrencyCode: "EUR"}, map[string]int64{"A": 1150})
	cases := []struct {
		name   string
		ctx    *pricingv1.PriceContext
		list   string
		amount int64
	}{
		{"everyone", &pricingv1.PriceContext{Channel: "uk-web", CurrencyCode: "GBP"}, "base", 1000},
		{"channel", &pricingv1.PriceContext{Channel: "uk-app", CurrencyCode: "GBP"}, "channel", 990},
		{"country before channel", &pricingv1.PriceContext{Channel: "uk-app", CurrencyCode: "GBP", CountryCode: "IE"}, "country", 980},
		{"group before country", &pricingv1.PriceContext{Channel: "uk-app", CurrencyCode: "GBP", CountryCode: "IE", CustomerGroups: []string{"x", "trade"}}, "group", 970},
		{"priority before all", &pricingv1.PriceContext{Channel: "outlet", CurrencyCode: "GBP", CountryCode: "IE", CustomerGroups: []string{"trade"}}, "sale", 500},
		{"currency", &pricingv1.PriceContext{Channel: "uk-web", CurrencyCode: "EUR"}, "euro", 1150},
	}
	for _, c := range cases {
		resp, err := s.BatchGetPrices(context.Background(), &pricingv1.BatchGetPricesRequest{Skus: []string{"NONE", "A", "A"}, Context: c.ctx})
		require.NoError(t, err)
		require.Len(t, resp.GetPrices(), 1, c.name)
		require.Equal(t, c.list, resp.GetPrices()[0].GetPriceListKey(), c.name)
		require.Equal(t, c.amount, resp.GetPrices()[0].GetUnitPrice().GetMinorUnits(), c.name)
	}
	// The first list that has the SKU counts, so a special list need not repeat the whole catalogue; another currency never does.
	resp, err := s.BatchGetPrices(context.Background(), &pricingv1.BatchGetPricesRequest{Skus: []string{"ONLY-BASE"}, Context: cases[4].ctx})
	require.NoError(t, err)
	require.Equal(t, "base", resp.GetPrices()[0].GetPriceListKey())
	resp, err = s.BatchGetPrices(context.Background(), &pricingv1.BatchGetPricesRequest{Skus: []string{"ONLY-BASE"}, Context: cases[5].ctx})
	require.NoError(t, err)
	require.Empty(t, resp.GetPrices())
}

// Buyers would see the prices of a sale before it begins; staff could not.
func TestPricesOfAnotherTime(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.retail(t)
	tomorrow := time.Now().Add(24 * time.Hour)
	s.list(t, &pricingv1.PriceList{Key: "sale", CurrencyCode: "GBP", Priority: 1, ValidFrom: timestamppb.New(tomorrow)}, map[string]int64{"A": 700})
	ctx := &pricingv1.PriceContext{Channel: "uk-web", CurrencyCode: "GBP", At: timestamppb.New(tomorrow)}
	req := &pricingv1.BatchGetPricesRequest{Skus: []string{"A"}, Context: ctx}
	resp, err := s.BatchGetPrices(staff(), req)
	require.NoError(t, err)
	require.EqualValues(t, 700, resp.GetPrices()[0].GetUnitPrice().GetMinorUnits())
	_, err = s.BatchGetPrices(as(identity.Customer, "c"), req)
	requireReason(t, err, errs.PermissionDenied, "AT_NOT_ALLOWED", "context.at")
	b := basket(nil, "A")
	b.Context = ctx
	_, err = s.Quote(context.Background(), &pricingv1.QuoteRequest{Basket: b})
	requireReason(t, err, errs.PermissionDenied, "AT_NOT_ALLOWED", "basket.context.at")
	q, err := s.Quote(staff(), &pricingv1.QuoteRequest{Basket: b})
	require.NoError(t, err)
	require.EqualValues(t, 700, q.GetQuote().GetTotal().GetMinorUnits())
}
