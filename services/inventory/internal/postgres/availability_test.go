package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/clock/clocktest"
)

// window is a service that remembers availability for two seconds, and its clock.
func window(f *fixture) (*stock.Service, *clocktest.Fake) {
	now := clocktest.New(time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC))
	s := stock.New(f.store, f.store, 5)
	s.RememberAvailability(now, 2*time.Second)
	return s, now
}

func requireShown(t *testing.T, s *stock.Service, sku string, available int32, band stock.Band) {
	t.Helper()
	got, err := s.BatchGetAvailability(t.Context(), channel, []string{sku, sku})
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, sku, got[0].SKU)
	require.Equal(t, available, got[0].Available)
	require.Equal(t, band, got[0].Band)
}

// When it fails, pages read the row that a rush is buying, or show for longer than two seconds what was true before.
func TestAvailabilityIsReadOnceInTwoSeconds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 20})
	shown, now := window(f)
	requireShown(t, shown, "A", 20, stock.BandIn)
	requireShown(t, shown, "unheard of", 0, stock.BandOut)
	f.reserve(cart(line("A", 20))) // another process
	for range 3 {
		requireShown(t, shown, "A", 20, stock.BandIn)
	}
	now.Advance(999 * time.Millisecond)
	requireShown(t, shown, "A", 20, stock.BandIn)
	now.Advance(time.Millisecond) // half its time: the next one asks anew
	requireShown(t, shown, "A", 0, stock.BandOut)
	f.stock("main", map[string]int32{"A": 23})
	now.Advance(2 * time.Second)
	requireShown(t, shown, "A", 3, stock.BandLow)
	got, err := shown.BatchGetAvailability(t.Context(), "eu-web", []string{"A"})
	require.NoError(t, err)
	require.Equal(t, int32(3), got[0].Available)
}

// When it fails, a shop with one process shows for two seconds what it knows better.
func TestAvailabilityFollowsWhatThisProcessDoes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	shown, _ := window(f)
	ctx := t.Context()
	requireShown(t, shown, "A", 0, stock.BandOut)
	set := func(units int32) {
		_, err := shown.SetStock(ctx, stock.Correction{Reason: "count", Entries: []stock.Entry{entry("A", "main", units)}})
		require.NoError(t, err)
	}
	set(9)
	requireShown(t, shown, "A", 9, stock.BandIn)
	reserve := func(units int32) error {
		_, err := shown.Reserve(ctx, cart(line("A", units)))
		return err
	}
	require.NoError(t, reserve(3))
	requireShown(t, shown, "A", 6, stock.BandIn)
	require.NoError(t, reserve(1))
	requireShown(t, shown, "A", 5, stock.BandLow)
	f.reserve(cart(line("A", 5))) // another process
	requireShown(t, shown, "A", 5, stock.BandLow)
	require.Error(t, reserve(1))
	requireShown(t, shown, "A", 0, stock.BandOut)
	_, err := shown.SetBackorderPolicy(ctx, stock.BackorderPolicy{SKU: "A", Allowed: true, Limit: 4})
	require.NoError(t, err)
	got, err := shown.BatchGetAvailability(ctx, channel, []string{"A"})
	require.NoError(t, err)
	require.Equal(t, int32(4), got[0].BackorderAvailable)
	set(30)
	requireShown(t, shown, "A", 21, stock.BandIn)
	_, err = shown.UpdateLocation(ctx, stock.Location{Key: "main", Name: "main", CountryCode: "GB", Version: 1})
	require.NoError(t, err)
	requireShown(t, shown, "A", 0, stock.BandOut)
}

// When it fails, a figure that was read before a change is remembered as if it came after it.
func TestAvailabilityReadBeforeAChangeIsNotKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 20})
	store := &slowReads{Store: f.store, read: make(chan struct{}), proceed: make(chan struct{})}
	shown := stock.New(store, f.store, 5)
	shown.RememberAvailability(clock.System(), time.Hour)
	answer := make(chan error, 1)
	go func() {
		_, err := shown.BatchGetAvailability(context.Background(), channel, []string{"A"})
		answer <- err
	}()
	<-store.read
	_, err := shown.SetStock(t.Context(), stock.Correction{Reason: "count", Entries: []stock.Entry{entry("A", "main", 2)}})
	require.NoError(t, err)
	close(store.proceed)
	require.NoError(t, <-answer)
	requireShown(t, shown, "A", 2, stock.BandLow)
}

// slowReads lets a test act between a read of availability and its answer.
type slowReads struct {
	stock.Store
	read, proceed chan struct{}
	done          bool
}

// BatchGetAvailability implements stock.Store.
func (s *slowReads) BatchGetAvailability(ctx context.Context, channel string, skus []string) ([]stock.Availability, error) {
	got, err := s.Store.BatchGetAvailability(ctx, channel, skus)
	if !s.done {
		s.done = true
		close(s.read)
		<-s.proceed
	}
	return got, err
}
