// Package channel knows the defaults of the shop's channels for requests that leave them out. It keeps what product says
// for a few seconds; product owns the list.
package channel

import (
	"context"
	"fmt"
	"sync"
	"time"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// Refusals of a context that a channel does not have.
var (
	ErrUnknown  = errs.Define(errs.NotFound, "CHANNEL_UNKNOWN", "The shop has no such channel.")
	ErrCurrency = errs.Define(errs.Invalid, "CURRENCY_NOT_OFFERED", "The channel does not sell in this currency.")
	ErrCountry  = errs.Define(errs.Invalid, "COUNTRY_NOT_SERVED", "The channel does not sell to this country.")
)

// freshness is how old the list may be. A change of a channel is visible after this time.
const freshness = 5 * time.Second

// pageSize is the largest page of product's list.
const pageSize = 200

// Directory answers from product's list of channels.
type Directory struct {
	products productv1.ProductServiceClient
	clock    clock.Clock

	mu       sync.Mutex
	channels map[string]*productv1.Channel
	fallback string
	readAt   time.Time
}

// NewDirectory returns a directory that asks products.
func NewDirectory(products productv1.ProductServiceClient, clk clock.Clock) *Directory {
	return &Directory{products: products, clock: clk}
}

// Wanted is the context a request names; empty parts mean the channel's defaults.
type Wanted struct {
	Channel, CurrencyCode, CountryCode string
}

// Context is a complete context: every part exists in the channel.
type Context struct {
	Channel      *productv1.Channel
	CurrencyCode string
	CountryCode  string
}

// Resolve completes a context, or refuses it with the path of the part that is wrong.
func (d *Directory) Resolve(ctx context.Context, want Wanted) (Context, error) {
	found, err := d.find(ctx, want.Channel)
	if err != nil {
		return Context{}, err
	}
	resolved := Context{Channel: found, CurrencyCode: found.GetDefaultCurrencyCode(), CountryCode: found.GetDefaultCountryCode()}
	if want.CurrencyCode != "" {
		if !contains(found.GetCurrencyCodes(), want.CurrencyCode) {
			return Context{}, ErrCurrency.At("currencyCode", "The channel %s does not sell in %s.", found.GetKey(), want.CurrencyCode)
		}
		resolved.CurrencyCode = want.CurrencyCode
	}
	if want.CountryCode != "" {
		if !contains(found.GetCountryCodes(), want.CountryCode) {
			return Context{}, ErrCountry.At("countryCode", "The channel %s does not sell to %s.", found.GetKey(), want.CountryCode)
		}
		resolved.CountryCode = want.CountryCode
	}
	return resolved, nil
}

func contains(list []string, text string) bool {
	for _, item := range list {
		if item == text {
			return true
		}
	}
	return false
}

func (d *Directory) find(ctx context.Context, key string) (*productv1.Channel, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.clock.Now().Sub(d.readAt) > freshness {
		if err := d.read(ctx); err != nil && d.channels == nil {
			return nil, err
		}
	}
	if key == "" {
		key = d.fallback
	}
	if found, ok := d.channels[key]; ok {
		return found, nil
	}
	return nil, ErrUnknown.At("channel", "The shop has no channel %q.", key)
}

// read replaces the list. While product is down the old list goes on serving.
func (d *Directory) read(ctx context.Context) error {
	channels := map[string]*productv1.Channel{}
	fallback, token := "", ""
	for {
		page, err := d.products.ListChannels(ctx, &productv1.ListChannelsRequest{PageSize: pageSize, PageToken: token})
		if err != nil {
			return fmt.Errorf("list channels: %w", err)
		}
		for _, c := range page.GetChannels() {
			channels[c.GetKey()] = c
			if c.GetIsDefault() {
				fallback = c.GetKey()
			}
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	d.channels, d.fallback, d.readAt = channels, fallback, d.clock.Now()
	return nil
}

// All returns every channel, the default one first, the others by key.
func (d *Directory) All(ctx context.Context) ([]*productv1.Channel, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.clock.Now().Sub(d.readAt) > freshness {
		if err := d.read(ctx); err != nil && d.channels == nil {
			return nil, err
		}
	}
	return sorted(d.channels), nil
}
