package rpc_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// A merchant's own rate counts from its day on, wins over the delivered one, and a new delivery of rates leaves it alone.
func TestTheMerchantsTaxRateWins(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	c := f.start(f.guest, "uk-web", lines("MUG", 1)...)
	f.sendTo(c.GetId(), at("DE", "", "10115"))
	set := &cartv1.SetTaxRateRequest{CountryCode: "DE", TaxClass: "standard", RatePpm: 160_000, Name: "MwSt 16%", ValidFrom: "2026-01-01", ValidUntil: "2026-07-01", RequestId: id.New()}
	resp, err := f.taxes.SetTaxRate(f.staff, set)
	require.NoError(t, err)
	require.Equal(t, "merchant", resp.GetRate().GetSource())
	f.clock.Advance(31 * time.Second)
	require.Equal(t, int64(172), f.get(f.guest, c.GetId()).GetTotals().GetTax().GetMinorUnits(), "16 % contained in 12.50")

	var before, after string
	const sum = `SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM tax_rate t`
	require.NoError(t, f.database.DB.QueryRow(t.Context(), sum).Scan(&before))
	f.asOwner(seedSQL(t))
	require.NoError(t, f.database.DB.QueryRow(t.Context(), sum).Scan(&after))
	require.Equal(t, before, after, "delivering the same rates again changes nothing")

	list, err := f.taxes.ListTaxRates(f.staff, &cartv1.ListTaxRatesRequest{CountryCode: "DE", TaxClass: "standard", On: "2026-03-01"})
	require.NoError(t, err)
	require.Len(t, list.GetRates(), 4, "the country's, the merchant's, Büsingen and Heligoland")
	_, err = f.taxes.SetTaxRate(f.staff, &cartv1.SetTaxRateRequest{CountryCode: "DE", TaxClass: "standard", Name: "x", ValidFrom: "2026-01-01", Version: 7})
	refused(t, err, "VERSION_CONFLICT")
	_, err = f.taxes.DeleteTaxRate(f.staff, &cartv1.DeleteTaxRateRequest{Id: list.GetRates()[0].GetId()})
	if list.GetRates()[0].GetSource() == "merchant" {
		_, err = f.taxes.DeleteTaxRate(f.staff, &cartv1.DeleteTaxRateRequest{Id: list.GetRates()[1].GetId()})
	}
	refused(t, err, "TAX_RATE_BUILT_IN")
	_, err = f.taxes.DeleteTaxRate(f.staff, &cartv1.DeleteTaxRateRequest{Id: id.New()})
	refused(t, err, "TAX_RATE_NOT_FOUND")

	_, err = f.taxes.SetTaxRate(f.staff, &cartv1.SetTaxRateRequest{CountryCode: "GB", TaxClass: "books", Name: "Books", ValidFrom: "2026-01-01"})
	require.NoError(t, err)
	classes, err := f.taxes.ListTaxClasses(f.staff, &cartv1.ListTaxClassesRequest{})
	require.NoError(t, err)
	require.Equal(t, "books", classes.GetClasses()[4].GetKey())
	require.True(t, classes.GetClasses()[3].GetBuiltIn())
}

// All rates can be read page by page, each once.
func TestTaxRatesArePaged(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	seen, token := map[string]bool{}, ""
	for {
		resp, err := f.taxes.ListTaxRates(f.staff, &cartv1.ListTaxRatesRequest{PageSize: 200, PageToken: token})
		require.NoError(t, err)
		for _, rate := range resp.GetRates() {
			require.False(t, seen[rate.GetId()])
			seen[rate.GetId()] = true
		}
		if token = resp.GetNextPageToken(); token == "" {
			break
		}
	}
	var n int
	require.NoError(t, f.database.DB.QueryRow(t.Context(), `SELECT count(*) FROM tax_rate`).Scan(&n))
	require.Len(t, seen, n)
	_, err := f.taxes.ListTaxRates(f.staff, &cartv1.ListTaxRatesRequest{PageToken: "forged"})
	refused(t, err, "PAGE_TOKEN_INVALID")
}

// A zone is written whole, by whoever read it last, and never with a contradiction in it.
func TestShippingZones(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	f.deliverGB()
	got, err := f.zones.GetShippingZone(f.staff, &cartv1.GetShippingZoneRequest{Key: "gb"})
	require.NoError(t, err)
	zone := got.GetZone()
	_, err = f.zones.CreateShippingZone(f.staff, &cartv1.CreateShippingZoneRequest{Zone: zone})
	refused(t, err, "ALREADY_EXISTS", "zone.key")

	changed := proto.Clone(zone).(*cartv1.ShippingZone)
	changed.Methods = changed.Methods[:1]
	saved, err := f.zones.UpdateShippingZone(f.staff, &cartv1.UpdateShippingZoneRequest{Zone: changed})
	require.NoError(t, err)
	require.Equal(t, zone.GetVersion()+1, saved.GetZone().GetVersion())
	_, err = f.zones.UpdateShippingZone(f.staff, &cartv1.UpdateShippingZoneRequest{Zone: changed})
	refused(t, err, "VERSION_CONFLICT")

	for field, change := range map[string]func(*cartv1.ShippingZone){
		"zone.methods[0].price":          func(z *cartv1.ShippingZone) { z.Methods[0].Price = &typev1.Money{CurrencyCode: "EUR", MinorUnits: 1} },
		"zone.methods[0].freeAbove":      func(z *cartv1.ShippingZone) { z.Methods[0].FreeAbove = gbp(-1) },
		"zone.methods[0].maxDays":        func(z *cartv1.ShippingZone) { z.Methods[0].MinDays = 9 },
		"zone.methods[1].key":            func(z *cartv1.ShippingZone) { z.Methods[1].Key = z.Methods[0].Key },
		"zone.methods[1].weightTiers[1]": func(z *cartv1.ShippingZone) { z.Methods[1].WeightTiers[1].UpToGrams = 1 },
		"zone.methods[1].weightTiers":    func(z *cartv1.ShippingZone) { z.Methods[1].WeightTiers = nil },
		"zone.methods[1].kind": func(z *cartv1.ShippingZone) {
			z.Methods[1].SubtotalTiers = []*cartv1.SubtotalTier{{From: gbp(0), Price: gbp(0)}}
		},
		"zone.locations[0].countryCode":        func(z *cartv1.ShippingZone) { z.Locations[0].CountryCode = "ZZ" },
		"zone.currencyCode":                    func(z *cartv1.ShippingZone) { z.CurrencyCode = "XXX" },
		"zone.methods[1].weightTiers[0].price": func(z *cartv1.ShippingZone) { z.Methods[1].WeightTiers[0].Price = gbp(-5) },
	} {
		bad := proto.Clone(zone).(*cartv1.ShippingZone)
		bad.Key = "bad"
		change(bad)
		if field == "zone.currencyCode" {
			for _, m := range bad.GetMethods() {
				m.Price, m.FreeAbove = &typev1.Money{CurrencyCode: "XXX"}, nil
				for _, tier := range m.GetWeightTiers() {
					tier.Price.CurrencyCode = "XXX"
				}
			}
		}
		_, err := f.zones.CreateShippingZone(f.staff, &cartv1.CreateShippingZoneRequest{Zone: bad})
		refused(t, err, "SHIPPING_INVALID", field)
	}

	first, err := f.zones.ListShippingZones(f.staff, &cartv1.ListShippingZonesRequest{PageSize: 2, Channel: "uk-web"})
	require.NoError(t, err)
	rest, err := f.zones.ListShippingZones(f.staff, &cartv1.ListShippingZonesRequest{PageSize: 2, Channel: "uk-web", PageToken: first.GetNextPageToken()})
	require.NoError(t, err)
	require.Equal(t, []string{"es", "gb", "highlands"}, []string{first.GetZones()[0].GetKey(), first.GetZones()[1].GetKey(), rest.GetZones()[0].GetKey()})
	require.Empty(t, rest.GetNextPageToken())
	_, err = f.zones.DeleteShippingZone(f.staff, &cartv1.DeleteShippingZoneRequest{Key: "es", Version: 9})
	refused(t, err, "VERSION_CONFLICT")
	_, err = f.zones.DeleteShippingZone(f.staff, &cartv1.DeleteShippingZoneRequest{Key: "es"})
	require.NoError(t, err)
	_, err = f.zones.GetShippingZone(f.staff, &cartv1.GetShippingZoneRequest{Key: "es"})
	refused(t, err, "SHIPPING_ZONE_NOT_FOUND")
}

// A channel without settings sells by sensible ones; changed settings change what carts cost.
func TestChannelSettings(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	got, err := f.settings.GetChannelSettings(f.staff, &cartv1.GetChannelSettingsRequest{Channel: "uk-web"})
	require.NoError(t, err)
	s := got.GetSettings()
	require.Equal(t, []any{cartv1.CaptureMode_CAPTURE_MODE_AT_PLACEMENT, cartv1.TaxDisplay_TAX_DISPLAY_BY_DESTINATION, cartv1.RoundingPolicy_ROUNDING_POLICY_HALF_UP_LINE, "UK-", int64(0)},
		[]any{s.GetCaptureMode(), s.GetTaxDisplay(), s.GetRounding(), s.GetOrderNumberPrefix(), s.GetVersion()})

	s.RemoveHomeTax = true
	_, err = f.settings.UpdateChannelSettings(f.staff, &cartv1.UpdateChannelSettingsRequest{Settings: s})
	refused(t, err, "COUNTRY_INVALID", "settings.homeCountryCode")
	s.HomeCountryCode = "ES"
	saved, err := f.settings.UpdateChannelSettings(f.staff, &cartv1.UpdateChannelSettingsRequest{Settings: s})
	require.NoError(t, err)
	require.Equal(t, int64(1), saved.GetSettings().GetVersion())
	_, err = f.settings.UpdateChannelSettings(f.staff, &cartv1.UpdateChannelSettingsRequest{Settings: s})
	refused(t, err, "VERSION_CONFLICT")

	c := f.start(f.guest, "uk-web", lines("MUG", 1)...)
	c = f.sendTo(c.GetId(), at("ES", "", "35001"))
	require.Equal(t, int64(1250-217), c.GetTotals().GetTotal().GetMinorUnits(), "the Canaries pay the price without the mainland's 21 %")
	require.Equal(t, int64(1250), f.sendTo(c.GetId(), at("GB", "", "M1 1AE")).GetTotals().GetTotal().GetMinorUnits(), "where a tax applies the price is the price")

	list, err := f.settings.ListChannelSettings(f.staff, &cartv1.ListChannelSettingsRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetSettings(), 1)
	saved.GetSettings().TaxDisplay = cartv1.TaxDisplay_TAX_DISPLAY_EXCLUSIVE
	_, err = f.settings.UpdateChannelSettings(f.staff, &cartv1.UpdateChannelSettingsRequest{Settings: saved.GetSettings()})
	require.NoError(t, err)
	c = f.sendTo(c.GetId(), at("GB", "", "M2 1AE"))
	require.Equal(t, int64(1500), c.GetTotals().GetTotal().GetMinorUnits(), "a wholesaler's prices are without tax")
}

// What is the staff's to change stays theirs, whoever asks.
func TestOnlyStaffChangeTables(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	for who, reason := range map[string]string{"guest": "UNAUTHENTICATED", "customer": "PERMISSION_DENIED"} {
		ctx := f.guest
		if who == "customer" {
			ctx = customer(ctx, "ann")
		}
		for _, err := range []error{
			second(f.taxes.SetTaxRate(ctx, &cartv1.SetTaxRateRequest{CountryCode: "DE", TaxClass: "standard", Name: "x", ValidFrom: "2026-01-01"})),
			second(f.taxes.DeleteTaxRate(ctx, &cartv1.DeleteTaxRateRequest{Id: id.New()})),
			second(f.zones.ListShippingZones(ctx, &cartv1.ListShippingZonesRequest{})),
			second(f.zones.DeleteShippingZone(ctx, &cartv1.DeleteShippingZoneRequest{Key: "gb"})),
			second(f.settings.GetChannelSettings(ctx, &cartv1.GetChannelSettingsRequest{Channel: "uk-web"})),
			second(f.settings.UpdateChannelSettings(ctx, &cartv1.UpdateChannelSettingsRequest{Settings: &cartv1.ChannelSettings{Channel: "uk-web"}})),
		} {
			refused(t, err, reason)
		}
	}
	for reason, req := range map[string]*cartv1.SetTaxRateRequest{
		"COUNTRY_INVALID": {CountryCode: "ZZ", ValidFrom: "2026-01-01"},
		"REGION_INVALID":  {CountryCode: "US", Region: "ZZ", ValidFrom: "2026-01-01"},
		"PATTERN_INVALID": {CountryCode: "DE", PostcodePattern: "(", ValidFrom: "2026-01-01"},
		"DATE_INVALID":    {CountryCode: "DE", ValidFrom: "2026-02-30"},
		"RANGE_INVALID":   {CountryCode: "DE", ValidFrom: "2026-01-02", ValidUntil: "2026-01-02"},
	} {
		req.TaxClass, req.Name = "standard", "x"
		refused(t, second(f.taxes.SetTaxRate(f.staff, req)), reason)
	}
}

// A customer's saved addresses are theirs alone, and at most one is the usual one.
func TestSavedAddresses(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	ann, bob := customer(t.Context(), "ann"), customer(t.Context(), "bob")
	home, err := f.addresses.CreateAddress(ann, &cartv1.CreateAddressRequest{Label: "Home", Address: at("GB", "", "m1 1ae"), DefaultShipping: true, RequestId: id.New()})
	require.NoError(t, err)
	work, err := f.addresses.CreateAddress(ann, &cartv1.CreateAddressRequest{Label: "Work", Address: at("DE", "", "10115"), DefaultShipping: true, DefaultBilling: true})
	require.NoError(t, err)
	list, err := f.addresses.ListAddresses(ann, &cartv1.ListAddressesRequest{PageSize: 1})
	require.NoError(t, err)
	require.Equal(t, "M1 1AE", list.GetAddresses()[0].GetAddress().GetPostalCode())
	require.False(t, list.GetAddresses()[0].GetDefaultShipping(), "work is the usual one now")
	rest, err := f.addresses.ListAddresses(ann, &cartv1.ListAddressesRequest{PageSize: 1, PageToken: list.GetNextPageToken()})
	require.NoError(t, err)
	require.True(t, rest.GetAddresses()[0].GetDefaultBilling())
	require.Empty(t, rest.GetNextPageToken())

	edit := &cartv1.UpdateAddressRequest{Id: home.GetAddress().GetId(), Version: 1, Address: at("GB", "", "M2 2AA")}
	_, err = f.addresses.UpdateAddress(ann, edit)
	refused(t, err, "VERSION_CONFLICT")
	edit.Version = 2
	changed, err := f.addresses.UpdateAddress(ann, edit)
	require.NoError(t, err)
	require.Equal(t, int64(3), changed.GetAddress().GetVersion())
	_, err = f.addresses.UpdateAddress(bob, edit)
	refused(t, err, "ADDRESS_NOT_FOUND")
	_, err = f.addresses.DeleteAddress(bob, &cartv1.DeleteAddressRequest{Id: home.GetAddress().GetId()})
	refused(t, err, "ADDRESS_NOT_FOUND")
	_, err = f.addresses.CreateAddress(ann, &cartv1.CreateAddressRequest{Address: at("US", "", "94103")})
	refused(t, err, "ADDRESS_INVALID", "address.region")
	_, err = f.addresses.ListAddresses(f.guest, &cartv1.ListAddressesRequest{})
	refused(t, err, "UNAUTHENTICATED")
	_, err = f.addresses.DeleteAddress(ann, &cartv1.DeleteAddressRequest{Id: work.GetAddress().GetId()})
	require.NoError(t, err)
	for range 49 {
		_, err = f.addresses.CreateAddress(ann, &cartv1.CreateAddressRequest{Address: at("GB", "", "M1 1AE")})
		require.NoError(t, err)
	}
	_, err = f.addresses.CreateAddress(ann, &cartv1.CreateAddressRequest{Address: at("GB", "", "M1 1AE")})
	require.Equal(t, "ADDRESS_LIMIT", errs.ReasonOf(err), "%v", err)
}
