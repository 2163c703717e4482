package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// When it fails, the tables grow for ever with carts that nobody bought, or a request that is repeated after months holds stock
// for nobody, or what an order owes is lost.
func TestPurgeForgetsWhatCameToNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 100})
	requests := map[string]stock.ReserveRequest{}
	for _, name := range []string{"released", "expired", "held", "committed", "young"} {
		requests[name] = cart(line("A", 2))
		if name != "young" {
			f.reserve(requests[name])
		}
	}
	_, err := f.ReleaseReservation(ctx, requests["released"].ID, "")
	require.NoError(t, err)
	_, err = f.CommitReservation(ctx, requests["committed"].ID)
	require.NoError(t, err)
	f.asOwner("UPDATE reservation SET expires_at = now() WHERE id = $1", requests["expired"].ID)
	_, err = f.ExpireReservations(ctx)
	require.NoError(t, err)
	requests["refused"] = cart(line("nothing", 1))
	_, err = f.Reserve(ctx, requests["refused"])
	require.True(t, errs.Has(err, stock.ErrSoldOut))
	requests["tombstone"] = cart(line("A", 1))
	_, err = f.ReleaseReservation(ctx, requests["tombstone"].ID, "")
	require.NoError(t, err)
	f.asOwner("UPDATE reservation SET created_at = now() - interval '31 days'")
	f.reserve(requests["young"])
	_, err = f.ReleaseReservation(ctx, requests["young"].ID, "")
	require.NoError(t, err)

	purged, err := f.PurgeReservations(ctx, time.Second)
	require.NoError(t, err)
	require.Equal(t, 4, purged, "what is younger than the longest wait of a caller stays, whatever is asked for")
	require.Equal(t, 3, f.count("SELECT count(*) FROM reservation"))
	require.Equal(t, 3, f.count("SELECT count(*) FROM allocation"))
	for _, name := range []string{"released", "expired", "refused", "tombstone"} {
		_, err := f.Reserve(ctx, requests[name])
		require.True(t, errs.Has(err, stock.ErrReservationReleased), "%s: %v", name, err)
		r, err := f.ReleaseReservation(ctx, requests[name].ID, "")
		require.NoError(t, err)
		require.Equal(t, stock.Released, r.State)
		_, err = f.CommitReservation(ctx, requests[name].ID)
		require.True(t, errs.Has(err, stock.ErrReservationNotFound))
	}
	fresh := batchCart(line("A", 1))
	old := batchCart(line("A", 1))
	old.ID = requests["expired"].ID
	got, err := f.store.ReserveBatch(ctx, []stock.Cart{old, fresh})
	require.NoError(t, err, "one old id spoils nobody's batch")
	require.Equal(t, []stock.State{stock.Released, stock.Held}, []stock.State{got[0].State, got[1].State})
	given, err := f.store.ReleaseBatch(ctx, []stock.Release{{ID: old.ID}, {ID: fresh.ID}, {ID: id.New()}})
	require.NoError(t, err)
	for _, r := range given {
		require.Equal(t, stock.Released, r.State)
	}
	f.requireLevel("A", "main", 100, 4)
}
