package acceptance_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
)

// market is a channel of this run with its price list and its ways to deliver.
type market struct {
	channel, currency, priceList string
	address                      *typev1.Address
}

// marketSpec is what a market is made of. Prices of delivery are in the currency's decimals.
type marketSpec struct {
	key, currency        string
	countries, locales   []string
	standard, express    string
	freeAbove            string
	settings             *adminv1.ChannelSettings
	address              *typev1.Address
	byWeight, bySubtotal bool
}

func britain() *typev1.Address {
	return &typev1.Address{FullName: "Ada Lovelace", Line1: "12 St James Square", City: "London", PostalCode: "SW1Y 4LB", CountryCode: "GB"}
}

func germany() *typev1.Address {
	return &typev1.Address{FullName: "Emmy Noether", Line1: "Hauptstr. 1", City: "Erlangen", PostalCode: "91054", CountryCode: "DE"}
}

func spain(postcode string) *typev1.Address {
	return &typev1.Address{FullName: "Maria Blasco", Line1: "Calle Mayor 1", City: "Ciudad", PostalCode: postcode, CountryCode: "ES"}
}

func america(state, postcode string) *typev1.Address {
	return &typev1.Address{FullName: "Grace Hopper", Line1: "1 Main Street", City: "Springfield", Region: state, PostalCode: postcode, CountryCode: "US"}
}

func japan() *typev1.Address {
	return &typev1.Address{FullName: "Yoko Ono", Line1: "1-1 Chiyoda", City: "Tokyo", PostalCode: "100-0001", CountryCode: "JP"}
}

// The markets of a run, by what is special about them.
const (
	gb     = "gb"     // pounds, tax in the price, paid at once
	eu     = "eu"     // euros, tax in the price by destination
	us     = "us"     // dollars, tax on top
	jp     = "jp"     // yen, which have no minor unit
	parcel = "parcel" // pounds, paid when shipped
	export = "export" // euros, Spanish tax taken out where none applies
	scales = "scales" // pounds, delivery by weight and by value
	files  = "files"  // pounds, filled by files only
)

func marketSpecs() []marketSpec {
	return []marketSpec{
		{key: gb, currency: "GBP", countries: []string{"GB"}, locales: []string{"en-GB", "en"}, standard: "3.95", express: "6.95", freeAbove: "50.00", address: britain()},
		{key: eu, currency: "EUR", countries: []string{"DE", "ES", "FR", "AT"}, locales: []string{"en", "de", "fr"}, standard: "4.95", express: "12.95", address: germany()},
		{key: us, currency: "USD", countries: []string{"US"}, locales: []string{"en-US", "en"}, standard: "5.95", express: "14.95", address: america("CA", "94105")},
		{key: jp, currency: "JPY", countries: []string{"JP"}, locales: []string{"ja", "en"}, standard: "500", express: "900", address: japan()},
		{
			key: parcel, currency: "GBP", countries: []string{"GB"}, locales: []string{"en-GB"}, standard: "3.95", express: "6.95", address: britain(),
			settings: &adminv1.ChannelSettings{CaptureMode: adminv1.CaptureMode_CAPTURE_MODE_AT_SHIPMENT},
		},
		{
			key: export, currency: "EUR", countries: []string{"ES"}, locales: []string{"en"}, standard: "4.95", express: "9.95", address: spain("28001"),
			settings: &adminv1.ChannelSettings{HomeCountryCode: "ES", RemoveHomeTax: true},
		},
		{key: scales, currency: "GBP", countries: []string{"GB"}, locales: []string{"en-GB"}, address: britain(), byWeight: true, bySubtotal: true},
		{key: files, currency: "GBP", countries: []string{"GB"}, locales: []string{"en-GB"}, standard: "3.95", express: "6.95", address: britain()},
	}
}

// market returns one of the markets of this run.
func (s *shop) market(key string) *market { return s.markets[key] }

// location is the warehouse of this run; it serves every channel.
func (s *shop) location() string { return "wh-" + s.run }

// opener makes what a shop needs before it sells.
type opener struct {
	ctx   context.Context
	staff *shopclient.Client
}

func (o opener) send(verb, path string, in, out proto.Message) error {
	call := shopclient.Call{Verb: verb, Path: path, In: in}
	if err := o.staff.DoPatiently(o.ctx, time.Minute, call, out); err != nil {
		return fmt.Errorf("%s %s: %w", verb, path, err)
	}
	return nil
}

// openMarkets makes the channels of this run before the first journey: a new channel is seen everywhere after some seconds.
func (s *shop) openMarkets(ctx context.Context) error {
	o := opener{ctx, s.web.WithToken(s.staffToken)}
	s.markets = map[string]*market{}
	err := o.send(http.MethodPost, "/admin/v1/locations", &adminv1.CreateLocationRequest{Key: s.location(), Name: "Warehouse", CountryCode: "GB"}, nil)
	if err != nil {
		return err
	}
	for _, spec := range marketSpecs() {
		m := &market{channel: spec.key + "-" + s.run, currency: spec.currency, priceList: spec.key + "-list-" + s.run, address: spec.address}
		if err := o.open(m, spec); err != nil {
			return err
		}
		s.markets[spec.key] = m
	}
	return s.awaitMarkets(ctx)
}

func (o opener) open(m *market, spec marketSpec) error {
	err := o.send(http.MethodPost, "/admin/v1/channels", &adminv1.CreateChannelRequest{Key: m.channel, Channel: &adminv1.ChannelFields{
		Name: "Journeys " + spec.key, CurrencyCodes: []string{spec.currency}, CountryCodes: spec.countries, Locales: spec.locales,
	}}, nil)
	if err != nil {
		return err
	}
	err = o.send(http.MethodPost, "/admin/v1/price-lists", &adminv1.CreatePriceListRequest{PriceList: &adminv1.PriceList{
		Key: m.priceList, Name: "Journeys", CurrencyCode: m.currency, Channels: []string{m.channel}, Active: true,
	}}, nil)
	if err != nil {
		return err
	}
	if spec.settings != nil {
		settings := proto.CloneOf(spec.settings)
		settings.Channel = m.channel
		path := "/admin/v1/channel-settings/" + m.channel
		if err := o.send(http.MethodPut, path, &adminv1.UpdateChannelSettingsRequest{Settings: settings}, nil); err != nil {
			return err
		}
	}
	return o.send(http.MethodPost, "/admin/v1/shipping-zones", &adminv1.CreateShippingZoneRequest{Zone: zoneOf(m, spec)}, nil)
}

func zoneOf(m *market, spec marketSpec) *adminv1.ShippingZone {
	zone := &adminv1.ShippingZone{Key: "zone-" + m.channel, Name: "Everywhere", Channel: m.channel, CurrencyCode: m.currency}
	for _, country := range spec.countries {
		zone.Locations = append(zone.Locations, &adminv1.ShippingLocation{CountryCode: country})
	}
	flat := func(key, price string) *adminv1.ShippingMethod {
		return &adminv1.ShippingMethod{
			Key: key, Name: key + " delivery", Kind: adminv1.ShippingPriceKind_SHIPPING_PRICE_KIND_FLAT, Price: amount(m.currency, price), MinDays: 1, MaxDays: 3,
		}
	}
	if spec.standard != "" {
		standard := flat("standard", spec.standard)
		if spec.freeAbove != "" {
			standard.FreeAbove = amount(m.currency, spec.freeAbove)
		}
		zone.Methods = append(zone.Methods, standard, flat("express", spec.express))
	}
	if spec.byWeight {
		zone.Methods = append(zone.Methods, &adminv1.ShippingMethod{
			Key: "weight", Name: "By weight", Kind: adminv1.ShippingPriceKind_SHIPPING_PRICE_KIND_BY_WEIGHT, MaxDays: 5,
			WeightTiers: []*adminv1.WeightTier{
				{UpToGrams: 1000, Price: amount(m.currency, "3.00")}, {UpToGrams: 5000, Price: amount(m.currency, "6.00")}, {Price: amount(m.currency, "20.00")},
			},
		})
	}
	if spec.bySubtotal {
		zone.Methods = append(zone.Methods, &adminv1.ShippingMethod{
			Key: "value", Name: "By value", Kind: adminv1.ShippingPriceKind_SHIPPING_PRICE_KIND_BY_SUBTOTAL, MaxDays: 5,
			SubtotalTiers: []*adminv1.SubtotalTier{
				{From: amount(m.currency, "0.00"), Price: amount(m.currency, "5.00")}, {From: amount(m.currency, "30.00"), Price: amount(m.currency, "2.50")},
			},
		})
	}
	return zone
}

// awaitMarkets waits until the storefront knows every channel.
func (s *shop) awaitMarkets(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		answer := &storefrontv1.ListChannelsResponse{}
		if err := s.web.DoPatiently(ctx, time.Minute, shopclient.Call{Verb: http.MethodGet, Path: "/v1/channels"}, answer); err != nil {
			return err
		}
		missing := false
		for _, m := range s.markets {
			missing = missing || !slices.ContainsFunc(answer.GetChannels(), func(c *storefrontv1.Channel) bool { return c.GetKey() == m.channel })
		}
		if !missing {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("the storefront does not show the new channels")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func amount(currency, decimal string) *typev1.Amount {
	return &typev1.Amount{CurrencyCode: currency, Amount: decimal}
}
