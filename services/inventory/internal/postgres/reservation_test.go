package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// When it fails, a buyer's cart is not held as a whole, or from the wrong place.
func TestReserveTakesLocationsByPriority(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("far", 20)
	f.location("near", 10)
	f.location("abroad", 0, "eu-web")
	f.stock("far", map[string]int32{"A": 10, "B": 1})
	f.stock("near", map[string]int32{"A": 4})
	f.stock("abroad", map[string]int32{"A": 100})

	r := f.reserve(cart(line("A", 3), line("B", 1), line("A", 3)))
	require.Equal(t, stock.Held, r.State)
	require.Equal(t, []stock.Allocation{
		{Key: stock.Key{SKU: "A", Location: "far"}, Quantity: 2},
		{Key: stock.Key{SKU: "A", Location: "near"}, Quantity: 4},
		{Key: stock.Key{SKU: "B", Location: "far"}, Quantity: 1},
	}, r.Allocations)
	f.requireLevel("A", "near", 4, 4)
	f.requireLevel("A", "far", 10, 2)
	f.requireLevel("A", "abroad", 100, 0)
	stored, err := f.GetReservation(t.Context(), r.ID)
	require.NoError(t, err)
	require.Equal(t, r, stored)
}

// When it fails, a location that was closed still sells.
func TestReserveLeavesInactiveLocationsAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("shop", 0)
	f.stock("shop", map[string]int32{"A": 5})
	_, err := f.UpdateLocation(t.Context(), stock.Location{Key: "shop", Name: "shop", CountryCode: "GB", Version: 1})
	require.NoError(t, err)
	_, err = f.Reserve(t.Context(), cart(line("A", 1)))
	require.True(t, errs.Has(err, stock.ErrSoldOut))
}

// When it fails, a buyer is not told which lines are short and by how much, or stock stays held for a refused cart.
func TestReserveRefusesWholeCart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 5, "B": 2})
	request := cart(line("A", 5), line("B", 2), line("C", 1), line("B", 1))
	_, err := f.Reserve(t.Context(), request)
	require.True(t, errs.Has(err, stock.ErrSoldOut))
	var paths []string
	for _, field := range errs.FieldsOf(err) {
		paths = append(paths, field.Path)
		require.Equal(t, "SOLD_OUT", field.Reason)
	}
	require.Equal(t, []string{"lines[1].quantity", "lines[2].quantity", "lines[3].quantity"}, paths)
	require.Equal(t, "3", errs.MetaOf(err, "lines[1].requested"))
	require.Equal(t, "2", errs.MetaOf(err, "lines[1].available"))
	require.Equal(t, "0", errs.MetaOf(err, "lines[2].available"))
	f.requireLevel("A", "main", 5, 0)

	f.stock("main", map[string]int32{"B": 50, "C": 50})
	_, again := f.Reserve(t.Context(), request)
	require.Equal(t, err.Error(), again.Error(), "a refusal is stored: the same id gets the same answer")
	request.ID = id.New()
	f.reserve(request)
	_, err = f.CommitReservation(t.Context(), f.refused())
	require.True(t, errs.Has(err, stock.ErrReservationRefused))
}

// refused returns the id of a reservation that was refused.
func (f *fixture) refused() string {
	f.test.Helper()
	r := cart(line("nothing", 1))
	_, err := f.Reserve(f.test.Context(), r)
	require.True(f.test, errs.Has(err, stock.ErrSoldOut))
	return r.ID
}

// When it fails, a repeated request holds stock twice, or a changed one silently gets the old answer.
func TestReserveIsIdempotent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 10, "B": 10})
	request := cart(line("A", 2), line("B", 1))
	first := f.reserve(request)
	request.Lines = []stock.Line{line("B", 1), line("A", 1), line("A", 1)}
	request.TTL = 2 * minute
	require.Equal(t, first, f.reserve(request), "order and splitting of lines and the ttl do not matter")
	f.requireLevel("A", "main", 10, 2)

	for name, change := range map[string]func(*stock.ReserveRequest){
		"lines":   func(r *stock.ReserveRequest) { r.Lines = []stock.Line{line("A", 2)} },
		"order":   func(r *stock.ReserveRequest) { r.OrderID = id.Secret() },
		"channel": func(r *stock.ReserveRequest) { r.Channel = "eu-web" },
	} {
		changed := request
		change(&changed)
		_, err := f.Reserve(t.Context(), changed)
		require.True(t, errs.Has(err, errs.IdempotencyKeyReused), name)
	}
	f.requireLevel("A", "main", 10, 2)
}

// When it fails, wrong requests reach the database or hold stock for ever.
func TestReserveChecksItsInput(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for reason, change := range map[string]func(*stock.ReserveRequest){
		"TTL_RANGE": func(r *stock.ReserveRequest) { r.TTL = 59 * minute / 60 },
		"QTY_RANGE": func(r *stock.ReserveRequest) { r.Lines = []stock.Line{line("A", 600_000), line("A", 600_000)} },
	} {
		r := cart(line("A", 1))
		change(&r)
		_, err := f.Reserve(t.Context(), r)
		require.Equal(t, reason, errs.ReasonOf(err))
	}
	r := cart(line("A", 1))
	r.TTL = 10 * 365 * 24 * 60 * minute
	_, err := f.Reserve(t.Context(), r)
	require.True(t, errs.Has(err, stock.ErrTTLRange))
	_, err = f.Reserve(t.Context(), cart())
	require.True(t, errs.Has(err, stock.ErrQtyRange))
	require.Zero(t, f.count("SELECT count(*) FROM reservation_key"))
}

// When it fails, a placed order loses its stock or a dead one keeps it.
func TestReservationLife(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 10})

	committed := f.reserve(cart(line("A", 1)))
	for range 2 {
		r, err := f.CommitReservation(ctx, committed.ID)
		require.NoError(t, err)
		require.Equal(t, stock.Committed, r.State)
		require.Equal(t, committed.Allocations, r.Allocations)
	}
	_, err := f.ReleaseReservation(ctx, committed.ID, "")
	require.True(t, errs.Has(err, stock.ErrReservationCommitted))

	released := f.reserve(cart(line("A", 2)))
	f.requireLevel("A", "main", 10, 3)
	for range 2 {
		r, err := f.ReleaseReservation(ctx, released.ID, "")
		require.NoError(t, err)
		require.Equal(t, stock.Released, r.State)
	}
	f.requireLevel("A", "main", 10, 1)
	_, err = f.CommitReservation(ctx, released.ID)
	require.True(t, errs.Has(err, stock.ErrReservationReleased))

	request := cart(line("A", 4))
	expired := f.reserve(request)
	f.overdue()
	swept, err := f.ExpireReservations(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, swept.Reservations)
	require.Positive(t, swept.Lag)
	f.requireLevel("A", "main", 10, 1)
	_, err = f.CommitReservation(ctx, expired.ID)
	require.True(t, errs.Has(err, stock.ErrReservationExpired))
	_, err = f.Reserve(ctx, request)
	require.True(t, errs.Has(err, stock.ErrReservationExpired))
	r, err := f.ReleaseReservation(ctx, expired.ID, "")
	require.NoError(t, err)
	require.Equal(t, stock.ExpiredState, r.State)

	_, err = f.CommitReservation(ctx, id.New())
	require.True(t, errs.Has(err, stock.ErrReservationNotFound))
	_, err = f.GetReservation(ctx, id.New())
	require.True(t, errs.Has(err, stock.ErrReservationNotFound))
}

// When it fails, a request to reserve that was overtaken by its own cancellation holds stock for nobody.
func TestReleaseBeforeReserveLeavesATombstone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 1})
	request := cart(line("A", 1))
	r, err := f.ReleaseReservation(t.Context(), request.ID, "")
	require.NoError(t, err)
	require.Equal(t, stock.Released, r.State)
	_, err = f.Reserve(t.Context(), request)
	require.True(t, errs.Has(err, stock.ErrReservationReleased))
	f.requireLevel("A", "main", 1, 0)
}

// When it fails, units of a cancelled line stay promised, or more is given back than was taken.
func TestReleaseAllocation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	f.location("main", 0)
	f.location("spare", 1)
	f.stock("main", map[string]int32{"A": 3, "B": 9})
	f.stock("spare", map[string]int32{"A": 3})
	r := f.committed(line("A", 5), line("B", 2))
	release := stock.ReleaseRequest{ID: id.New(), ReservationID: r.ID, Lines: []stock.Line{line("A", 3)}}
	for range 2 {
		after, err := f.ReleaseAllocation(ctx, release)
		require.NoError(t, err)
		require.Equal(t, stock.Committed, after.State)
		f.requireLevel("A", "spare", 3, 0)
		f.requireLevel("A", "main", 3, 2)
	}
	release.Lines = []stock.Line{line("A", 1)}
	_, err := f.ReleaseAllocation(ctx, release)
	require.True(t, errs.Has(err, errs.IdempotencyKeyReused))
	_, err = f.ReleaseAllocation(ctx, stock.ReleaseRequest{
		ID: id.New(), ReservationID: r.ID, Lines: []stock.Line{line("B", 1), line("A", 3)},
	})
	require.True(t, errs.Has(err, stock.ErrQtyExceeds))
	require.Equal(t, "lines[1].quantity", errs.FieldsOf(err)[0].Path)

	_, err = f.ReleaseAllocation(ctx, stock.ReleaseRequest{ID: id.New(), ReservationID: r.ID})
	require.NoError(t, err, "no lines: everything that is left")
	f.requireLevel("A", "main", 3, 0)
	f.requireLevel("B", "main", 9, 0)

	_, err = f.ReleaseAllocation(ctx, stock.ReleaseRequest{ID: id.New(), ReservationID: f.reserve(cart(line("B", 1))).ID})
	require.True(t, errs.Has(err, stock.ErrReservationNotCommitted))
	_, err = f.ReleaseAllocation(ctx, stock.ReleaseRequest{ID: id.New(), ReservationID: id.New()})
	require.True(t, errs.Has(err, stock.ErrReservationNotFound))
}

// When it fails, an order that is paid by voucher days later loses its stock before.
func TestLongestHold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 1})
	request := cart(line("A", 1))
	request.TTL = stock.MaxTTL
	r := f.reserve(request)
	require.WithinDuration(t, r.CreatedAt.Add(stock.MaxTTL), r.ExpiresAt, 0)
}
