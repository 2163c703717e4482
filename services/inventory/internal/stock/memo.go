package stock

import (
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
)

// mostRemembered bounds the memory of a memo: at more it starts over.
const mostRemembered = 100_000

// memo remembers for a moment what was available, so that pages about a SKU in a rush do not read the row that everybody
// wants. It is exact about what this process does to a figure it holds, as far as buyers can tell by its band; what others
// do shows when the moment is over.
type memo struct {
	clock clock.Clock
	life  time.Duration

	mu    sync.Mutex
	seen  map[string]map[string]*remembered // by SKU and channel
	size  int
	turns int // rises when something was forgotten: what was read before must not be kept
}

type remembered struct {
	Availability
	asked      time.Time // before the database was
	refreshing bool      // somebody asks for it anew
}

func newMemo(c clock.Clock, life time.Duration) *memo {
	return &memo{clock: c, life: life, seen: map[string]map[string]*remembered{}}
}

// recall returns what is remembered, and the SKUs that the caller must ask for. While one asks anew for what is half as old
// as it may get, others still get the old.
func (m *memo) recall(channel string, skus []string) (known map[string]Availability, ask []string, turn int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	known = make(map[string]Availability, len(skus))
	for _, sku := range skus {
		r := m.seen[sku][channel]
		if r == nil || now.Sub(r.asked) >= m.life {
			ask = append(ask, sku)
			continue
		}
		if now.Sub(r.asked) >= m.life/2 && !r.refreshing {
			r.refreshing = true
			ask = append(ask, sku)
			continue
		}
		known[sku] = r.Availability
	}
	return known, ask, m.turns
}

// keep remembers answers to what recall told to ask for at that turn.
func (m *memo) keep(channel string, answers []Availability, asked time.Time, turn int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if turn != m.turns {
		return
	}
	for _, a := range answers {
		of := m.seen[a.SKU]
		if of == nil {
			of = map[string]*remembered{}
			m.seen[a.SKU] = of
		}
		if of[channel] == nil {
			m.size++
		}
		of[channel] = &remembered{Availability: a, asked: asked}
	}
	if m.size > mostRemembered {
		m.forgetAll()
	}
}

// forget makes the next caller ask for these SKUs, in every channel.
func (m *memo) forget(skus ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turns++
	for _, sku := range skus {
		m.size -= len(m.seen[sku])
		delete(m.seen, sku)
	}
}

// clear makes the next caller ask for everything.
func (m *memo) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetAll()
}

func (m *memo) forgetAll() {
	m.turns++
	m.size = 0
	clear(m.seen)
}

// taken counts down what was reserved here, and forgets a SKU whose band that may change.
func (m *memo) taken(r Reservation, band func(int32) Band) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range r.Allocations {
		for _, of := range m.seen[a.SKU] {
			before := of.Band
			of.Available -= a.Quantity
			if a.Backordered() || band(of.Available) != before {
				m.size -= len(m.seen[a.SKU])
				delete(m.seen, a.SKU)
				m.turns++
				break
			}
		}
	}
}
