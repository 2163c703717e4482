package shipping_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/cart/internal/shipping"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// A parcel is charged by its tier, also at the very gram and penny where the next one begins.
func TestTariffs(t *testing.T) {
	t.Parallel()
	free := int64(5000)
	weight := shipping.Method{Kind: shipping.ByWeight, Tiers: []shipping.Tier{{Limit: 500, Price: 300}, {Limit: 2000, Price: 600}}}
	open := shipping.Method{Kind: shipping.ByWeight, Tiers: []shipping.Tier{{Limit: 500, Price: 300}, {Price: 900}}, FreeAbove: &free}
	value := shipping.Method{Kind: shipping.BySubtotal, Tiers: []shipping.Tier{{Price: 700}, {Limit: 2000, Price: 400}, {Limit: 10_000}}}
	for _, want := range []struct {
		method  shipping.Method
		load    shipping.Load
		price   int64
		offered bool
	}{
		{weight, shipping.Load{}, 300, true},
		{weight, shipping.Load{Grams: 500}, 300, true},
		{weight, shipping.Load{Grams: 501}, 600, true},
		{weight, shipping.Load{Grams: 2001}, 0, false},
		{open, shipping.Load{Grams: 1 << 40}, 900, true},
		{open, shipping.Load{Grams: 1, Value: 4999}, 300, true},
		{open, shipping.Load{Grams: 1, Value: 5000}, 0, true},
		{value, shipping.Load{Value: 1999}, 700, true},
		{value, shipping.Load{Value: 2000}, 400, true},
		{value, shipping.Load{Value: 10_000}, 0, true},
	} {
		price, offered := want.method.Quote(want.load)
		require.Equal(t, want.price, price, "%+v", want)
		require.Equal(t, want.offered, offered, "%+v", want)
	}
}

// The closest zone serves an address, and which one that is does not depend on the order in which zones were made.
func TestOneZoneServesAnAddress(t *testing.T) {
	t.Parallel()
	zones := []shipping.Zone{
		{Key: "world", Locations: []shipping.Location{{}}},
		{Key: "gb", Locations: []shipping.Location{{Country: "GB"}}},
		{Key: "gb-also", Locations: []shipping.Location{{Country: "GB"}}},
		{Key: "ni", Locations: []shipping.Location{{Country: "GB", PostcodePrefix: "BT"}}},
		{Key: "belfast", Locations: []shipping.Location{{Country: "GB", PostcodePrefix: "BT1"}}},
		{Key: "us", Locations: []shipping.Location{{Country: "US"}}},
		{Key: "us-first", Priority: 5, Locations: []shipping.Location{{Country: "US"}}},
		{Key: "west", Locations: []shipping.Location{{Country: "US", Region: "CA"}, {Country: "US", Region: "OR"}}},
	}
	for want, place := range map[string]tax.Place{
		"world":    {Country: "JP"},
		"gb":       {Country: "GB", Postcode: "M1 1AE"},
		"ni":       {Country: "GB", Postcode: "bt9 1aa"},
		"belfast":  {Country: "GB", Postcode: "BT1 1AA"},
		"us-first": {Country: "US", Region: "NY"},
		"west":     {Country: "US", Region: "OR"},
	} {
		rapid.Check(t, func(rt *rapid.T) {
			zone, err := shipping.Covering(rapid.Permutation(zones).Draw(rt, "zones"), place)
			require.NoError(rt, err)
			require.Equal(rt, want, zone.Key)
		})
	}
	_, err := shipping.Covering(zones[1:], tax.Place{Country: "JP"})
	require.True(t, errs.Has(err, shipping.ErrUnavailable))
}

// A buyer reads the way to deliver in their own language when the merchant has it.
func TestNames(t *testing.T) {
	t.Parallel()
	m := shipping.Method{Name: "Standard", Names: map[string]string{"de": "Standardversand", "de-AT": "Normalversand"}}
	for locale, want := range map[string]string{"de-at": "Normalversand", "de-CH": "Standardversand", "de": "Standardversand", "fr-FR": "Standard", "": "Standard"} {
		require.Equal(t, want, m.NameIn(locale), locale)
	}
}
