// Package steady is the traffic that a cluster is under while it is changed: buyers who look around, fill carts and check out, at one
// rate, each request on a connection of its own, so that none stays with one pod. Every request that fails is counted and kept with its
// reason; none is hidden by a second try. A buyer whose request failed sends it again with its key, as a shop's own clients do, so
// that an outage shows what it really cost: a purchase that never came to an end is lost.
package steady

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

const (
	// patience is how long a buyer tries one thing before it is lost.
	patience = 90 * time.Second
	// requestTime bounds one request: longer than the shop's own deadline.
	requestTime = 28 * time.Second
	// keptFailures bounds what is remembered of failures.
	keptFailures = 2000
	// keptTimes is over how many of the last requests percentiles are taken.
	keptTimes = 4096
)

// Settings say what to buy, where, and how fast.
type Settings struct {
	// Gateway is the shop's address.
	Gateway string `json:"gateway"`
	// Channel is where the SKUs are on sale, and Country where they are sent to.
	Channel string   `json:"channel"`
	SKUs    []string `json:"skus"`
	// Rate is how many requests begin in a second.
	Rate float64 `json:"rate"`
	// Buyers are at work at once.
	Buyers int `json:"buyers"`
}

// Failure is one request that did not get the answer it should have.
type Failure struct {
	At      time.Time `json:"at"`
	Request string    `json:"request"`
	Reason  string    `json:"reason"`
}

// Figures are counted from the start on.
type Figures struct {
	// Now is the clock that the failures are told by.
	Now time.Time `json:"now"`
	// Ended says that nobody buys any more.
	Ended    bool `json:"ended"`
	Requests int  `json:"requests"`
	Failed   int  `json:"failed"`
	// Orders were acknowledged. Lost are purchases that came to no end although the buyer tried and tried.
	Orders int `json:"orders"`
	Lost   int `json:"lost"`
	// P50 and P99 are of the last requests, in milliseconds.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	// Failures are the last of them, Losses what was lost.
	Failures []Failure `json:"failures"`
	Losses   []string  `json:"losses"`
}

// Load is traffic under way.
type Load struct {
	settings Settings
	shop     *shopclient.Client
	pace     *time.Ticker
	stop     context.CancelFunc
	waiting  sync.WaitGroup

	mu       sync.Mutex
	figures  Figures
	times    []time.Duration
	promises []audit.Acknowledged
}

// Start begins. The traffic ends with ctx or with Stop.
func Start(ctx context.Context, s Settings) (*Load, error) {
	if s.Gateway == "" || len(s.SKUs) < 2 || s.Rate <= 0 || s.Buyers < 1 {
		return nil, errors.New("gateway, two SKUs, a rate and buyers are needed")
	}
	ctx, stop := context.WithCancel(ctx)
	l := &Load{settings: s, shop: shopclient.New(s.Gateway), stop: stop, pace: time.NewTicker(every(s.Rate))}
	l.shop = l.shop.WithTransport(func(http.RoundTripper) http.RoundTripper {
		return &http.Transport{DisableKeepAlives: true}
	})
	for range s.Buyers {
		l.waiting.Go(func() { l.work(ctx) })
	}
	return l, nil
}

// Stop ends it at once and returns when nobody buys any more.
func (l *Load) Stop() {
	l.stop()
	l.waiting.Wait()
	l.pace.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.figures.Ended = true
}

// Pace sets another rate, in requests a second.
func (l *Load) Pace(rate float64) { l.pace.Reset(every(rate)) }

func every(rate float64) time.Duration { return time.Duration(float64(time.Second) / rate) }

// Figures are those so far.
func (l *Load) Figures() Figures {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.figures
	f.Now, f.Failures, f.Losses = time.Now(), slices.Clone(f.Failures), slices.Clone(f.Losses)
	times := slices.Clone(l.times)
	slices.Sort(times)
	if n := len(times); n > 0 {
		f.P50, f.P99 = milliseconds(times[n/2]), milliseconds(times[n*99/100])
	}
	return f
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Promises are what the shop has said is done.
func (l *Load) Promises() []audit.Acknowledged {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.promises)
}

func (l *Load) work(ctx context.Context) {
	for ctx.Err() == nil {
		b := &buyer{load: l}
		journey := b.browse
		switch dice := rand.IntN(10); { //nolint:gosec // who does what is no secret
		case dice < 2:
			journey = b.buy
		case dice < 5:
			journey = b.fill
		}
		if err := journey(ctx); err != nil && ctx.Err() == nil {
			l.lose(err)
		}
	}
}

func (l *Load) lose(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.figures.Lost++
	if len(l.figures.Losses) < keptFailures {
		l.figures.Losses = append(l.figures.Losses, err.Error())
	}
}

func (l *Load) promise(p audit.Acknowledged) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.promises = append(l.promises, p)
	if p.Kind == "order" {
		l.figures.Orders++
	}
}

// do sends a call until it is answered for good. The first failure and every further one counts.
func (l *Load) do(ctx context.Context, name string, call shopclient.Call, out proto.Message) error {
	deadline := time.Now().Add(patience)
	for tries := 1; ; tries++ {
		select {
		case <-l.pace.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		err := l.once(ctx, call, out)
		if err == nil {
			l.count(nil, name)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err() // nobody waits for the answer any more
		}
		problem, refused := errors.AsType[*shopclient.Problem](err)
		if tries > 1 && refused && problem.Reason == "IDEMPOTENCY_IN_PROGRESS" {
			l.count(nil, name) // the try before is still at work, which is an answer
		} else {
			l.count(err, name)
		}
		if time.Now().After(deadline) || refused && problem.Status < http.StatusInternalServerError && problem.Status != http.StatusConflict && problem.Status != http.StatusTooManyRequests {
			return fmt.Errorf("%s: %w", name, err)
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *Load) once(ctx context.Context, call shopclient.Call, out proto.Message) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	began := time.Now()
	err := l.shop.Do(ctx, call, out)
	if err == nil {
		l.took(time.Since(began))
	}
	return err
}

func (l *Load) took(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.times) == keptTimes {
		l.times = l.times[keptTimes/2:]
	}
	l.times = append(l.times, d)
}

func (l *Load) count(err error, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.figures.Requests++
	if err == nil {
		return
	}
	l.figures.Failed++
	if len(l.figures.Failures) == keptFailures {
		l.figures.Failures = l.figures.Failures[keptFailures/2:]
	}
	l.figures.Failures = append(l.figures.Failures, Failure{At: time.Now(), Request: name, Reason: err.Error()})
}
