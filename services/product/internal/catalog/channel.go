package catalog

import (
	"context"
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/iso"
)

// Channel is a place where the shop sells.
type Channel struct {
	ChannelFields
	Key       string
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ChannelFields is what staff may write of a channel.
type ChannelFields struct {
	Name            string
	Currencies      []string
	DefaultCurrency string
	Countries       []string
	DefaultCountry  string
	Locales         []string
	DefaultLocale   string
	IsDefault       bool
}

// check completes the defaults and refuses what is not consistent.
func (f *ChannelFields) check() error {
	if why := badText(f.Name, 120, false); why != "" || f.Name == "" {
		return ErrTextInvalid.At("channel.name", "The name %s.", orEmpty(why))
	}
	if len(f.Currencies) == 0 || len(f.Countries) == 0 || len(f.Locales) == 0 {
		return ErrChannelInvalid.At("channel", "A channel has at least one currency, country and locale.")
	}
	for i, code := range f.Currencies {
		if _, ok := iso.Currency(code); !ok {
			return errs.InvalidField.New("There is no currency %q.", code).
				Field(index("channel.currencyCodes", i), "CURRENCY_INVALID", "is not an ISO 4217 code")
		}
	}
	for i, code := range f.Countries {
		if _, ok := iso.Country(code); !ok {
			return ErrChannelInvalid.At(index("channel.countryCodes", i), "There is no country %q.", code)
		}
	}
	for i, tag := range f.Locales {
		canonical, ok := CanonicalLocale(tag)
		if !ok {
			return ErrLocaleInvalid.At(index("channel.locales", i), "%q is no language tag.", tag)
		}
		f.Locales[i] = canonical
	}
	if f.DefaultLocale != "" {
		f.DefaultLocale, _ = CanonicalLocale(f.DefaultLocale)
	}
	for _, d := range []struct {
		path  string
		value *string
		among []string
	}{
		{"channel.defaultCurrencyCode", &f.DefaultCurrency, f.Currencies},
		{"channel.defaultCountryCode", &f.DefaultCountry, f.Countries},
		{"channel.defaultLocale", &f.DefaultLocale, f.Locales},
	} {
		if *d.value == "" {
			*d.value = d.among[0]
		}
		if !slices.Contains(d.among, *d.value) {
			return ErrChannelInvalid.At(d.path, "%q is not one of the channel's own.", *d.value)
		}
	}
	return nil
}

// Channel gives one channel, the default one for an empty key.
func (c *Catalog) Channel(ctx context.Context, key string) (Channel, error) {
	return c.channel(ctx, key)
}

// ListChannels gives channels with a key above after, in order.
func (c *Catalog) ListChannels(ctx context.Context, after string, limit int) ([]Channel, error) {
	return c.store.ListChannels(ctx, after, limit)
}

// CreateChannel adds a channel; the first one is always the default. Products get their place in its lists by a job, since
// none is published there yet.
func (c *Catalog) CreateChannel(ctx context.Context, key string, fields ChannelFields) (Channel, error) {
	if err := fields.check(); err != nil {
		return Channel{}, err
	}
	now := c.clock.Now()
	ch := Channel{ChannelFields: fields, Key: key, Version: 1, CreatedAt: now, UpdatedAt: now}
	err := c.store.Tx(ctx, func(ctx context.Context) error {
		// A key that is taken stays taken: the caller learns it at once, also while an import keeps the lock below.
		if err := c.refuseTaken(ctx, key); err != nil {
			return err
		}
		if err := c.store.LockStructure(ctx); err != nil {
			return err
		}
		all, err := c.store.AllChannels(ctx)
		if err != nil {
			return err
		}
		ch.IsDefault = fields.IsDefault || len(all) == 0
		if ch.IsDefault {
			if err := c.store.ClearDefaultChannel(ctx); err != nil {
				return err
			}
		}
		if err := c.store.InsertChannel(ctx, ch); err != nil {
			return err
		}
		return c.store.ReindexLater(ctx, Reindex{Channel: key})
	})
	c.ForgetChannels()
	return ch, err
}

func (c *Catalog) refuseTaken(ctx context.Context, key string) error {
	all, err := c.store.AllChannels(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(x Channel) bool { return x.Key == key }) {
		return ErrChannelExists.At("key", "There is a channel %q already.", key)
	}
	return nil
}

// UpdateChannel replaces a channel's fields. Its products are listed again by a job when the locales changed.
func (c *Catalog) UpdateChannel(ctx context.Context, key string, fields ChannelFields, version int64) (Channel, error) {
	if err := fields.check(); err != nil {
		return Channel{}, err
	}
	var ch Channel
	err := c.store.Tx(ctx, func(ctx context.Context) error {
		if err := c.store.LockStructure(ctx); err != nil {
			return err
		}
		all, err := c.store.AllChannels(ctx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(all, func(x Channel) bool { return x.Key == key })
		if at < 0 {
			return ErrChannelUnknown.At("key", "There is no channel %q.", key)
		}
		old := all[at]
		if old.Version != version {
			return conflict(old.Version)
		}
		if old.IsDefault && !fields.IsDefault {
			return ErrChannelInvalid.At("channel.isDefault", "The shop needs a default channel: make another one the default instead.")
		}
		if fields.IsDefault && !old.IsDefault {
			if err := c.store.ClearDefaultChannel(ctx); err != nil {
				return err
			}
		}
		ch = old
		ch.ChannelFields = fields
		ch.Version++
		ch.UpdatedAt = c.clock.Now()
		if err := c.store.UpdateChannel(ctx, ch); err != nil {
			return err
		}
		if slices.Equal(old.Locales, fields.Locales) && old.DefaultLocale == fields.DefaultLocale {
			return nil
		}
		return c.store.ReindexLater(ctx, Reindex{Channel: key})
	})
	c.ForgetChannels()
	return ch, err
}
