package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/prooftest"
)

// shelf is the stock of one batch as a child would keep it: places by priority, units, and what may be owed.
type shelf struct {
	places []shelfPlace
	free   map[stock.Key]int32
	room   map[string]int32
	limit  map[string]int32    // of one customer; 0: none
	had    map[[2]string]int32 // by customer and SKU
	known  map[string]stock.Reservation
}

type shelfPlace struct {
	key     string
	channel string // empty serves all
}

func (p shelfPlace) serves(channel string) bool { return p.channel == "" || p.channel == channel }

// decide is the rule: one cart after the other, each line from the places by priority and then from what may be owed, and
// within what its customer may have, all lines or none.
func (s *shelf) decide(c stock.Cart) stock.Reservation {
	if r, seen := s.known[c.ID]; seen {
		return r
	}
	r := stock.Reservation{ID: c.ID, State: stock.Held}
	for _, l := range c.Lines {
		left := l.Quantity
		take := func(k stock.Key, free int32) {
			if n := min(left, free); n > 0 {
				r.Allocations = append(r.Allocations, stock.Allocation{Key: k, Quantity: n})
				left -= n
			}
		}
		for _, p := range s.places {
			if p.serves(c.Channel) {
				take(stock.Key{SKU: l.SKU, Location: p.key}, s.free[stock.Key{SKU: l.SKU, Location: p.key}])
			}
		}
		take(stock.Key{SKU: l.SKU}, s.room[l.SKU])
		if left > 0 {
			r.Shortages = append(r.Shortages, stock.Shortage{SKU: l.SKU, Requested: l.Quantity, Available: l.Quantity - left})
		}
		if limit, had := s.limit[l.SKU], s.had[[2]string{c.CustomerKey, l.SKU}]; limit > 0 && c.CustomerKey != "" && l.Quantity > limit-had {
			r.Shortages = append(r.Shortages, stock.Shortage{SKU: l.SKU, Requested: l.Quantity, Available: limit - had, Limit: limit, Held: had})
		}
	}
	if len(r.Shortages) > 0 {
		r.State, r.Allocations = stock.Refused, nil
	}
	for _, a := range r.Allocations {
		s.had[[2]string{c.CustomerKey, a.SKU}] += a.Quantity
		if a.Backordered() {
			s.room[a.SKU] -= a.Quantity
		} else {
			s.free[a.Key] -= a.Quantity
		}
	}
	slices.SortFunc(r.Allocations, func(a, b stock.Allocation) int { return a.Compare(b.Key) })
	s.known[c.ID] = r
	return r
}

// When it fails, a batch sells what a queue of single buyers would not have got, refuses what they would have, or lets one
// that does not fit stand in the way of one that does.
func TestABatchDecidesAsOneAfterTheOther(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	places := []shelfPlace{{"near", ""}, {"home", "uk-web"}, {"far", ""}}
	f.location("near", 1)
	f.location("home", 2, "uk-web")
	f.location("far", 2) // equal priorities go by key: far before home
	slices.SortFunc(places[1:], func(a, b shelfPlace) int { return map[bool]int{true: -1, false: 1}[a.key < b.key] })
	family := 0
	rapid.Check(t, func(rt *rapid.T) {
		for range prooftest.Rounds(4, 70) {
			family++
			s := &shelf{places: places, free: map[stock.Key]int32{}, room: map[string]int32{}, known: map[string]stock.Reservation{}, limit: map[string]int32{}, had: map[[2]string]int32{}}
			skus := f.fill(rt, s, family)
			var earlier []stock.Cart
			for range rapid.IntRange(1, 2).Draw(rt, "batches") {
				batch := drawBatch(rt, skus, earlier)
				f.requireBatch(rt, s, batch)
				earlier = append(earlier, batch...)
			}
		}
	})
}

// fill stocks SKUs that no other batch uses, so that nothing must be cleared away.
func (f *fixture) fill(rt *rapid.T, s *shelf, family int) []string {
	skus := make([]string, rapid.IntRange(1, 4).Draw(rt, "skus"))
	change := stock.Correction{Reason: "count"}
	for i := range skus {
		skus[i] = fmt.Sprintf("f%d-%c", family, 'a'+i)
		for _, p := range s.places {
			if n := rapid.Int32Range(-2, 9).Draw(rt, "units"); n >= 0 {
				k := stock.Key{SKU: skus[i], Location: p.key}
				s.free[k] = n
				change.Entries = append(change.Entries, stock.Entry{Key: k, Units: n})
			}
		}
		if limit := rapid.Int32Range(-6, 4).Draw(rt, "limit"); limit > 0 {
			_, err := f.SetBackorderPolicy(context.Background(), stock.BackorderPolicy{SKU: skus[i], Allowed: true, Limit: limit})
			require.NoError(rt, err)
			s.room[skus[i]] = limit
		}
		if limit := rapid.Int32Range(-6, 8).Draw(rt, "most of a customer"); limit > 0 {
			_, err := f.SetPurchaseLimit(context.Background(), stock.PurchaseLimit{SKU: skus[i], Quantity: limit})
			require.NoError(rt, err)
			s.limit[skus[i]] = limit
		}
	}
	if len(change.Entries) > 0 {
		_, err := f.SetStock(context.Background(), change)
		require.NoError(rt, err)
	}
	return skus
}

func drawBatch(rt *rapid.T, skus []string, earlier []stock.Cart) []stock.Cart {
	batch := make([]stock.Cart, rapid.IntRange(1, 12).Draw(rt, "carts"))
	for i := range batch {
		if len(earlier) > 0 && rapid.IntRange(0, 5).Draw(rt, "repeat") == 0 {
			again := rapid.SampledFrom(earlier).Draw(rt, "earlier")
			if !slices.ContainsFunc(batch[:i], func(c stock.Cart) bool { return c.ID == again.ID }) {
				batch[i] = again
				continue
			}
		}
		c := stock.Cart{ID: id.New(), OrderID: id.Secret(), TTL: 15 * minute, Fingerprint: []byte{1}}
		c.Channel = rapid.SampledFrom([]string{"uk-web", "eu-web"}).Draw(rt, "channel")
		c.CustomerKey = rapid.SampledFrom([]string{"", "ada", "bob"}).Draw(rt, "customer")
		chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(skus), 1, len(skus), rapid.ID[string]).Draw(rt, "lines")
		slices.Sort(chosen)
		for _, sku := range chosen {
			c.Lines = append(c.Lines, line(sku, rapid.Int32Range(1, 6).Draw(rt, "quantity")))
		}
		batch[i] = c
	}
	return batch
}

// requireBatch lets the database decide and compares with the shelf, figure by figure.
func (f *fixture) requireBatch(rt *rapid.T, s *shelf, batch []stock.Cart) {
	got, err := f.store.ReserveBatch(context.Background(), batch)
	require.NoError(rt, err)
	require.Len(rt, got, len(batch))
	for i, c := range batch {
		want := s.decide(c)
		require.Equal(rt, want.State, got[i].State, "cart %d", i)
		require.Equal(rt, want.Allocations, got[i].Allocations, "cart %d", i)
		require.Equal(rt, want.Shortages, got[i].Shortages, "cart %d", i)
		require.Equal(rt, c.OrderID, got[i].OrderID)
		require.WithinDuration(rt, got[i].CreatedAt.Add(c.TTL), got[i].ExpiresAt, 0)
	}
	f.requireFree(rt, s.free)
	for sku, room := range s.room {
		policy, err := f.GetBackorderPolicy(context.Background(), sku)
		require.NoError(rt, err)
		require.Equal(rt, room, policy.Limit-policy.Backordered, "what may still be owed of %s", sku)
	}
}

// requireFree compares the free units of every key; other SKUs are left out.
func (f *fixture) requireFree(rt *rapid.T, want map[stock.Key]int32) {
	if len(want) == 0 {
		return // an empty list of SKUs means all
	}
	var skus []string
	for k := range want {
		skus = append(skus, k.SKU)
	}
	levels, err := f.ListStock(context.Background(), stock.LevelFilter{SKUs: skus}, 100)
	require.NoError(rt, err)
	require.Len(rt, levels, len(want))
	for _, level := range levels {
		require.Equal(rt, want[level.Key], level.Free(), "%v", level.Key)
	}
}

// When it fails, the stored outcome of a batch is not what its callers were told.
func TestABatchIsReadBackAsItWasAnswered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 5, "B": 1})
	batch := []stock.Cart{batchCart(line("A", 4)), batchCart(line("A", 2)), batchCart(line("A", 1), line("B", 1))}
	batch[0].Cause = stock.Cause{Actor: "service:cart", RequestID: "r-1"}
	first, err := f.store.ReserveBatch(t.Context(), batch)
	require.NoError(t, err)
	require.Equal(t, []stock.State{stock.Held, stock.Refused, stock.Held}, []stock.State{first[0].State, first[1].State, first[2].State})
	for i := range batch {
		stored, err := f.GetReservation(t.Context(), batch[i].ID)
		require.NoError(t, err)
		require.Equal(t, first[i], stored)
	}
	require.Equal(t, 1, f.count("SELECT count(*) FROM reservation WHERE actor = 'service:cart' AND request_id = 'r-1'"))
	again, err := f.store.ReserveBatch(t.Context(), []stock.Cart{batch[2], batchCart(line("B", 1)), batch[0], batch[1]})
	require.NoError(t, err)
	require.Equal(t, first[2], again[0])
	require.Equal(t, stock.Refused, again[1].State)
	require.Equal(t, []stock.Reservation{first[0], first[1]}, again[2:])
	f.requireLevel("A", "main", 5, 5)
}

// batchCart is a checked cart, as a Reserver takes it.
func batchCart(lines ...stock.Line) stock.Cart {
	return stock.Cart{
		ID: id.New(), OrderID: id.Secret(), Channel: channel, Lines: lines, TTL: 15 * minute, Fingerprint: []byte{7},
	}
}

// When it fails, giving many carts back at once frees too much or too little, or a cart that was overtaken by its own
// cancellation holds stock for nobody.
func TestReleaseBatchEndsWhatIsHeldAndRefusesTheUnseen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 10, "B": 10})
	_, err := f.SetBackorderPolicy(t.Context(), stock.BackorderPolicy{SKU: "B", Allowed: true, Limit: 9})
	require.NoError(t, err)
	held := f.reserve(cart(line("A", 3), line("B", 2)))
	other := f.reserve(cart(line("A", 1), line("B", 11)))
	committed := f.committed(line("A", 2))
	unseen := batchCart(line("A", 1))
	refused := f.refused()
	var releases []stock.Release
	for _, reservation := range []string{held.ID, refused, unseen.ID, committed.ID, other.ID} {
		releases = append(releases, stock.Release{ID: reservation, Cause: stock.Cause{Actor: "service:cart"}})
	}
	for range 2 {
		got, err := f.store.ReleaseBatch(t.Context(), releases)
		require.NoError(t, err)
		var states []stock.State
		for i, r := range got {
			require.Equal(t, releases[i].ID, r.ID)
			states = append(states, r.State)
		}
		require.Equal(t, []stock.State{stock.Released, stock.Refused, stock.Released, stock.Committed, stock.Released}, states)
		f.requireLevel("A", "main", 10, 2)
		f.requireLevel("B", "main", 10, 0)
	}
	policy, err := f.GetBackorderPolicy(t.Context(), "B")
	require.NoError(t, err)
	require.Zero(t, policy.Backordered)
	late, err := f.store.ReserveBatch(t.Context(), []stock.Cart{unseen})
	require.NoError(t, err)
	require.Equal(t, stock.Released, late[0].State)
	f.requireLevel("A", "main", 10, 2)
}

// When it fails, a batch that waited for another process's batch counts from figures that are no longer true.
func TestABatchBehindAnotherCountsFromWhatThatOneLeft(t *testing.T) {
	t.Parallel()
	f := newCrowdedFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 3})
	result := make(chan []stock.Reservation, 1)
	err := f.db.Tx(t.Context(), func(ctx context.Context) error {
		if _, err := f.store.ReserveBatch(ctx, []stock.Cart{batchCart(line("A", 1)), batchCart(line("A", 1))}); err != nil {
			return err
		}
		go func() {
			got, err := f.store.ReserveBatch(context.Background(), []stock.Cart{batchCart(line("A", 2)), batchCart(line("A", 1))})
			if err != nil {
				got = nil
			}
			result <- got
		}()
		require.Eventually(t, func() bool {
			return f.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1
		}, 30*time.Second, 5*time.Millisecond)
		return nil
	})
	require.NoError(t, err)
	got := <-result
	require.Len(t, got, 2)
	require.Equal(t, stock.Refused, got[0].State)
	require.Equal(t, []stock.Shortage{{SKU: "A", Requested: 2, Available: 1}}, got[0].Shortages)
	require.Equal(t, stock.Held, got[1].State)
	f.requireLevel("A", "main", 3, 3)
}
