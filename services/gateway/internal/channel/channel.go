// Package channel knows the defaults of the shop's channels for requests that leave them out. It keeps what product says
// for a few seconds; product owns the list.
package channel

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"golang.org/x/sync/singleflight"
)

// Refusals of a context that a channel does not have.
var (
	ErrUnknown  = errs.Define(errs.NotFound, "CHANNEL_UNKNOWN", "The shop has no such channel.")
	ErrCurrency = errs.Define(errs.Invalid, "CURRENCY_NOT_OFFERED", "The channel does not sell in this currency.")
	ErrCountry  = errs.Define(errs.Invalid, "COUNTRY_NOT_SERVED", "The channel does not sell to this country.")
)

const (
	// freshness is how old the list may be. A change of a channel is visible after this time.
	freshness = 5 * time.Second
	// novelty is how old the list may be when it lacks the channel a request names, which may just have been made.
	novelty = time.Second
	// readTime bounds one read of the list.
	readTime = 2 * time.Second
	// pause is the time after a failed read in which the old list serves without another try.
	pause = time.Second
	// pageSize is the largest page of product's list.
	pageSize = 200
)

// Directory answers from product's list of channels. It is safe for concurrent use.
type Directory struct {
	products productv1.ProductServiceClient
	clock    clock.Clock
	current  atomic.Pointer[list]
	failedAt atomic.Int64 // unix nanoseconds of the last read that failed
	reads    singleflight.Group
}

// list is what product said at one moment. It does not change.
type list struct {
	byKey    map[string]*productv1.Channel
	sorted   []*productv1.Channel
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
		if !slices.Contains(found.GetCurrencyCodes(), want.CurrencyCode) {
			return Context{}, ErrCurrency.At("currencyCode", "The channel %s does not sell in %s.", found.GetKey(), want.CurrencyCode)
		}
		resolved.CurrencyCode = want.CurrencyCode
	}
	if want.CountryCode != "" {
		if !slices.Contains(found.GetCountryCodes(), want.CountryCode) {
			return Context{}, ErrCountry.At("countryCode", "The channel %s does not sell to %s.", found.GetKey(), want.CountryCode)
		}
		resolved.CountryCode = want.CountryCode
	}
	return resolved, nil
}

// Locale returns the language to ask for: the one wanted, else the channel's own.
func (c Context) Locale(wanted string) string {
	if wanted != "" {
		return wanted
	}
	return c.Channel.GetDefaultLocale()
}

func (d *Directory) find(ctx context.Context, key string) (*productv1.Channel, error) {
	for _, age := range []time.Duration{freshness, novelty} {
		known, err := d.atMost(ctx, age)
		if err != nil {
			return nil, err
		}
		wanted := key
		if wanted == "" {
			wanted = known.fallback
		}
		if found, ok := known.byKey[wanted]; ok {
			return found, nil
		}
	}
	return nil, ErrUnknown.At("channel", "The shop has no channel %q.", key)
}

// All returns every channel, the default one first, the others by key.
func (d *Directory) All(ctx context.Context) ([]*productv1.Channel, error) {
	known, err := d.atMost(ctx, freshness)
	if err != nil {
		return nil, err
	}
	return known.sorted, nil
}

// atMost returns a list of at most that age. While product is down the old list goes on serving, whatever its age.
// Requests that come during a read wait for it together, none longer than its own time.
func (d *Directory) atMost(ctx context.Context, age time.Duration) (*list, error) {
	known, now := d.current.Load(), d.clock.Now()
	if known != nil && (now.Sub(known.readAt) <= age || now.UnixNano()-d.failedAt.Load() < int64(pause)) {
		return known, nil
	}
	read := d.reads.DoChan("", func() (any, error) { return d.read(ctx) })
	select {
	case result := <-read:
		if result.Err == nil {
			return result.Val.(*list), nil
		}
		if known != nil {
			return known, nil
		}
		return nil, result.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the list of channels: %w", ctx.Err())
	}
}

// read asks product for all channels. It outlives the request that started it, since others wait for it too, and it asks
// as nobody in particular.
func (d *Directory) read(ctx context.Context) (*list, error) {
	ctx = identity.With(context.WithoutCancel(ctx), identity.Principal{})
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	fresh := &list{byKey: map[string]*productv1.Channel{}, readAt: d.clock.Now()}
	for token := ""; ; {
		page, err := d.products.ListChannels(ctx, &productv1.ListChannelsRequest{PageSize: pageSize, PageToken: token})
		if err != nil {
			d.failedAt.Store(d.clock.Now().UnixNano())
			return nil, fmt.Errorf("list channels: %w", err)
		}
		for _, c := range page.GetChannels() {
			fresh.byKey[c.GetKey()] = c
			if c.GetIsDefault() {
				fresh.fallback = c.GetKey()
			}
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	fresh.sorted = sorted(fresh.byKey)
	d.current.Store(fresh)
	return fresh, nil
}
