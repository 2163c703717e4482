// Package clocktest is a clock for tests that decide by time.
package clocktest

import (
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
)

// Fake is a clock that moves only when told. It is safe for use by many goroutines.
type Fake struct {
	mu  sync.Mutex
	now time.Time
}

var _ clock.Clock = (*Fake)(nil)

// New makes a clock that stands at t.
func New(t time.Time) *Fake { return &Fake{now: t.UTC()} }

// Now is the time the clock stands at.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Advance moves the clock by d.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

// Set moves the clock to t.
func (f *Fake) Set(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = t.UTC()
}
