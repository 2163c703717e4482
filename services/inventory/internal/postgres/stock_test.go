package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

func entry(sku, location string, units int32) stock.Entry {
	return stock.Entry{Key: stock.Key{SKU: sku, Location: location}, Units: units}
}

// When it fails, nobody can tell who changed the stock and why.
func TestMovementsTellWhoWhyAndWhatFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	ctx := identity.With(t.Context(), identity.Principal{Kind: identity.Staff, Subject: "ann"})
	_, err := f.SetStock(ctx, stock.Correction{
		Entries: []stock.Entry{entry("A", "main", 7)}, Reason: "count", Reference: "sheet 9", RequestID: "req-1",
	})
	require.NoError(t, err)
	levels, err := f.AdjustStock(identity.WithRequestID(ctx, "transport-2"), stock.Correction{
		Entries: []stock.Entry{entry("A", "main", -3)}, Reason: "damaged",
	})
	require.NoError(t, err)
	require.Equal(t, int32(4), levels[0].OnHand)

	movements, err := f.ListMovements(ctx, stock.MovementFilter{SKU: "A", Before: 1 << 40}, 10)
	require.NoError(t, err)
	require.Len(t, movements, 2)
	require.Equal(t, stock.Cause{Actor: "staff:ann", RequestID: "transport-2", Reason: "damaged"}, movements[0].Cause)
	require.Equal(t, stock.Cause{Actor: "staff:ann", RequestID: "req-1", Reason: "count", Reference: "sheet 9"}, movements[1].Cause)
	require.Equal(t, []int32{-3, 4, 7, 7}, []int32{movements[0].Delta, movements[0].OnHandAfter, movements[1].Delta, movements[1].OnHandAfter})
	require.Equal(t, stock.MovementAdjust, movements[0].Kind)

	none, err := f.ListMovements(ctx, stock.MovementFilter{SKU: "A", Before: movements[1].ID}, 10)
	require.NoError(t, err)
	require.Empty(t, none)
}

// When it fails, a program with the serving role can rewrite history.
func TestHistoryIsAppendOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 7})
	f.committed(line("A", 1))
	given := f.reserve(cart(line("A", 1)))
	_, err := f.ReleaseReservation(t.Context(), given.ID, "")
	require.NoError(t, err)
	f.asOwner("UPDATE reservation SET created_at = now() - CASE state WHEN 'committed' THEN interval '1 year' ELSE interval '29 days' END")
	for _, statement := range []string{
		"DELETE FROM reservation WHERE state = 'committed'", "DELETE FROM reservation WHERE state = 'released'",
		"UPDATE stock_movement SET delta = 1", "DELETE FROM stock_movement", "TRUNCATE stock_movement",
		"UPDATE reservation_key SET id = id", "DELETE FROM reservation_key", "TRUNCATE reservation",
		"UPDATE shipment_item SET quantity = 1", "DELETE FROM shipment", "DELETE FROM stock_return_item",
		"UPDATE allocation_release_item SET quantity = 1", "DELETE FROM stock",
	} {
		_, err := f.db.Exec(t.Context(), statement)
		require.ErrorContains(t, err, "42501", statement)
	}
	_, err = f.db.Exec(t.Context(), "UPDATE stock SET reserved = on_hand + 1")
	require.True(t, postgres.IsCheck(err, "stock_reserved_range"), "the last line of defence against selling too much")
}

// When it fails, a count or an adjustment takes away what a buyer was promised.
func TestStockStaysAboveReserved(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 5, "B": 5})
	f.reserve(cart(line("A", 3)))
	_, err := f.SetStock(t.Context(), stock.Correction{Reason: "count", Entries: []stock.Entry{entry("B", "main", 1), entry("A", "main", 2)}})
	require.True(t, errs.Has(err, stock.ErrBelowReserved))
	require.Equal(t, "entries[1].onHand", errs.FieldsOf(err)[0].Path)
	f.requireLevel("B", "main", 5, 0)
	_, err = f.AdjustStock(t.Context(), stock.Correction{Reason: "lost", Entries: []stock.Entry{entry("A", "main", -3)}})
	require.True(t, errs.Has(err, stock.ErrBelowReserved))
	require.Equal(t, "entries[0].delta", errs.FieldsOf(err)[0].Path)
	_, err = f.AdjustStock(t.Context(), stock.Correction{Reason: "lost", Entries: []stock.Entry{entry("C", "main", -1)}})
	require.True(t, errs.Has(err, stock.ErrBelowReserved))
	_, err = f.AdjustStock(t.Context(), stock.Correction{Reason: "found", Entries: []stock.Entry{entry("B", "main", stock.MaxOnHand)}})
	require.True(t, errs.Has(err, stock.ErrQtyRange))
	_, err = f.SetStock(t.Context(), stock.Correction{Reason: "count", Entries: []stock.Entry{entry("A", "main", 9), entry("A", "main", 9)}})
	require.True(t, errs.Has(err, stock.ErrEntryDuplicate))
	_, err = f.SetStock(t.Context(), stock.Correction{Reason: "count", Entries: []stock.Entry{entry("A", "main", 9), entry("A", "moon", 9)}})
	require.True(t, errs.Has(err, stock.ErrLocationNotFound))
	require.Equal(t, "entries[1].locationKey", errs.FieldsOf(err)[0].Path)
	f.stock("main", map[string]int32{"A": 3})
	f.requireLevel("A", "main", 3, 3)
}

// When it fails, staff overwrite each other's edits of a location, or it gets a key twice.
func TestLocations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	f.location("b", 1, "uk-web", "eu-web")
	f.location("a", 2)
	f.location("c", 3, "us-web")
	_, err := f.CreateLocation(ctx, stock.Location{Key: "a", Name: "A", CountryCode: "GB"})
	require.True(t, errs.Has(err, stock.ErrLocationExists))
	_, err = f.CreateLocation(ctx, stock.Location{Key: "d", Name: "D", CountryCode: "UK"})
	require.True(t, errs.Has(err, stock.ErrCountryInvalid))
	edited, err := f.UpdateLocation(ctx, stock.Location{Key: "b", Name: "B", CountryCode: "FR", Active: true, Version: 1})
	require.NoError(t, err)
	require.Equal(t, int64(2), edited.Version)
	_, err = f.UpdateLocation(ctx, stock.Location{Key: "b", Name: "B2", CountryCode: "FR", Version: 1})
	require.True(t, errs.Has(err, errs.VersionConflict))
	_, err = f.UpdateLocation(ctx, stock.Location{Key: "x", Name: "X", CountryCode: "FR", Version: 1})
	require.True(t, errs.Has(err, stock.ErrLocationNotFound))
	keys := func(channel, after string) (keys []string) {
		locations, err := f.ListLocations(ctx, channel, after, 10)
		require.NoError(t, err)
		for _, l := range locations {
			keys = append(keys, l.Key)
		}
		return keys
	}
	require.Equal(t, []string{"a", "b", "c"}, keys("", ""))
	require.Equal(t, []string{"b", "c"}, keys("", "a"))
	require.Equal(t, []string{"a", "b"}, keys("uk-web", ""))
}

// When it fails, a page of the shop shows what cannot be bought, or hides what can.
func TestAvailability(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	f.location("main", 0)
	f.location("abroad", 0, "eu-web")
	f.stock("main", map[string]int32{"many": 6, "few": 5, "gone": 0, "held": 2, "over sea": 0})
	f.stock("abroad", map[string]int32{"many": 3, "over sea": 9})
	f.reserve(cart(line("held", 2)))
	_, err := f.SetBackorderPolicy(ctx, stock.BackorderPolicy{SKU: "made to order", Allowed: true, Limit: 3})
	require.NoError(t, err)
	request := cart(line("made to order", 2))
	f.reserve(request)

	found, err := f.BatchGetAvailability(ctx, channel, []string{"many", "few", "gone", "held", "over sea", "unknown", "made to order", "many"})
	require.NoError(t, err)
	require.Equal(t, []stock.Availability{
		{SKU: "many", Available: 6, Band: stock.BandIn, Tracked: true},
		{SKU: "few", Available: 5, Band: stock.BandLow, Tracked: true},
		{SKU: "gone", Tracked: true},
		{SKU: "held", Tracked: true},
		{SKU: "over sea", Tracked: true},
		{SKU: "unknown"},
		{SKU: "made to order", BackorderAvailable: 1},
	}, found)
	found, err = f.BatchGetAvailability(ctx, "eu-web", []string{"many", "over sea"})
	require.NoError(t, err)
	require.Equal(t, []int32{9, 9}, []int32{found[0].Available, found[1].Available})
}

// When it fails, staff see other rows than they asked for, or miss some between pages.
func TestListStock(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("x", 0)
	f.location("y", 0)
	f.stock("x", map[string]int32{"a": 1, "B": 2, "c": 3})
	f.stock("y", map[string]int32{"a": 4})
	keys := func(filter stock.LevelFilter) (keys []stock.Key) {
		for {
			levels, err := f.ListStock(t.Context(), filter, 2)
			require.NoError(t, err)
			for _, l := range levels {
				keys = append(keys, l.Key)
				filter.After = l.Key
			}
			if len(levels) < 2 {
				return keys
			}
		}
	}
	key := func(sku, location string) stock.Key { return stock.Key{SKU: sku, Location: location} }
	require.Equal(t, []stock.Key{key("B", "x"), key("a", "x"), key("a", "y"), key("c", "x")}, keys(stock.LevelFilter{}))
	require.Equal(t, []stock.Key{key("a", "x"), key("a", "y"), key("c", "x")}, keys(stock.LevelFilter{SKUs: []string{"c", "a", "z"}}))
	require.Equal(t, []stock.Key{key("a", "y")}, keys(stock.LevelFilter{SKUs: []string{"c", "a"}, Location: "y"}))
	require.Equal(t, []stock.Key{key("B", "x"), key("a", "x"), key("c", "x")}, keys(stock.LevelFilter{Location: "x"}))
}

// When it fails, a SKU sold without stock is sold without limit, or its buyers never get what arrives.
func TestBackorders(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	f.location("main", 0)
	f.location("abroad", 0, "eu-web")
	f.stock("main", map[string]int32{"A": 2})
	_, err := f.SetBackorderPolicy(ctx, stock.BackorderPolicy{SKU: "A", Allowed: true})
	require.True(t, errs.Has(err, stock.ErrLimitRange))
	_, err = f.SetBackorderPolicy(ctx, stock.BackorderPolicy{SKU: "A", Limit: 1})
	require.True(t, errs.Has(err, stock.ErrLimitRange))
	_, err = f.SetBackorderPolicy(ctx, stock.BackorderPolicy{SKU: "A", Allowed: true, Limit: 6})
	require.NoError(t, err)

	first := f.committed(line("A", 5))
	require.Equal(t, stock.Allocation{Key: stock.Key{SKU: "A"}, Quantity: 3}, first.Allocations[0], "two from stock, three owed")
	second := f.committed(line("A", 3))
	_, err = f.Reserve(ctx, cart(line("A", 1)))
	require.True(t, errs.Has(err, stock.ErrSoldOut), "the limit is reached")
	policy, err := f.GetBackorderPolicy(ctx, "A")
	require.NoError(t, err)
	require.Equal(t, int32(6), policy.Backordered)
	_, err = f.CreateShipment(ctx, ship(first, line("A", 3)))
	require.True(t, errs.Has(err, stock.ErrQtyExceeds), "owed units cannot be shipped")

	f.stock("abroad", map[string]int32{"A": 50})
	units, err := f.FillBackorders(ctx)
	require.NoError(t, err)
	require.Zero(t, units, "a location that does not serve the channel fills nothing")
	f.stock("main", map[string]int32{"A": 6})
	units, err = f.FillBackorders(ctx)
	require.NoError(t, err)
	require.Equal(t, 4, units)
	f.requireLevel("A", "main", 6, 6)
	r, err := f.GetReservation(ctx, first.ID)
	require.NoError(t, err)
	require.Equal(t, []stock.Allocation{{Key: stock.Key{SKU: "A", Location: "main"}, Quantity: 5}}, r.Allocations, "the oldest order is served first")

	after, err := f.ReleaseAllocation(ctx, stock.ReleaseRequest{ID: id.New(), ReservationID: second.ID, Lines: []stock.Line{line("A", 2)}})
	require.NoError(t, err)
	require.Equal(t, stock.Allocation{Key: stock.Key{SKU: "A"}, Quantity: 2, Released: 2}, after.Allocations[0], "owed units are given back first")

	none, err := f.GetBackorderPolicy(ctx, "never set")
	require.NoError(t, err)
	require.False(t, none.Allowed)
}

// When it fails, units that were only held without stock stay counted after the hold has ended.
func TestBackorderedHoldsEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 1})
	_, err := f.SetBackorderPolicy(t.Context(), stock.BackorderPolicy{SKU: "A", Allowed: true, Limit: 9})
	require.NoError(t, err)
	released := f.reserve(cart(line("A", 4)))
	f.reserve(cart(line("A", 4)))
	_, err = f.ReleaseReservation(t.Context(), released.ID, "")
	require.NoError(t, err)
	require.Equal(t, 4, f.count("SELECT backordered FROM backorder"))
	f.overdue()
	_, err = f.ExpireReservations(t.Context())
	require.NoError(t, err)
	require.Zero(t, f.count("SELECT backordered FROM backorder"))
	f.requireLevel("A", "main", 1, 0)
}
