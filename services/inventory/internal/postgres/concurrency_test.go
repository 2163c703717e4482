package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventory "github.com/cartwright-shop/cartwright/services/inventory/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/platform/prooftest"
)

// newCrowdedFixture has connections enough for many callers to meet in the database and not before it.
func newCrowdedFixture(t *testing.T) *fixture {
	t.Helper()
	database := postgrestest.New(t, "inventory", inventory.Migrations())
	crowd, err := postgres.Open(t.Context(), postgres.Config{URL: database.AppDSN, MaxConns: 24, AcquireTimeout: time.Minute})
	require.NoError(t, err)
	t.Cleanup(crowd.Close)
	store := inventory.New(crowd)
	f := &fixture{Service: stock.New(store, store, 5), store: store, db: crowd, admin: database.AdminDSN, test: t}
	t.Cleanup(f.audit)
	return f
}

// together runs fn n times at once and fails the test with the first unexpected error.
func together(t *testing.T, n int, fn func(i int) error) {
	t.Helper()
	start := make(chan struct{})
	failures := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			failures[i] = fn(i)
		})
	}
	close(start)
	group.Wait()
	for _, err := range failures {
		require.NoError(t, err)
	}
}

// soldOut counts a refusal and keeps any other error.
func soldOut(err error, refused *atomic.Int32) error {
	if errs.Has(err, stock.ErrSoldOut) {
		refused.Add(1)
		return nil
	}
	return err
}

func (f *fixture) deadlocks() int {
	f.test.Helper()
	return f.count("SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()")
}

// When it fails, 200 buyers who want the last 20 units get more than there are, or fewer.
func TestTwentyUnitsForTwoHundredBuyers(t *testing.T) {
	t.Parallel()
	f := newCrowdedFixture(t)
	f.location("main", 0)
	f.location("spare", 1)
	f.stock("main", map[string]int32{"hot": 15})
	f.stock("spare", map[string]int32{"hot": 5})
	var granted, refused atomic.Int32
	together(t, 200, func(int) error {
		_, err := f.Reserve(context.Background(), cart(line("hot", 1)))
		if err == nil {
			granted.Add(1)
		}
		return soldOut(err, &refused)
	})
	require.Equal(t, int32(20), granted.Load())
	require.Equal(t, int32(180), refused.Load())
	f.requireLevel("hot", "main", 15, 15)
	f.requireLevel("hot", "spare", 5, 5)
}

// When it fails, carts with common goods block each other for ever, or leave stock nobody holds.
func TestOverlappingCartsNeverDeadlock(t *testing.T) {
	t.Parallel()
	f := newCrowdedFixture(t)
	const skus, each, rounds = 12, 60, 12
	for i, location := range []string{"z", "m", "a"} {
		f.location(location, int32(i))
		units := map[string]int32{}
		for sku := range skus {
			units[fmt.Sprint("sku-", sku)] = each
		}
		f.stock(location, units)
	}
	var refused atomic.Int32
	together(t, 64, func(i int) error {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		for range rounds {
			r := cart()
			for _, sku := range random.Perm(skus)[:1+random.IntN(6)] {
				r.Lines = append(r.Lines, line(fmt.Sprint("sku-", sku), int32(1+random.IntN(5))))
			}
			if err := f.liveThrough(r, random, &refused); err != nil {
				return err
			}
		}
		return nil
	})
	require.Zero(t, f.deadlocks())
	require.Positive(t, refused.Load(), "the stock was meant to run out")
}

// liveThrough reserves a cart and then takes one of the ways a cart can go.
func (f *fixture) liveThrough(r stock.ReserveRequest, random *rand.Rand, refused *atomic.Int32) error {
	ctx := context.Background()
	held, err := f.Reserve(ctx, r)
	if err != nil {
		return soldOut(err, refused)
	}
	if random.IntN(2) == 0 {
		_, err = f.ReleaseReservation(ctx, held.ID, "")
		return err
	}
	if _, err = f.CommitReservation(ctx, held.ID); err != nil {
		return err
	}
	switch random.IntN(3) {
	case 0:
		_, err = f.CreateShipment(ctx, ship(held, r.Lines...))
	case 1:
		_, err = f.ReleaseAllocation(ctx, stock.ReleaseRequest{ID: held.ID, ReservationID: held.ID, Lines: r.Lines})
	default:
		change := stock.Correction{Reason: "received"}
		for _, l := range r.Lines {
			change.Entries = append(change.Entries, entry(l.SKU, "m", 1), entry(l.SKU, "a", 1))
		}
		_, err = f.AdjustStock(ctx, change)
	}
	return err
}

// When it fails, a request that is sent many times at once holds its stock many times.
func TestOneIdSentFiftyTimesHoldsOnce(t *testing.T) {
	t.Parallel()
	f := newCrowdedFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 100})
	request := cart(line("A", 3))
	together(t, 50, func(int) error {
		_, err := f.Reserve(context.Background(), request)
		return err
	})
	f.requireLevel("A", "main", 100, 3)
	_, err := f.CommitReservation(t.Context(), request.ID)
	require.NoError(t, err)
	parcel := ship(stock.Reservation{ID: request.ID, OrderID: request.OrderID}, line("A", 2))
	together(t, 50, func(int) error {
		_, err := f.CreateShipment(context.Background(), parcel)
		return err
	})
	f.requireLevel("A", "main", 98, 1)
	returned := sendBack(request.OrderID, back("A", 2, true))
	together(t, 50, func(int) error {
		_, err := f.ReceiveReturn(context.Background(), returned)
		return err
	})
	f.requireLevel("A", "main", 100, 1)
}

// When it fails, of two requests with one id and different carts both, or neither, take effect.
func TestOneIdWithTwoCartsHoldsOne(t *testing.T) {
	t.Parallel()
	f := newCrowdedFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 100, "B": 100})
	request := cart(line("A", 1))
	var granted, reused atomic.Int32
	together(t, 40, func(i int) error {
		mine := request
		if i%2 == 0 {
			mine.Lines = []stock.Line{line("B", 1)}
		}
		_, err := f.Reserve(context.Background(), mine)
		switch {
		case err == nil:
			granted.Add(1)
		case errs.Has(err, errs.IdempotencyKeyReused):
			reused.Add(1)
		default:
			return err
		}
		return nil
	})
	require.Equal(t, []int32{20, 20}, []int32{granted.Load(), reused.Load()})
	require.Equal(t, 1, f.count("SELECT sum(reserved)::int FROM stock"))
}

// When it fails, stock is both sold and back on sale, or neither.
func TestCommitAndExpiryHaveOneWinner(t *testing.T) {
	t.Parallel()
	f := newCrowdedFixture(t)
	f.location("main", 0)
	races := prooftest.Rounds(1000, 10_000)
	f.stock("main", map[string]int32{"A": int32(races)})
	ids := f.holdMany(races, line("A", 1))
	f.overdue()
	var next atomic.Int64
	states := make([]stock.State, races)
	together(t, 20, func(i int) error {
		if i%4 == 0 { // sweepers meet committers at the oldest holds
			for int(next.Load()) < races {
				if _, err := f.store.ExpireReservations(context.Background(), 2); err != nil {
					return err
				}
			}
			return nil
		}
		for n := int(next.Add(1)) - 1; n < races; n = int(next.Add(1)) - 1 {
			_, err := f.CommitReservation(context.Background(), ids[n])
			switch {
			case err == nil:
				states[n] = stock.Committed
			case errs.Has(err, stock.ErrReservationExpired):
				states[n] = stock.ExpiredState
			default:
				return err
			}
		}
		return nil
	})
	won := map[stock.State]int{}
	for n, id := range ids {
		r, err := f.GetReservation(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, states[n], r.State, "who was told that it won is not who did")
		won[r.State]++
	}
	require.Equal(t, races, won[stock.Committed]+won[stock.ExpiredState])
	require.Positive(t, won[stock.Committed], "nobody raced")
	require.Positive(t, won[stock.ExpiredState], "nobody raced")
	f.requireLevel("A", "main", int32(races), int32(won[stock.Committed]))
	require.Zero(t, f.deadlocks())
}

// holdMany holds the lines n times and returns the ids, the oldest first.
func (f *fixture) holdMany(n int, lines ...stock.Line) []string {
	f.test.Helper()
	ids := make([]string, 0, n)
	for len(ids) < n {
		batch := make([]stock.Cart, min(500, n-len(ids)))
		for i := range batch {
			batch[i] = batchCart(lines...)
			ids = append(ids, batch[i].ID)
		}
		_, err := f.store.ReserveBatch(f.test.Context(), batch)
		require.NoError(f.test, err)
	}
	return ids
}

// When it fails, a cancelled checkout leaves stock held for nobody.
func TestReleaseAndReserveRace(t *testing.T) {
	t.Parallel()
	f := newCrowdedFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 1000, "B": 1000})
	var held, refused atomic.Int32
	for range 60 {
		request := cart(line("B", 1), line("A", 1))
		together(t, 6, func(i int) error {
			if i%3 == 0 {
				_, err := f.ReleaseReservation(context.Background(), request.ID, "")
				return err
			}
			_, err := f.Reserve(context.Background(), request)
			switch {
			case err == nil:
				held.Add(1)
			case errs.Has(err, stock.ErrReservationReleased):
				refused.Add(1)
			default:
				return err
			}
			return nil
		})
		r, err := f.GetReservation(t.Context(), request.ID)
		require.NoError(t, err)
		require.Equal(t, stock.Released, r.State)
	}
	require.Equal(t, int32(240), held.Load()+refused.Load())
	f.requireLevel("A", "main", 1000, 0)
	require.Zero(t, f.deadlocks())
}

// When it fails, ten thousand carts abandoned at once keep their stock off sale.
func TestManyHoldsExpireQuickly(t *testing.T) {
	t.Parallel()
	f := newCrowdedFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 1_000_000, "B": 1_000_000})
	f.holdMany(10_000, line("A", 1), line("B", 2))
	f.overdue()
	began := time.Now()
	var swept atomic.Int32
	together(t, 3, func(int) error {
		done, err := f.ExpireReservations(context.Background())
		swept.Add(int32(done.Reservations))
		return err
	})
	_, err := f.ExpireReservations(t.Context()) // what two sweepers skipped for each other
	require.NoError(t, err)
	require.Less(t, time.Since(began), 60*time.Second, "what a buyer waits at most for stock that is free again")
	require.Zero(t, f.count("SELECT count(*) FROM reservation WHERE state = 'held'"))
	f.requireLevel("A", "main", 1_000_000, 0)
	require.Zero(t, f.deadlocks())
}

// When it fails, two shipments or two returns at once take the same unit twice.
func TestLastUnitShipsAndReturnsOnce(t *testing.T) {
	t.Parallel()
	f := newCrowdedFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 9})
	r := f.committed(line("A", 5))
	var shipped, returned, refused atomic.Int32
	count := func(err error, done *atomic.Int32) error {
		switch {
		case err == nil:
			done.Add(1)
		case errs.Has(err, stock.ErrQtyExceeds):
			refused.Add(1)
		default:
			return err
		}
		return nil
	}
	together(t, 20, func(int) error {
		_, err := f.CreateShipment(context.Background(), ship(r, line("A", 2)))
		return count(err, &shipped)
	})
	require.Equal(t, int32(2), shipped.Load())
	together(t, 20, func(int) error {
		_, err := f.ReceiveReturn(context.Background(), sendBack(r.OrderID, back("A", 3, true)))
		return count(err, &returned)
	})
	require.Equal(t, int32(1), returned.Load())
	require.Equal(t, int32(37), refused.Load())
	f.requireLevel("A", "main", 8, 1)
}

// When it fails, a buyer who asks for the units that another one is just giving back gets an error.
func TestReserveBehindReleaseGetsTheUnits(t *testing.T) {
	t.Parallel()
	f := newCrowdedFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 2})
	first := f.reserve(cart(line("A", 2)))
	result := make(chan error, 1)
	err := f.db.Tx(t.Context(), func(ctx context.Context) error {
		if _, err := f.ReleaseReservation(ctx, first.ID, ""); err != nil {
			return err
		}
		go func() {
			_, err := f.Reserve(context.Background(), cart(line("A", 2)))
			result <- err
		}()
		require.Eventually(t, func() bool {
			return f.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1
		}, 5*time.Second, 5*time.Millisecond)
		return nil
	})
	require.NoError(t, err)
	require.NoError(t, <-result)
	f.requireLevel("A", "main", 2, 2)
}
