package postgres_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventory "github.com/cartwright-shop/cartwright/services/inventory/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// limit sets how much of a SKU one customer may have.
func (f *fixture) limit(sku string, quantity, days int32) {
	f.test.Helper()
	stored, err := f.SetPurchaseLimit(f.test.Context(), stock.PurchaseLimit{SKU: sku, Quantity: quantity, WindowDays: days})
	require.NoError(f.test, err)
	read, err := f.GetPurchaseLimit(f.test.Context(), sku)
	require.NoError(f.test, err)
	require.Equal(f.test, stored, read)
	require.Equal(f.test, [2]int32{quantity, days}, [2]int32{read.Quantity, read.WindowDays})
}

func cartOf(customer string, lines ...stock.Line) stock.ReserveRequest {
	r := cart(lines...)
	r.CustomerKey = customer
	return r
}

// requireBeyond lets a customer ask for units and requires that they are refused, with what the customer has now.
func (f *fixture) requireBeyond(customer, sku string, quantity, limit, held int32) {
	f.test.Helper()
	_, err := f.Reserve(f.test.Context(), cartOf(customer, line(sku, quantity)))
	require.Equal(f.test, "PURCHASE_LIMIT", errs.ReasonOf(err), "%v", err)
	require.Equal(f.test, errs.FailedPrecondition, errs.CodeOf(err))
	require.Equal(f.test, "lines[0].quantity", errs.FieldsOf(err)[0].Path)
	require.Equal(f.test, "PURCHASE_LIMIT", errs.FieldsOf(err)[0].Reason)
	require.Equal(f.test, [2]string{fmt.Sprint(limit), fmt.Sprint(held)}, [2]string{errs.MetaOf(err, "lines[0].limit"), errs.MetaOf(err, "lines[0].held")})
}

// When it fails, a bot that asks often enough at the same moment gets more of a drop than everybody else may, or the limit
// turns away those who have nothing yet.
func TestACustomerNeverGetsMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 2)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: c.db.Pool().Config().ConnString(), MaxConns: 6, AcquireTimeout: 5 * time.Minute})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	single := inventory.New(pool)
	c.processes = append(c.processes, stock.New(single, single, 5)) // and one whose callers share no statement
	c.location("main", 0)
	c.stock("main", map[string]int32{"drop": 1000})
	c.limit("drop", 3, 0)
	const customers = 200
	var granted [customers + 1]atomic.Int32
	together(t, 64+4*customers, func(i int) error {
		customer := 0 // the bot
		if i >= 64 {
			customer = 1 + i%customers
		}
		_, err := c.any(i/7).Reserve(context.Background(), cartOf(fmt.Sprint("customer-", customer), line("drop", 1)))
		if err == nil {
			granted[customer].Add(1)
		}
		if errs.Has(err, stock.ErrPurchaseLimit) {
			return nil
		}
		return err
	})
	for customer := range granted {
		require.Equal(t, int32(3), granted[customer].Load(), "customer %d", customer)
	}
	c.requireLevel("drop", "main", 1000, 3*(customers+1))
	require.Zero(t, c.deadlocks())
}

// When it fails, two processes that sell a SKU from different shelves do not see what the other one gives to a customer.
func TestALimitHoldsAcrossShelves(t *testing.T) {
	t.Parallel()
	f := newCrowdedFixture(t)
	f.location("here", 0, "uk-web")
	f.location("there", 0, "eu-web")
	f.stock("here", map[string]int32{"drop": 9})
	f.stock("there", map[string]int32{"drop": 9})
	f.limit("drop", 2, 0)
	batch := func(channel string, quantities ...int32) []stock.Cart {
		carts := make([]stock.Cart, len(quantities))
		for i, quantity := range quantities {
			carts[i] = batchCart(line("drop", quantity))
			carts[i].Channel, carts[i].CustomerKey = channel, "ada"
		}
		return carts
	}
	for name, second := range map[string]func() ([]stock.Reservation, error){
		"a batch": func() ([]stock.Reservation, error) {
			return f.store.ReserveBatch(context.Background(), batch("eu-web", 2, 1))
		},
		"one call": func() ([]stock.Reservation, error) {
			refused, err := f.store.Reserve(context.Background(), batch("eu-web", 2)[0])
			if err != nil {
				return nil, err
			}
			granted, err := f.store.Reserve(context.Background(), batch("eu-web", 1)[0])
			return []stock.Reservation{refused, granted}, err
		},
	} {
		result := make(chan []stock.Reservation, 1)
		err := f.db.Tx(t.Context(), func(ctx context.Context) error {
			if _, err := f.store.ReserveBatch(ctx, batch("uk-web", 1)); err != nil {
				return err
			}
			go func() {
				got, _ := second()
				result <- got
			}()
			require.Eventually(t, func() bool {
				return f.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1
			}, 30*time.Second, 5*time.Millisecond)
			return nil
		})
		require.NoError(t, err, name)
		got := <-result
		require.Len(t, got, 2, name)
		require.Equal(t, []stock.Shortage{{SKU: "drop", Requested: 2, Available: 1, Limit: 2, Held: 1}}, got[0].Shortages, name)
		require.Equal(t, stock.Held, got[1].State, name)
		f.overdue()
		_, err = f.ExpireReservations(t.Context())
		require.NoError(t, err)
	}
}

// When it fails, whoever gave units back may not buy again, or may buy more than before by giving back twice.
func TestWhatIsGivenBackMayBeBoughtAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"drop": 100})
	f.limit("drop", 2, 0)
	held := f.reserve(cartOf("ada", line("drop", 2)))
	f.requireBeyond("ada", "drop", 1, 2, 2)
	f.reserve(cartOf("bob", line("drop", 2)))
	for range 2 {
		_, err := f.ReleaseReservation(t.Context(), held.ID, "")
		require.NoError(t, err)
	}
	f.reserve(cartOf("ada", line("drop", 1)))
	f.requireBeyond("ada", "drop", 2, 2, 1)
	f.overdue()
	_, err := f.ExpireReservations(t.Context())
	require.NoError(t, err)

	bought := f.reserve(cartOf("ada", line("drop", 2)))
	_, err = f.CommitReservation(t.Context(), bought.ID)
	require.NoError(t, err)
	f.requireBeyond("ada", "drop", 1, 2, 2)
	cancel := stock.ReleaseRequest{ID: id.New(), ReservationID: bought.ID, Lines: []stock.Line{line("drop", 1)}}
	for range 2 {
		_, err = f.ReleaseAllocation(t.Context(), cancel)
		require.NoError(t, err)
	}
	f.requireBeyond("ada", "drop", 2, 2, 1)
	_, err = f.CreateShipment(t.Context(), ship(bought, line("drop", 1)))
	require.NoError(t, err)
	_, err = f.ReceiveReturn(t.Context(), sendBack(bought.OrderID, back("drop", 1, true)))
	require.NoError(t, err)
	f.requireBeyond("ada", "drop", 2, 2, 1) // what was shipped counts although it came back
	f.reserve(cartOf("ada", line("drop", 1)))
	f.requireBeyond("ada", "drop", 1, 2, 2)
}

// When it fails, a merchant who changes a limit changes nothing, or punishes those who bought before; or a window never ends.
func TestALimitMayBeChanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"drop": 100, "other": 100})
	none, err := f.GetPurchaseLimit(t.Context(), "drop")
	require.NoError(t, err)
	require.Equal(t, stock.PurchaseLimit{SKU: "drop"}, none)
	f.reserve(cartOf("ada", line("drop", 7)))
	require.Zero(t, f.count("SELECT count(*) FROM reservation WHERE customer_key IS NOT NULL"), "nobody is remembered without need")

	f.limit("drop", 5, 30)
	f.reserve(cartOf("ada", line("drop", 5), line("other", 50)))
	f.limit("drop", 3, 30)
	f.requireBeyond("ada", "drop", 1, 3, 5)
	f.reserve(cartOf("ada", line("other", 1)))
	f.reserve(cart(line("drop", 9))) // a caller that knows no customer
	f.limit("drop", 6, 30)
	f.reserve(cartOf("ada", line("drop", 1)))
	f.requireBeyond("ada", "drop", 1, 6, 6)
	f.asOwner("UPDATE reservation SET created_at = now() - interval '31 days'")
	f.reserve(cartOf("ada", line("drop", 6)))
	f.limit("drop", 6, 0)
	f.requireBeyond("ada", "drop", 1, 6, 12)
	f.limit("drop", 0, 0)
	f.reserve(cartOf("ada", line("drop", 20)))
}

// When it fails, a cart beyond a limit keeps others from buying, takes a part of what it wanted, or is told something else
// when it asks again.
func TestACartBeyondALimitTakesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"drop": 4, "other": 1})
	f.limit("drop", 2, 0)
	greedy := cartOf("ada", line("other", 2), line("drop", 3))
	carts := []stock.Cart{
		{ID: greedy.ID, OrderID: greedy.OrderID, Lines: []stock.Line{line("drop", 3), line("other", 2)}},
		{ID: id.New(), OrderID: id.Secret(), Lines: []stock.Line{line("drop", 2), line("other", 1)}},
		{ID: id.New(), OrderID: id.Secret(), Lines: []stock.Line{line("drop", 1)}},
	}
	for i := range carts {
		carts[i].Channel, carts[i].CustomerKey, carts[i].TTL = channel, "ada", minute
		carts[i].Fingerprint = []byte{1}
	}
	got, err := f.store.ReserveBatch(t.Context(), carts)
	require.NoError(t, err)
	require.Equal(t, []stock.State{stock.Refused, stock.Held, stock.Refused}, []stock.State{got[0].State, got[1].State, got[2].State})
	require.Equal(t, []stock.Shortage{
		{SKU: "drop", Requested: 3, Available: 2, Limit: 2}, {SKU: "other", Requested: 2, Available: 1},
	}, got[0].Shortages)
	require.Equal(t, []stock.Shortage{{SKU: "drop", Requested: 1, Limit: 2, Held: 2}}, got[2].Shortages)
	f.requireLevel("drop", "main", 4, 2)
	f.requireLevel("other", "main", 1, 1)

	alone := cartOf("bob", line("other", 2), line("drop", 3))
	for range 2 {
		_, err = f.Reserve(t.Context(), alone)
		require.Equal(t, "PURCHASE_LIMIT", errs.ReasonOf(err))
		var told []string
		for _, field := range errs.FieldsOf(err) {
			told = append(told, field.Path+" "+field.Reason)
		}
		require.Equal(t, []string{"lines[0].quantity SOLD_OUT", "lines[1].quantity SOLD_OUT", "lines[1].quantity PURCHASE_LIMIT"}, told)
		f.limit("drop", 9, 0) // what was said stays said
	}
	require.Equal(t, 1, f.count("SELECT count(*) FROM reservation WHERE customer_key IS NOT NULL"), "who got nothing is not remembered")
}
