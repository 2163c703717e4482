package tax_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

func day(text string) time.Time {
	d, err := time.Parse(tax.Day, text)
	if err != nil {
		panic(err)
	}
	return d
}

// Of several rates that could apply the buyer always pays the same one: the closest, then the merchant's, then the newest.
func TestWhichRateApplies(t *testing.T) {
	t.Parallel()
	rate := func(id string, change func(*tax.Rate)) tax.Rate {
		r := tax.Rate{ID: id, Country: "US", Class: tax.Standard, Name: id, Source: "table", ValidFrom: day("2020-01-01")}
		change(&r)
		return r
	}
	at := func(r money.Rate) func(*tax.Rate) { return func(x *tax.Rate) { x.Rate = r } }
	rates, err := tax.Compile("US", []tax.Rate{
		rate("country", at(1)),
		rate("newer", func(r *tax.Rate) { r.Rate, r.ValidFrom = 2, day("2025-01-01") }),
		rate("state", func(r *tax.Rate) { r.Rate, r.Region = 3, "CA" }),
		rate("state of the merchant", func(r *tax.Rate) { r.Rate, r.Region, r.Source, r.ValidUntil = 4, "CA", tax.Merchant, day("2026-02-01") }),
		rate("town", func(r *tax.Rate) { r.Rate, r.PostcodePattern = 5, `941\d\d` }),
		rate("town in its state", func(r *tax.Rate) { r.Rate, r.Region, r.PostcodePattern = 6, "CA", `941\d\d` }),
		rate("books", func(r *tax.Rate) { r.Rate, r.Class = 7, "books" }),
	})
	require.NoError(t, err)
	for _, want := range []struct {
		place tax.Place
		day   string
		class string
		rate  money.Rate
	}{
		{tax.Place{Country: "US", Region: "NY"}, "2024-12-31", tax.Standard, 1},
		{tax.Place{Country: "US", Region: "NY"}, "2025-01-01", tax.Standard, 2},
		{tax.Place{Country: "US", Region: "CA"}, "2026-01-31", tax.Standard, 4},
		{tax.Place{Country: "US", Region: "CA"}, "2026-02-01", tax.Standard, 3},
		{tax.Place{Country: "US", Region: "CA", Postcode: "94103"}, "2026-01-31", tax.Standard, 6},
		{tax.Place{Country: "US", Region: "NV", Postcode: "94 103"}, "2026-01-31", tax.Standard, 5},
		{tax.Place{Country: "US", Region: "NV", Postcode: "941031"}, "2026-01-31", tax.Standard, 2},
		{tax.Place{Country: "US", Region: "CA"}, "2026-01-31", "books", 7},
		{tax.Place{Country: "US", Region: "CA"}, "2026-01-31", "unheard-of", 4},
		{tax.Place{Country: "US", Region: "CA"}, "2019-12-31", tax.Standard, 0},
	} {
		require.Equal(t, want.rate, rates.At(want.place, day(want.day)).For(want.class).Rate, "%+v", want)
	}
	require.False(t, rates.At(tax.Place{Country: "US"}, day("2026-01-01")).Known, "the state decides")
	require.True(t, rates.At(tax.Place{Country: "US", Region: "CA"}, day("2026-01-01").Add(23*time.Hour)).Known)
}
