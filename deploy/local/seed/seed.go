// Package seed opens the demo shop through the public admin API: channels, a warehouse, price lists, delivery zones and
// the catalogue. What is there already stays as it is.
package seed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/deploy/demo"
	"github.com/cartwright-shop/cartwright/deploy/demo/onlineretail"
	"github.com/cartwright-shop/cartwright/deploy/local/progress"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// patience is how long a call that the shop asks to repeat is repeated.
const patience = 30 * time.Second

// Loaded tells whether the demo shop has been opened before: its default channel exists.
func Loaded(ctx context.Context, staff *shopclient.Client) (bool, error) {
	err := staff.DoPatiently(ctx, patience, shopclient.Call{Verb: http.MethodGet, Path: "/admin/v1/channels/" + demo.Channels()[0].Key}, nil)
	var problem *shopclient.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}

// Load opens the shop with these products. It can be repeated.
func Load(ctx context.Context, staff *shopclient.Client, products []onlineretail.Product, output io.Writer) error {
	channels := demo.Channels()
	l := loader{staff: staff}
	if err := l.location(ctx); err != nil {
		return err
	}
	bar := progress.New(output, "load catalogue", len(channels)*len(products))
	for _, channel := range channels {
		if err := l.channel(ctx, channel); err != nil {
			bar.Fail()
			return err
		}
		if err := l.catalogue(ctx, channel, products, bar); err != nil {
			bar.Fail()
			return err
		}
	}
	bar.Done()
	return nil
}

type loader struct {
	staff *shopclient.Client
}

// create sends a POST whose key makes it repeatable; a thing that exists already is fine.
func (l loader) create(ctx context.Context, path, key string, in proto.Message) error {
	err := l.staff.DoPatiently(ctx, patience, shopclient.Call{Verb: http.MethodPost, Path: path, Key: "demo-" + key, In: in}, nil)
	var problem *shopclient.Problem
	if errors.As(err, &problem) && (problem.Reason == "ALREADY_EXISTS" || problem.Status == http.StatusConflict) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create %s %s: %w", path, key, err)
	}
	return nil
}

func (l loader) location(ctx context.Context) error {
	return l.create(ctx, "/admin/v1/locations", "location", &adminv1.CreateLocationRequest{
		Key: demo.LocationKey, Name: "Warehouse", CountryCode: "GB",
	})
}

func (l loader) channel(ctx context.Context, c demo.Channel) error {
	err := l.create(ctx, "/admin/v1/channels", "channel-"+c.Key, &adminv1.CreateChannelRequest{Key: c.Key, Channel: &adminv1.ChannelFields{
		Name: c.Name, CurrencyCodes: []string{c.Currency}, DefaultCurrencyCode: c.Currency, CountryCodes: c.Countries,
		DefaultCountryCode: c.Country, Locales: c.Locales, DefaultLocale: c.Locale, IsDefault: c.Default,
	}})
	if err != nil {
		return err
	}
	err = l.create(ctx, "/admin/v1/price-lists", "prices-"+c.PriceList, &adminv1.CreatePriceListRequest{PriceList: &adminv1.PriceList{
		Key: c.PriceList, Name: c.Name, CurrencyCode: c.Currency, Channels: []string{c.Key}, Active: true,
	}})
	if err != nil {
		return err
	}
	for _, zone := range c.Zones {
		if err := l.zone(ctx, c, zone); err != nil {
			return err
		}
	}
	return nil
}

func (l loader) zone(ctx context.Context, c demo.Channel, z demo.Zone) error {
	zone := &adminv1.ShippingZone{Key: z.Key, Name: z.Name, Channel: c.Key, CurrencyCode: c.Currency}
	for _, country := range z.Countries {
		zone.Locations = append(zone.Locations, &adminv1.ShippingLocation{CountryCode: country})
	}
	for _, m := range z.Methods {
		method := &adminv1.ShippingMethod{
			Key: m.Key, Name: m.Name, Kind: adminv1.ShippingPriceKind_SHIPPING_PRICE_KIND_FLAT, Price: amount(c.Currency, m.Price),
			MinDays: m.MinDays, MaxDays: m.MaxDays,
		}
		if m.FreeAbove > 0 {
			method.FreeAbove = amount(c.Currency, m.FreeAbove)
		}
		zone.Methods = append(zone.Methods, method)
	}
	return l.create(ctx, "/admin/v1/shipping-zones", "zone-"+z.Key, &adminv1.CreateShippingZoneRequest{Zone: zone})
}

func amount(currency string, minor int64) *typev1.Amount {
	return &typev1.Amount{CurrencyCode: currency, Amount: fmt.Sprintf("%d.%02d", minor/100, minor%100)}
}

// catalogue imports the products with the prices of the channel. Stock comes with the default channel's file only.
func (l loader) catalogue(ctx context.Context, c demo.Channel, products []onlineretail.Product, bar *progress.Bar) error {
	var file bytes.Buffer
	if err := demo.WriteCSV(&file, products, c.Currency); err != nil {
		return err
	}
	query := url.Values{
		"channel": {c.Key}, "priceListKey": {c.PriceList}, "currencyCode": {c.Currency}, "defaultStatus": {"PUBLICATION_STATUS_PUBLISHED"},
	}
	if c.Default {
		query.Set("locationKey", demo.LocationKey)
	}
	answer, err := l.staff.Send(ctx, shopclient.Call{
		Verb: http.MethodPost, Path: "/admin/v1/products/import?" + query.Encode(), Key: "demo-import-" + c.Key,
		Raw: &counter{file: &file, bar: bar, each: file.Len()/max(len(products), 1) + 1}, ContentType: "text/csv",
	})
	if err != nil {
		return fmt.Errorf("import into %s: %w", c.Key, err)
	}
	return checkReport(c.Key, answer)
}

func checkReport(channel string, answer *shopclient.Answer) error {
	if answer.Status != http.StatusOK {
		return fmt.Errorf("import into %s: %d %.500s", channel, answer.Status, answer.Body)
	}
	out := &adminv1.ImportProductsResponse{}
	if err := protojson.Unmarshal(answer.Body, out); err != nil {
		return fmt.Errorf("import into %s: %w", channel, err)
	}
	if report := out.GetReport(); report.GetErrorsTotal() > 0 {
		first := report.GetErrors()[0]
		return fmt.Errorf("import into %s: %d errors, the first in row %d (%s): %s", channel, report.GetErrorsTotal(), first.GetRow(), first.GetColumn(), first.GetMessage())
	}
	return nil
}

// counter moves the bar as the shop reads the file.
type counter struct {
	file io.Reader
	bar  *progress.Bar
	each int
	read int
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	before := c.read / c.each
	c.read += n
	c.bar.Add(c.read/c.each - before)
	return n, err
}
