package iso_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/iso"
)

// When it fails, a shop cannot sell in a currency that exists, or shows its amounts wrong.
func TestCurrencies(t *testing.T) {
	t.Parallel()
	for code, digits := range map[string]int{"GBP": 2, "JPY": 0, "KWD": 3, "CLF": 4, "XOF": 0, "SLE": 2, "XCG": 2} {
		got, ok := iso.Currency(code)
		require.True(t, ok, code)
		require.Equal(t, iso.CurrencyInfo{Code: code, Digits: digits}, got)
	}
	for _, code := range []string{"", "XXX", "XTS", "XAU", "XDR", "DEM", "BGN", "gbp", "USDT"} {
		_, ok := iso.Currency(code)
		require.False(t, ok, code)
	}
	all := iso.Currencies()
	require.Greater(t, len(all), 150)
	require.True(t, slices.IsSorted(all))
	for _, code := range all {
		_, ok := iso.Currency(code)
		require.True(t, ok, code)
	}
}

// When it fails, buyers cannot enter their country, or are taxed as if it were in the European Union.
func TestCountries(t *testing.T) {
	t.Parallel()
	members := 0
	for _, country := range iso.Countries() {
		got, ok := iso.Country(country.Code)
		require.True(t, ok, country.Code)
		require.Equal(t, country, got)
		require.NotEmpty(t, country.Name)
		if country.EU {
			members++
		}
	}
	require.Equal(t, 27, members)
	require.Len(t, iso.Countries(), 249)
	for _, code := range []string{"UK", "EU", "XX", "gb", "", "EL"} {
		_, ok := iso.Country(code)
		require.False(t, ok, code)
	}
	gb, _ := iso.Country("GB")
	require.Equal(t, iso.CountryInfo{Code: "GB", Name: "United Kingdom"}, gb)
	de, _ := iso.Country("DE")
	require.True(t, de.EU)
}
