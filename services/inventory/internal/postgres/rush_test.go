package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/groupcommit"
	inventory "github.com/cartwright-shop/cartwright/services/inventory/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/platform/prooftest"
)

// crowd is one database and several processes of the service on it, each with its own pool and its own batches. The fixture
// in it has a pool beside theirs.
type crowd struct {
	*fixture
	processes []*stock.Service
}

func newCrowd(t *testing.T, processes int) *crowd {
	t.Helper()
	database := postgrestest.New(t, "inventory", inventory.Migrations())
	store := inventory.New(database.DB)
	c := &crowd{fixture: &fixture{
		Service: stock.New(store, store, 5), store: store, db: database.DB, admin: database.AdminDSN, test: t,
	}}
	for range processes {
		pool, err := postgres.Open(t.Context(), postgres.Config{URL: database.AppDSN, MaxConns: 6, AcquireTimeout: time.Minute})
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		c.processes = append(c.processes, grouped(t, inventory.New(pool)))
	}
	t.Cleanup(c.audit)
	return c
}

func grouped(t *testing.T, store *inventory.Store) *stock.Service {
	t.Helper()
	reserver, err := groupcommit.New(store, groupcommit.Config{Carts: 512, Queue: 8192, Slots: 3}, prometheus.NewRegistry())
	require.NoError(t, err)
	return stock.New(store, reserver, 5)
}

// any is one of the processes, as a load balancer would choose.
func (c *crowd) any(n int) *stock.Service { return c.processes[n%len(c.processes)] }

// When it fails, three pods on one database sell more of a SKU than there is, fewer, or tell buyers it is sold out while
// there is stock.
func TestThreeProcessesSellOneSKUToTheUnit(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 3)
	c.location("main", 0)
	units := int32(prooftest.Rounds(1500, 20_000))
	c.stock("main", map[string]int32{"hot": units})
	var left, granted, refused, lastGrant, firstRefusal atomic.Int64
	left.Store(2 * int64(units))
	firstRefusal.Store(1 << 62)
	began := time.Now()
	together(t, 96, func(i int) error {
		for left.Add(-1) >= 0 {
			asked := int64(time.Since(began))
			_, err := c.any(i).Reserve(context.Background(), cart(line("hot", 1)))
			switch {
			case err == nil:
				granted.Add(1)
				for last := lastGrant.Load(); asked > last && !lastGrant.CompareAndSwap(last, asked); last = lastGrant.Load() {
				}
			case errs.Has(err, stock.ErrSoldOut):
				refused.Add(1)
				told := int64(time.Since(began))
				for first := firstRefusal.Load(); told < first && !firstRefusal.CompareAndSwap(first, told); first = firstRefusal.Load() {
				}
			default:
				return err
			}
		}
		return nil
	})
	require.Equal(t, [2]int64{int64(units), int64(units)}, [2]int64{granted.Load(), refused.Load()})
	require.GreaterOrEqual(t, firstRefusal.Load(), lastGrant.Load(), "a unit was asked for and granted after somebody had been told it is sold out")
	c.requireLevel("hot", "main", units, units)
	require.Zero(t, c.deadlocks())
}

// When it fails, small carts are refused because a large one before them did not fit.
func TestALargeCartDoesNotBlockSmallOnes(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 1)
	c.location("main", 0)
	c.stock("main", map[string]int32{"hot": 100})
	var granted, refused atomic.Int32
	together(t, 120, func(i int) error {
		quantity := int32(1)
		if i%6 == 0 {
			quantity = 101 // 20 carts that can never fit
		}
		_, err := c.any(i).Reserve(context.Background(), cart(line("hot", quantity)))
		if err == nil {
			granted.Add(1)
		}
		return soldOut(err, &refused)
	})
	require.Equal(t, [2]int32{100, 20}, [2]int32{granted.Load(), refused.Load()})
	c.requireLevel("hot", "main", 100, 100)
}

// When it fails, carts with common goods, on pods that share a database, block each other for ever, or the counters drift
// while reservations are made, bought, given back, shipped and end at the same time.
func TestStormOfOverlappingCartsNeverDeadlocks(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 3)
	const skus = 12
	for i, location := range []string{"z", "m", "a"} {
		c.location(location, int32(i))
		units := map[string]int32{}
		for sku := range skus {
			units[fmt.Sprint("sku-", sku)] = 30
		}
		c.stock(location, units)
	}
	_, err := c.SetBackorderPolicy(t.Context(), stock.BackorderPolicy{SKU: "sku-0", Allowed: true, Limit: 500})
	require.NoError(t, err)
	began, length := time.Now(), time.Duration(prooftest.Rounds(3, 60))*time.Second
	var refused, ended atomic.Int32
	goesOn := func() bool { // until everything has happened, however slow the machine is
		took := time.Since(began)
		return took < length || took < length+2*time.Minute && (refused.Load() == 0 || ended.Load() == 0)
	}
	together(t, 48, func(i int) error {
		random := rand.New(rand.NewPCG(2, uint64(i)))
		mine := &fixture{Service: c.any(i), store: c.store, db: c.db, admin: c.admin, test: t}
		for goesOn() {
			if i < 2 {
				swept, err := c.sweep(i)
				if err != nil {
					return err
				}
				ended.Add(int32(swept.Reservations))
				continue
			}
			r := cart()
			for _, sku := range random.Perm(skus)[:1+random.IntN(6)] {
				r.Lines = append(r.Lines, line(fmt.Sprint("sku-", sku), int32(1+random.IntN(5))))
			}
			err := mine.liveThrough(r, random, &refused)
			if err != nil && !errs.Has(err, stock.ErrQtyExceeds) && !errs.Has(err, stock.ErrReservationExpired) {
				return err // what is owed cannot be shipped, and a hold may end before it is used: all else is a fault
			}
		}
		return nil
	})
	require.Zero(t, c.deadlocks())
	require.Positive(t, refused.Load(), "the stock was meant to run out")
	require.Positive(t, ended.Load(), "holds were meant to end")
}

// sweep does what the jobs do, after the time of some holds was made to be over.
func (c *crowd) sweep(process int) (stock.Expired, error) {
	ctx := context.Background()
	_, err := c.db.Exec(ctx, `UPDATE reservation SET expires_at = now() WHERE id IN
		(SELECT id FROM reservation WHERE state = 'held' ORDER BY expires_at DESC LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)`)
	if err != nil {
		return stock.Expired{}, err
	}
	swept, err := c.any(process).ExpireReservations(ctx)
	if err != nil {
		return stock.Expired{}, err
	}
	_, err = c.any(process).FillBackorders(ctx)
	return swept, err
}

// When it fails, the first buyer whose cart the database refuses spoils the purchases of everybody beside it.
func TestACartTheDatabaseRefusesFailsAlone(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 1)
	c.location("main", 0)
	c.stock("main", map[string]int32{"hot": 100})
	var failed atomic.Int32
	together(t, 60, func(i int) error {
		r := cart(line("hot", 1))
		if i%20 == 0 {
			r.OrderID = "\x00" // no text can hold it
		}
		_, err := c.any(i).Reserve(context.Background(), r)
		if i%20 == 0 && errs.ReasonOf(err) != "" {
			failed.Add(1)
			return nil
		}
		return err
	})
	require.Equal(t, int32(3), failed.Load())
	c.requireLevel("hot", "main", 100, 57)
}

// When it fails, a rush on one SKU turns buyers away although they only had to wait: the pool is small, and others use it.
func TestARushQueuesInsteadOfFailing(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 0)
	c.location("main", 0)
	c.stock("main", map[string]int32{"hot": 300, "a": 300, "b": 300, "c": 300})
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: c.db.Pool().Config().ConnString(), MaxConns: 2, AcquireTimeout: time.Second})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	c.processes = []*stock.Service{grouped(t, inventory.New(pool))}
	free := make(chan struct{})
	var others sync.WaitGroup
	for range 2 { // every connection is in use for longer than anybody waits for one
		others.Go(func() {
			for pool.Tx(context.Background(), func(context.Context) error { <-free; return nil }) != nil {
				continue // it takes its time to connect
			}
		})
	}
	require.Eventually(t, func() bool { return pool.Pool().Stat().AcquiredConns() == 2 }, time.Minute, time.Millisecond)
	gaveUp := pool.Pool().Stat().CanceledAcquireCount()
	var buyers sync.WaitGroup
	failures := make([]error, 300)
	for i := range failures {
		buyers.Go(func() {
			_, failures[i] = c.any(0).Reserve(context.Background(), cart(line([]string{"hot", "a", "b", "c"}[i%4], 1)))
		})
	}
	require.Eventually(t, func() bool { return pool.Pool().Stat().CanceledAcquireCount() > gaveUp }, time.Minute, time.Millisecond)
	close(free)
	buyers.Wait()
	others.Wait()
	for _, err := range failures {
		require.NoError(t, err)
	}
	c.requireLevel("hot", "main", 300, 75)
}

// When it fails, somebody's long report makes the shop slow: the old versions of a busy row that it keeps are read again and
// again.
func TestAnOldSnapshotDoesNotSlowTheHotSKUDown(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 1)
	c.location("main", 0)
	c.stock("main", map[string]int32{"hot": 1_000_000})
	rounds := prooftest.Rounds(60, 1500)
	fastest := func() time.Duration { // the fastest of several: others use this machine too
		best := time.Hour
		for range 5 {
			began := time.Now()
			for range rounds / 5 {
				batch := make([]stock.Cart, 128)
				for i := range batch {
					batch[i] = batchCart(line("hot", 1))
				}
				_, err := c.store.ReserveBatch(t.Context(), batch)
				require.NoError(t, err)
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	fastest() // to be warm
	usual := fastest()
	conn, err := pgx.Connect(t.Context(), c.admin)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	_, err = conn.Exec(t.Context(), "BEGIN ISOLATION LEVEL REPEATABLE READ")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "SELECT count(*) FROM inventory.stock")
	require.NoError(t, err)
	slowed := fastest()
	for range 8 { // if old versions cost that much, each try would take longer than the one before
		if slowed < 2*usual {
			break
		}
		slowed = min(slowed, fastest())
	}
	require.Less(t, slowed, 2*usual)
}

// When it fails, pages that ask whether something is in stock wait for the rush that is buying it, or slow it down.
func TestAvailabilityWaitsForNoRush(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 1)
	c.location("main", 0)
	c.stock("main", map[string]int32{"hot": 10})
	err := c.db.Tx(t.Context(), func(ctx context.Context) error {
		if _, err := c.store.ReserveBatch(ctx, []stock.Cart{batchCart(line("hot", 7))}); err != nil {
			return err
		}
		for range 20 { // the row is locked all the while
			got, err := c.any(0).BatchGetAvailability(context.Background(), channel, []string{"hot"})
			if err != nil {
				return err
			}
			require.Equal(t, int32(10), got[0].Available, "as of before the lock")
		}
		require.Zero(t, c.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))
		return nil
	})
	require.NoError(t, err)
}
