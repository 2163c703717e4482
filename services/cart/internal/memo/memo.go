// Package memo remembers answers about slowly changing tables for a few seconds, so that pricing a cart needs not read them each
// time. What it answers may be as old as its lifetime: nothing that moves money or stock is decided by it alone.
package memo

import (
	"context"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
)

// maxEntries bounds the memory; a memo that gets fuller starts over.
const maxEntries = 4096

// Memo remembers values by key. It is safe for concurrent use.
type Memo[K comparable, V any] struct {
	clock clock.Clock
	life  time.Duration

	mu      sync.Mutex
	entries map[K]entry[V]
	// era grows with Clear: an answer that was asked for before is not remembered.
	era int
}

type entry[V any] struct {
	value V
	until time.Time
}

// New returns a memo whose answers live for life; zero remembers nothing.
func New[K comparable, V any](c clock.Clock, life time.Duration) *Memo[K, V] {
	return &Memo[K, V]{clock: c, life: life, entries: map[K]entry[V]{}}
}

// Get answers the value of a key, from load when it is not remembered. Errors are not remembered.
func (m *Memo[K, V]) Get(ctx context.Context, key K, load func(ctx context.Context) (V, error)) (V, error) {
	value, found, era := m.find(key)
	if found {
		return value, nil
	}
	value, err := load(ctx)
	if err == nil {
		m.keep(key, value, era)
	}
	return value, err
}

func (m *Memo[K, V]) find(key K) (value V, found bool, era int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok := m.entries[key]
	if !ok || !m.clock.Now().Before(known.until) {
		return value, false, m.era
	}
	return known.value, true, m.era
}

func (m *Memo[K, V]) keep(key K, value V, era int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if era != m.era || m.life <= 0 {
		return
	}
	if len(m.entries) >= maxEntries {
		clear(m.entries)
	}
	m.entries[key] = entry[V]{value: value, until: m.clock.Now().Add(m.life)}
}

// Clear forgets everything: call it when the tables were changed here.
func (m *Memo[K, V]) Clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.entries)
	m.era++
}
