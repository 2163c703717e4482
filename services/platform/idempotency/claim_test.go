package idempotency_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

func claim(ctx context.Context, db *postgres.DB, k *idempotency.Keeper, c idempotency.Call) error {
	return db.Tx(ctx, func(ctx context.Context) error { return k.Claim(ctx, c) })
}

// When it fails, a checkout that goes through several steps can be started twice, or its answer is lost.
func TestClaimAndAnswerInTwoTransactions(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	c := call(t.Context(), "k", "a")
	_, found, err := idempotency.Lookup(t.Context(), keeper, c, answer(nil))
	require.NoError(t, err)
	require.False(t, found)
	require.NoError(t, claim(t.Context(), db, keeper, c))

	_, _, err = idempotency.Lookup(t.Context(), keeper, c, answer(nil))
	require.True(t, errs.Has(err, errs.IdempotencyInProgress))
	require.True(t, errs.Has(claim(t.Context(), db, keeper, c), errs.IdempotencyInProgress))
	other := call(t.Context(), "k", "b")
	require.True(t, errs.Has(claim(t.Context(), db, keeper, other), errs.IdempotencyKeyReused))
	_, err = idempotency.Do(t.Context(), keeper, c, answer(nil), pay(db, "a"))
	require.True(t, errs.Has(err, errs.IdempotencyInProgress))

	require.NoError(t, db.Tx(t.Context(), func(ctx context.Context) error {
		return keeper.Answer(ctx, c, wrapperspb.String("placed"))
	}))
	ctx, stream := serverCall(t)
	resp, found, err := idempotency.Lookup(ctx, keeper, c, answer(nil))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "placed", resp.Value)
	require.Equal(t, []string{"true"}, stream.header.Get(idempotency.ReplayedHeader))
	require.True(t, errs.Has(claim(t.Context(), db, keeper, c), errs.IdempotencyInProgress), "just answered: the next try replays")
	require.True(t, errs.Has(keeper.Answer(t.Context(), c, wrapperspb.String("again")), errs.IdempotencyInProgress))
}

// When it fails, a claim is kept of a step that was rolled back.
func TestClaimGoesWithItsTransaction(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	c := call(t.Context(), "k", "a")
	refused := errors.New("refused")
	require.ErrorIs(t, db.Tx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, keeper.Claim(ctx, c))
		return refused
	}), refused)
	require.Zero(t, keys(t, db))
	require.ErrorContains(t, keeper.Claim(t.Context(), c), "no transaction")
}

// When it fails, a checkout whose process was killed can never be repeated, or two processes go on with it.
func TestExpiredClaimIsTakenOverOnce(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	c := call(t.Context(), "k", "a")
	require.NoError(t, claim(t.Context(), db, keeper, c))
	var lease time.Duration
	require.NoError(t, db.QueryRow(t.Context(), "SELECT lease_until - clock_timestamp() FROM idempotency_key").Scan(&lease))
	require.InDelta(t, 10, lease.Seconds(), 2)

	expire(t, db)
	_, found, err := idempotency.Lookup(t.Context(), keeper, c, answer(nil))
	require.NoError(t, err)
	require.False(t, found)
	_, _, err = idempotency.Lookup(t.Context(), keeper, call(t.Context(), "k", "b"), answer(nil))
	require.True(t, errs.Has(err, errs.IdempotencyKeyReused), "expired or not")
	results := make(chan error, 8)
	for range 8 {
		go func() { results <- claim(t.Context(), db, keeper, c) }()
	}
	taken := 0
	for range 8 {
		if err := <-results; err == nil {
			taken++
		} else {
			require.True(t, errs.Has(err, errs.IdempotencyInProgress), "%v", err)
		}
	}
	require.Equal(t, 1, taken)
}

// When it fails, a slow but living checkout is taken over by a repeated call.
func TestRenewedClaimIsNotTakenOver(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	c := call(t.Context(), "k", "a")
	require.NoError(t, claim(t.Context(), db, keeper, c))
	expire(t, db)
	require.NoError(t, keeper.Renew(t.Context(), c))
	require.True(t, errs.Has(claim(t.Context(), db, keeper, c), errs.IdempotencyInProgress))
	require.NoError(t, keeper.Answer(t.Context(), c, wrapperspb.String("placed")))
	require.True(t, errs.Has(keeper.Renew(t.Context(), c), errs.IdempotencyInProgress))
}

// When it fails, a declined card blocks the key for good.
func TestReleasedClaimCanBeClaimedAgain(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	c := call(t.Context(), "k", "a")
	require.NoError(t, claim(t.Context(), db, keeper, c))
	require.NoError(t, keeper.Release(t.Context(), c))
	require.NoError(t, claim(t.Context(), db, keeper, call(t.Context(), "k", "b")))
	require.NoError(t, keeper.Release(t.Context(), c), "another claim is left alone")
	require.Equal(t, 1, keys(t, db))
}

// When it fails, RPCs with an optional key fail without one.
func TestNothingHappensWithoutAKey(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	c := call(t.Context(), "", "a")
	_, found, err := idempotency.Lookup(t.Context(), keeper, c, answer(nil))
	require.NoError(t, err)
	require.False(t, found)
	require.NoError(t, keeper.Claim(t.Context(), c))
	require.NoError(t, keeper.Renew(t.Context(), c))
	require.NoError(t, keeper.Answer(t.Context(), c, wrapperspb.String("x")))
	require.NoError(t, keeper.Release(t.Context(), c))
	require.Zero(t, keys(t, db))
}

// When it fails, the table grows without end, or answers that clients may still ask for are gone.
func TestPurgeDeletesOldAnswersOnly(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	for _, key := range []string{"old", "young"} {
		_, err := idempotency.Do(t.Context(), keeper, call(t.Context(), key, "a"), answer(nil), pay(db, "a"))
		require.NoError(t, err)
	}
	require.NoError(t, claim(t.Context(), db, keeper, call(t.Context(), "unanswered", "a")))
	_, err := db.Exec(t.Context(), "UPDATE idempotency_key SET created_at = now() - interval '8 days' WHERE request_id <> 'young'")
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), `INSERT INTO idempotency_key (principal, rpc, request_id, fingerprint, state, response, created_at, lease_until, done_at)
		SELECT 'p', 'r', 'bulk' || i, '\x00', 'done', '', now() - interval '8 days', now(), now() FROM generate_series(1, 4500) AS i`)
	require.NoError(t, err)
	n, err := keeper.Purge(t.Context(), 7*24*time.Hour)
	require.NoError(t, err)
	require.EqualValues(t, 4501, n)
	require.Equal(t, 2, keys(t, db))
}
