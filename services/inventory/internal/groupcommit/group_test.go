package groupcommit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/groupcommit"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// desk stands for the database: it takes time, fails on demand, and remembers every batch. What the real one decides is
// tested with it; here it matters who is asked for, when, and with whom.
type desk struct {
	takes   time.Duration
	fails   func(ids []string) error
	mu      sync.Mutex
	batches [][]string
	open    map[string]bool // SKUs that are being decided about
	clashed bool
}

func (d *desk) serve(ctx context.Context, ids []string, skus []string) error {
	d.mu.Lock()
	d.batches = append(d.batches, ids)
	for _, sku := range skus {
		d.clashed = d.clashed || d.open[sku]
	}
	for _, sku := range skus {
		d.open[sku] = true
	}
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, sku := range skus {
			delete(d.open, sku)
		}
	}()
	select {
	case <-time.After(d.takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	if d.fails != nil {
		return d.fails(ids)
	}
	return nil
}

// Reserve implements stock.Reserver.
func (d *desk) Reserve(ctx context.Context, c stock.Cart) (stock.Reservation, error) {
	answers, err := d.ReserveBatch(ctx, []stock.Cart{c})
	if err != nil {
		return stock.Reservation{}, err
	}
	return answers[0], nil
}

// ReserveBatch implements stock.BatchReserver.
func (d *desk) ReserveBatch(ctx context.Context, carts []stock.Cart) ([]stock.Reservation, error) {
	var ids, skus []string
	answers := make([]stock.Reservation, len(carts))
	for i, c := range carts {
		ids = append(ids, c.ID)
		answers[i] = stock.Reservation{ID: c.ID, State: stock.Held}
		for _, l := range c.Lines {
			if !slices.Contains(skus, l.SKU) {
				skus = append(skus, l.SKU)
			}
		}
	}
	return answers, d.serve(ctx, ids, skus)
}

// Release implements stock.Reserver.
func (d *desk) Release(ctx context.Context, r stock.Release) (stock.Reservation, error) {
	return stock.Reservation{ID: r.ID, State: stock.Released}, d.serve(ctx, []string{r.ID}, nil)
}

// ReleaseBatch implements stock.BatchReserver.
func (d *desk) ReleaseBatch(ctx context.Context, releases []stock.Release) ([]stock.Reservation, error) {
	var ids []string
	answers := make([]stock.Reservation, len(releases))
	for i, r := range releases {
		ids = append(ids, r.ID)
		answers[i] = stock.Reservation{ID: r.ID, State: stock.Released}
	}
	return answers, d.serve(ctx, ids, nil)
}

// hall is a group before a desk, and its callers.
type hall struct {
	*desk
	reserver *groupcommit.Reserver
	metrics  *prometheus.Registry
	test     *testing.T
	mu       sync.Mutex
	answers  map[string]error
	arrived  []string
}

func newHall(t *testing.T, d *desk, cfg groupcommit.Config) *hall {
	t.Helper()
	d.open = map[string]bool{}
	metrics := prometheus.NewRegistry()
	reserver, err := groupcommit.New(d, cfg, metrics)
	require.NoError(t, err)
	return &hall{desk: d, reserver: reserver, metrics: metrics, test: t, answers: map[string]error{}}
}

// come lets a caller ask for SKUs, and returns when it waits or has its answer.
func (h *hall) come(ctx context.Context, id string, skus ...string) {
	h.test.Helper()
	c := stock.Cart{ID: id}
	for _, sku := range skus {
		c.Lines = append(c.Lines, stock.Line{SKU: sku, Quantity: 1})
	}
	go func() {
		r, err := h.reserver.Reserve(ctx, c)
		if err == nil && r.ID != id {
			err = fmt.Errorf("%s was given the answer of %q", id, r.ID)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.answers[id] = err
	}()
	h.arrived = append(h.arrived, id)
	synctest.Wait()
}

// end waits until everybody is answered.
func (h *hall) end() map[string]error {
	h.test.Helper()
	for range 10_000 {
		synctest.Wait()
		h.mu.Lock()
		done := len(h.answers) == len(h.arrived)
		h.mu.Unlock()
		if done {
			break
		}
		<-time.After(h.takes) // time of the bubble: it passes when nobody can do anything
	}
	require.Len(h.test, h.answers, len(h.arrived))
	require.False(h.test, h.clashed, "two batches wanted one SKU at the same time")
	return h.answers
}

func roomy() groupcommit.Config { return groupcommit.Config{Carts: 100, Queue: 1000, Slots: 4} }

// When it fails, a rush on one SKU is served one by one, or buyers are overtaken by those who came later.
func TestWhoeverWaitsForASKUSharesTheNextBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, &desk{takes: time.Second}, roomy())
		for _, id := range []string{"a", "b", "c", "d"} {
			h.come(t.Context(), id, "hot")
		}
		began := time.Now()
		for id, err := range h.end() {
			require.NoError(t, err, id)
		}
		require.Equal(t, [][]string{{"a"}, {"b", "c", "d"}}, h.batches)
		require.LessOrEqual(t, time.Since(began), 3*time.Second)
		require.InDelta(t, 2, testutil.CollectAndCount(h.metrics, "inventory_batch_size"), 0, "one series for each step")
	})
}

// When it fails, buyers of what nobody else wants wait for a rush on something else, or for a batch to fill.
func TestAColdSKUGoesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, &desk{takes: time.Second}, roomy())
		began := time.Now()
		h.come(t.Context(), "a", "hot")
		h.come(t.Context(), "b", "hot")
		h.come(t.Context(), "cold", "cold")
		require.Equal(t, [][]string{{"a"}, {"cold"}}, h.batches)
		require.Zero(t, time.Since(began), "nobody waits to fill a batch")
		h.end()
	})
}

// When it fails, a cart with two SKUs that are both wanted never has its turn, or is overtaken for one of them.
func TestACartOfTwoRushesHasItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, &desk{takes: 10 * time.Second}, roomy())
		h.come(t.Context(), "x1", "x")
		<-time.After(time.Second)
		h.come(t.Context(), "y1", "y")
		h.come(t.Context(), "both", "x", "y")
		h.come(t.Context(), "x2", "x")
		h.come(t.Context(), "y2", "y")
		h.come(t.Context(), "z", "z")
		h.end()
		require.Equal(t, [][]string{{"x1"}, {"y1"}, {"z"}, {"both", "x2", "y2"}}, h.batches)
	})
}

// When it fails, the first one whose cart the database cannot take makes everybody's purchase fail.
func TestOneBadCartDoesNotFailItsBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		h := newHall(t, &desk{takes: time.Second, fails: func(ids []string) error {
			if slices.Contains(ids, "bad") {
				return fmt.Errorf("%w: %w", stock.ErrDivisible, broken)
			}
			return nil
		}}, roomy())
		for _, id := range []string{"first", "a", "bad", "b"} {
			h.come(t.Context(), id, "hot")
		}
		answers := h.end()
		require.ErrorIs(t, answers["bad"], broken)
		delete(answers, "bad")
		for id, err := range answers {
			require.NoError(t, err, id)
		}
		require.Equal(t, [][]string{{"first"}, {"a", "bad", "b"}, {"a"}, {"bad"}, {"b"}}, h.batches)
	})
}

// When it fails, a database that is away is asked by everybody of a batch again, one by one.
func TestAFailureOfTheDatabaseIsEverybodys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		away := errs.DatabaseUnavailable.New("away")
		h := newHall(t, &desk{takes: time.Second, fails: func([]string) error { return away }}, roomy())
		for _, id := range []string{"first", "a", "b"} {
			h.come(t.Context(), id, "hot")
		}
		for id, err := range h.end() {
			require.ErrorIs(t, err, away, id)
		}
		require.Equal(t, [][]string{{"first"}, {"a", "b"}}, h.batches)
	})
}

// When it fails, buyers in a rush get 503 although they only had to wait for a connection.
func TestAQueueWaitsForAConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		h := newHall(t, &desk{takes: time.Second, fails: func([]string) error {
			if tries++; tries%3 != 0 {
				return errs.Overloaded.New("no connection")
			}
			return nil
		}}, roomy())
		for _, id := range []string{"first", "a", "b"} {
			h.come(t.Context(), id, "hot")
		}
		for id, err := range h.end() {
			require.NoError(t, err, id)
		}
		require.Len(t, h.batches, 6)
	})
}

// When it fails, stock is held for buyers who have left, while those who stayed wait behind them.
func TestWhoLeftIsNotAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, &desk{takes: 10 * time.Second}, roomy())
		h.come(t.Context(), "first", "hot")
		gone, cancel := context.WithCancel(t.Context())
		h.come(gone, "gone", "hot")
		hurried, stop := context.WithTimeout(t.Context(), 3*time.Second)
		defer stop()
		h.come(hurried, "hurried", "hot")
		h.come(t.Context(), "b", "hot")
		cancel()
		answers := h.end()
		require.ErrorIs(t, answers["gone"], context.Canceled)
		require.ErrorIs(t, answers["hurried"], context.DeadlineExceeded)
		require.NoError(t, answers["b"])
		require.Equal(t, [][]string{{"first"}, {"b"}}, h.batches)
	})
}

// When it fails, one caller who hangs up takes the answers of everybody in the batch along.
func TestWhoLeavesABatchTakesNobodyAlong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, &desk{takes: 10 * time.Second}, roomy())
		h.come(t.Context(), "first", "hot")
		leaving, cancel := context.WithCancel(t.Context())
		h.come(leaving, "leaving", "hot")
		h.come(t.Context(), "b", "hot")
		<-time.After(15 * time.Second) // the second batch is with the database
		cancel()
		answers := h.end()
		require.ErrorIs(t, answers["leaving"], context.Canceled)
		require.NoError(t, answers["b"])
		require.Equal(t, [][]string{{"first"}, {"leaving", "b"}}, h.batches)
	})
}

// When it fails, buyers learn only at the end of their patience that they never had a chance, and the queue grows without end.
func TestWhoWouldWaitInVainIsToldAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, &desk{takes: 8 * time.Second}, groupcommit.Config{Carts: 2, Queue: 5, Slots: 1})
		h.come(t.Context(), "first", "hot")
		h.end() // a batch is known to take its time now: 2 s by the average so far
		for i := range 6 {
			h.come(t.Context(), fmt.Sprint("w", i), "hot")
		}
		require.NotContains(t, h.answers, "w5", "it waits")
		began := time.Now()
		h.come(t.Context(), "over", "hot")
		require.True(t, errs.Has(h.answers["over"], stock.ErrQueueFull), "%v", h.answers["over"])
		require.Positive(t, errs.RetryAfterOf(h.answers["over"]))
		<-time.After(9 * time.Second)
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		h.come(hurried, "hurried", "hot")
		require.True(t, errs.Has(h.answers["hurried"], stock.ErrQueueFull), "%v", h.answers["hurried"])
		require.LessOrEqual(t, time.Since(began), 9*time.Second, "told at once")
		answers := h.end()
		for i := range 6 {
			require.NoError(t, answers[fmt.Sprint("w", i)])
		}
		for _, batch := range h.batches {
			require.LessOrEqual(t, len(batch), 2)
		}
	})
}

// When it fails, a request that is sent twice spoils the batch in which both copies are.
func TestOneIDIsNeverTwiceInABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, &desk{takes: time.Second}, roomy())
		h.come(t.Context(), "first", "hot")
		h.come(t.Context(), "a", "hot")
		go func() {
			_, _ = h.reserver.Reserve(t.Context(), stock.Cart{ID: "a", Lines: []stock.Line{{SKU: "hot", Quantity: 1}}})
		}()
		synctest.Wait()
		h.come(t.Context(), "b", "hot")
		h.end()
		<-time.After(5 * time.Second)
		require.Equal(t, [][]string{{"first"}, {"a"}, {"a", "b"}}, h.batches)
	})
}

// When it fails, a wave of cancelled checkouts gives its stock back one row lock after the other.
func TestReleasesShareBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, &desk{takes: time.Second}, roomy())
		var all sync.WaitGroup
		for _, id := range []string{"a", "b", "c"} {
			all.Go(func() {
				r, err := h.reserver.Release(t.Context(), stock.Release{ID: id})
				if err == nil && r.ID == id && r.State == stock.Released {
					return
				}
				t.Errorf("%s: %v %v", id, r, err)
			})
			synctest.Wait()
		}
		all.Wait()
		require.Equal(t, [][]string{{"a"}, {"b", "c"}}, h.batches)
	})
}
