package address_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// Real addresses of many countries must pass, or their people cannot buy; ones that cannot exist must not, or parcels get lost.
func TestPostcodes(t *testing.T) {
	t.Parallel()
	check := func(country, region, postcode string) error {
		_, err := address.Clean("shippingAddress", address.Address{
			FullName: "A", Line1: "1 Road", City: "Town", Region: region, PostalCode: postcode, CountryCode: country,
		})
		return err
	}
	for country, postcodes := range map[string][]string{
		"GB": {"SW1A 1AA", "m1 1ae", "EC1A1BB", "GIR 0AA", "BT1 5GS"}, "DE": {"01067", "10115"}, "FR": {"75001", "97100"}, "ES": {"28001", "35001", "51001"},
		"JP": {"100-0001", "1000001"}, "CA": {"K1A 0B1", "k1a0b1"}, "NL": {"1012 AB"}, "IE": {"D02 AF30", "A65F4E2"}, "PT": {"9000-150", "1000"},
		"SE": {"114 55"}, "PL": {"00-001"}, "IT": {"00118"}, "CH": {"8001"}, "AU": {"2000"}, "HK": {""}, "AE": {""}, "IS": {"101"}, "MT": {"VLT 1117"},
	} {
		for _, postcode := range postcodes {
			require.NoError(t, check(country, "", postcode), "%s %s", country, postcode)
		}
	}
	require.NoError(t, check("US", "CA", "94103"))
	require.NoError(t, check("US", "DC", "20500-0003"))
	for country, postcodes := range map[string][]string{
		"GB": {"10115", "SW1A", ""}, "DE": {"1011", "SW1A 1AA"}, "ES": {"00001", "53001"}, "JP": {"10-0001"}, "CA": {"D1A 0B1", "94103"}, "FR": {"7500"},
	} {
		for _, postcode := range postcodes {
			err := check(country, "", postcode)
			require.True(t, errs.Has(err, address.ErrInvalid), "%s %s", country, postcode)
			require.Equal(t, "shippingAddress.postalCode", errs.FieldsOf(err)[0].Path)
		}
	}
	err := check("US", "ZZ", "x")
	require.Equal(t, "shippingAddress.region", errs.FieldsOf(err)[0].Path)
	require.Len(t, errs.FieldsOf(err), 2, "everything that is wrong is said at once")
	_, err = address.Clean("a", address.Address{CountryCode: "GB"})
	require.Len(t, errs.FieldsOf(err), 4)
	_, err = address.Clean("a", address.Address{FullName: "A\r\nBcc: b", CountryCode: "GB"})
	require.True(t, errs.Has(err, errs.CharNotAllowed))
	tidy, err := address.Clean("a", address.Address{FullName: "  Ada   Lovelace ", Line1: "1", City: "x", PostalCode: " sw1a  1aa", CountryCode: "GB"})
	require.NoError(t, err)
	require.Equal(t, []string{"Ada Lovelace", "SW1A 1AA"}, []string{tidy.FullName, tidy.PostalCode})
}

// Mail must reach the buyer and nobody else: what could carry a second header or recipient is no address.
func TestEmails(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a@b.co", "first.last+tag@example.co.uk", "o'brien@example.com", "jürgen@müller.de", "x_y-z@sub.example.museum"} {
		require.NoError(t, address.CheckEmail("email", good), good)
	}
	for _, bad := range []string{
		"", "a", "a@", "@b.co", "a@b", "a b@c.de", "a@b.co\r\nBcc: x@y.z", "a@b.co,c@d.ee", "A <a@b.co>", "a@b..co", "a@-b.co", "a@b.co.",
		strings.Repeat("a", 65) + "@b.co", "a@" + strings.Repeat("b.", 130) + "co", "\"a b\"@c.de", "a@[127.0.0.1]", "a@b.co\x00", "a\u202e@b.co",
	} {
		err := address.CheckEmail("email", bad)
		require.True(t, errs.Has(err, address.ErrEmail), "%q", bad)
		require.Equal(t, "email", errs.FieldsOf(err)[0].Path)
	}
}
