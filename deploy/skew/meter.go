package skew

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// enough requests are measured before a migration and from its beginning on: the slowest hundredth of them are a handful.
const enough = 500

// slower is how many times as long the slowest hundredth of requests may take while a schema is migrated, and unbearable how long
// on a busy machine, too, in milliseconds: longer than a migration may wait for a lock with everybody behind it.
const (
	slower     = 2
	unbearable = 5_000
)

// meter keeps how long each request of the crowd took at the door of the shop, and whether it failed there. Buyers try again; it
// counts every try.
type meter struct {
	mu       sync.Mutex
	asked    []asked
	migrated time.Time // when the migration began
	ended    time.Time // when it had ended
}

type asked struct {
	began, ended time.Time
	failed       bool
}

func (m *meter) wrap(next http.RoundTripper) http.RoundTripper { return metered{m, next} }

type metered struct {
	meter *meter
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (m metered) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	response, err := m.next.RoundTrip(r)
	failed := err != nil && r.Context().Err() == nil || err == nil && response.StatusCode >= http.StatusInternalServerError
	if err != nil && !failed || held(r) && !failed {
		return response, err // nobody waited for it in the end, or for the bank
	}
	m.meter.mu.Lock()
	m.meter.asked = append(m.meter.asked, asked{began, time.Now(), failed})
	m.meter.mu.Unlock()
	return response, err
}

// reset forgets what was measured.
func (m *meter) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked, m.migrated, m.ended = nil, time.Time{}, time.Time{}
}

// held tells whether a request is one that the provider keeps waiting because the buyer's card says so.
func held(r *http.Request) bool {
	if r.GetBody == nil {
		return false
	}
	body, err := r.GetBody()
	if err != nil {
		return false
	}
	text, err := io.ReadAll(body)
	return err == nil && (bytes.Contains(text, []byte("tok_slow_")) || bytes.Contains(text, []byte("tok_reply_lost_")))
}

// more waits until enough requests more have ended.
func (m *meter) more(ctx context.Context) error {
	before := m.count()
	return until(ctx, moreTime, func() error {
		if now := m.count(); now < before+enough {
			return fmt.Errorf("%d of %d requests ended", now-before, enough)
		}
		return nil
	})
}

func (m *meter) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.asked)
}

// around makes a migration while requests are measured: enough of them before it, and enough from its beginning on.
func (m *meter) around(ctx context.Context, migrate func(context.Context) error) error {
	if err := m.more(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := migrate(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	m.migrated, m.ended = began, time.Now()
	m.mu.Unlock()
	return m.more(ctx)
}

// Strain is how requests fared before a migration and during it.
type Strain struct {
	// Rate is how many were made in a second, Took how long the migration did, in seconds.
	Rate float64 `json:"rate"`
	Took float64 `json:"took"`
	// Before and During are what 99 of 100 stayed within, in milliseconds. During counts every request that the migration may have
	// kept waiting, and those after it until there are enough.
	Before float64 `json:"before"`
	During float64 `json:"during"`
	// Failed counts those of During that were not served.
	Failed int `json:"failed"`
}

// strain sums up; nil without a migration.
func (m *meter) strain() *Strain {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.migrated.IsZero() || len(m.asked) == 0 {
		return nil
	}
	slices.SortFunc(m.asked, func(a, b asked) int { return a.began.Compare(b.began) })
	first, last := m.asked[0].began, m.migrated
	var before, during []time.Duration
	s := &Strain{Took: m.ended.Sub(m.migrated).Seconds()}
	for _, one := range m.asked {
		took := one.ended.Sub(one.began)
		switch {
		case one.ended.Before(m.migrated):
			before = append(before, took)
		case one.began.Before(m.ended) || len(during) < enough:
			during, last = append(during, took), one.began
			if one.failed {
				s.Failed++
			}
		}
	}
	s.Rate = float64(len(before)+len(during)) / last.Sub(first).Seconds()
	s.Before, s.During = slowest(before), slowest(during)
	return s
}

// slowest is what 99 of 100 stay within, in milliseconds; 0 of none.
func slowest(list []time.Duration) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.SortFunc(list, cmp.Compare[time.Duration])
	return float64(list[min(len(list)*99/100, len(list)-1)].Microseconds()) / 1000
}

// judge says what nobody may notice of a migration. How much slower requests were is judged in quiet only: on a busy machine
// anything may have made them so, but not that slow.
func (s *Strain) judge(result *Result, quiet bool) {
	if s == nil {
		return
	}
	result.Quiet = quiet
	if s.Failed > 0 {
		result.fail("%d requests failed while the schema was migrated", s.Failed)
	}
	if s.During > slower*s.Before && (quiet || s.During > unbearable) {
		result.fail("99 of 100 requests took up to %.0f ms before the migration and %.0f ms during it", s.Before, s.During)
	}
}

// String is what stands in the table.
func (s *Strain) String() string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f → %.0f ms at %.0f/s", s.Before, s.During, s.Rate)
}
