// Package catalog holds the rules of the shop's catalogue: channels, products and their variants, categories, collections,
// translations, and the read model that lists and searches are served from. It knows neither transport nor SQL.
package catalog

import (
	"context"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
)

// Catalog is the entry to everything the service does with the catalogue. It is safe for concurrent use.
type Catalog struct {
	store Store
	clock clock.Clock

	mu       sync.Mutex
	channels channelCache
}

// New makes a Catalog on a store.
func New(store Store, clk clock.Clock) *Catalog {
	return &Catalog{store: store, clock: clk}
}

// channelCacheTTL bounds how long another process's change of a channel may go unnoticed here. A key that is not cached is
// always looked up, so a new channel is usable at once.
const channelCacheTTL = time.Second

type channelCache struct {
	byKey  map[string]Channel
	def    string
	loaded time.Time
}

// channel resolves a key, the empty one meaning the default channel.
func (c *Catalog) channel(ctx context.Context, key string) (Channel, error) {
	if ch, ok := c.cachedChannel(key); ok {
		return ch, nil
	}
	all, err := c.store.AllChannels(ctx)
	if err != nil {
		return Channel{}, err
	}
	c.mu.Lock()
	cache := channelCache{byKey: make(map[string]Channel, len(all)), loaded: c.clock.Now()}
	for _, ch := range all {
		cache.byKey[ch.Key] = ch
		if ch.IsDefault {
			cache.def = ch.Key
		}
	}
	c.channels = cache
	c.mu.Unlock()
	ch, ok := c.cachedChannel(key)
	if ok {
		return ch, nil
	}
	if key == "" {
		return Channel{}, ErrChannelUnknown.At("channel", "The shop has no channel yet.")
	}
	return Channel{}, ErrChannelUnknown.At("channel", "There is no channel %q.", key)
}

func (c *Catalog) cachedChannel(key string) (Channel, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := c.clock.Now().Sub(c.channels.loaded); age > channelCacheTTL || age < 0 {
		return Channel{}, false
	}
	if key == "" {
		key = c.channels.def
	}
	ch, ok := c.channels.byKey[key]
	return ch, ok
}

// ForgetChannels makes the next read ask the database. Call it when a change of a channel is committed.
func (c *Catalog) ForgetChannels() {
	c.mu.Lock()
	c.channels = channelCache{}
	c.mu.Unlock()
}
