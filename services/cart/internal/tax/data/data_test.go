package data_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax/data"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// The migration that shops run must be the one the tables give, or nobody can tell where a rate came from.
func TestTheSeedIsUpToDate(t *testing.T) {
	t.Parallel()
	sql, err := data.SQL()
	require.NoError(t, err)
	committed, err := os.ReadFile("../../postgres/migration/006_seed_tax_rate.sql")
	require.NoError(t, err)
	require.Equal(t, string(committed), sql, "run go generate in internal/tax")
}

// Known rates on known days: a wrong one makes a merchant owe the tax office what buyers never paid.
func TestRatesThatEverybodyKnows(t *testing.T) {
	t.Parallel()
	rates, err := data.Rates()
	require.NoError(t, err)
	byCountry := map[string][]tax.Rate{}
	for _, rate := range rates {
		byCountry[rate.Country] = append(byCountry[rate.Country], rate)
	}
	for _, want := range []struct {
		place tax.Place
		day   string
		class string
		rate  money.Rate
	}{
		{tax.Place{Country: "GB"}, "2026-03-01", tax.Standard, 200_000},
		{tax.Place{Country: "GB"}, "2010-12-31", tax.Standard, 175_000},
		{tax.Place{Country: "GB"}, "2009-06-01", tax.Standard, 150_000},
		{tax.Place{Country: "DE"}, "2020-06-30", tax.Standard, 190_000},
		{tax.Place{Country: "DE"}, "2020-07-01", tax.Standard, 160_000},
		{tax.Place{Country: "DE"}, "2020-12-31", tax.Reduced, 50_000},
		{tax.Place{Country: "DE"}, "2021-01-01", tax.Reduced, 70_000},
		{tax.Place{Country: "DE"}, "2021-01-01", tax.SuperReduced, 70_000},
		{tax.Place{Country: "EE"}, "2025-06-30", tax.Standard, 220_000},
		{tax.Place{Country: "EE"}, "2025-07-01", tax.Standard, 240_000},
		{tax.Place{Country: "FI"}, "2026-03-01", tax.Standard, 255_000},
		{tax.Place{Country: "IE"}, "2020-10-01", tax.Standard, 230_000},
		{tax.Place{Country: "LU"}, "2023-12-31", tax.Standard, 160_000},
		{tax.Place{Country: "FR"}, "2026-03-01", tax.SuperReduced, 21_000},
		{tax.Place{Country: "FR", Postcode: "97100"}, "2026-03-01", tax.Standard, 85_000},
		{tax.Place{Country: "FR", Postcode: "97300"}, "2026-03-01", tax.Reduced, 0},
		{tax.Place{Country: "ES", Postcode: "35001"}, "2026-03-01", tax.Reduced, 0},
		{tax.Place{Country: "ES", Postcode: "28001"}, "2026-03-01", tax.Reduced, 100_000},
		{tax.Place{Country: "PT", Postcode: "9000-150"}, "2026-03-01", tax.Standard, 220_000},
		{tax.Place{Country: "CH"}, "2026-03-01", tax.Standard, 81_000},
		{tax.Place{Country: "NO"}, "2026-03-01", tax.Standard, 250_000},
		{tax.Place{Country: "MC"}, "2026-03-01", tax.Standard, 200_000},
		{tax.Place{Country: "JE"}, "2026-03-01", tax.Standard, 0},
		{tax.Place{Country: "GB", Postcode: "JE2 3AB"}, "2026-03-01", tax.Standard, 0},
		{tax.Place{Country: "GB", Postcode: "BT1 5GS"}, "2026-03-01", tax.Reduced, 50_000},
		{tax.Place{Country: "US", Region: "CA"}, "2026-03-01", tax.Standard, 72_500},
		{tax.Place{Country: "US", Region: "MN"}, "2026-03-01", tax.Reduced, 68_750},
		{tax.Place{Country: "US", Region: "OR"}, "2026-03-01", tax.Standard, 0},
		{tax.Place{Country: "US", Region: "CA"}, "2026-03-01", tax.Zero, 0},
		{tax.Place{Country: "JP"}, "2026-03-01", tax.Standard, 0},
	} {
		country, err := tax.Compile(want.place.Country, byCountry[want.place.Country])
		require.NoError(t, err)
		day, err := time.Parse(tax.Day, want.day)
		require.NoError(t, err)
		require.Equal(t, want.rate, country.At(want.place, day).For(want.class).Rate, "%+v", want)
	}
}

// Where a rate is known it is known for every day since: a gap or an overlap would tax a day at none or two.
func TestTheHistoryHasNoGaps(t *testing.T) {
	t.Parallel()
	rates, err := data.Rates()
	require.NoError(t, err)
	spans := map[string][]tax.Rate{}
	for _, rate := range rates {
		if rate.PostcodePattern == "" {
			key := rate.Country + "/" + rate.Region + "/" + rate.Class
			spans[key] = append(spans[key], rate)
		}
	}
	for key, span := range spans {
		for i, rate := range span {
			if i == len(span)-1 {
				require.True(t, rate.ValidUntil.IsZero(), key)
				continue
			}
			require.Equal(t, span[i+1].ValidFrom, rate.ValidUntil, key)
		}
	}
}
