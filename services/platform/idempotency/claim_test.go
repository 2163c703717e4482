package idempotency_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
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
	_, err := db.Exec(t.Context(), "UPDATE idempotency_key SET created_at = now() - interval '8 days', done_at = done_at - interval '8 days' WHERE request_id <> 'young'")
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), `INSERT INTO idempotency_key (principal, rpc, request_id, fingerprint, state, response, created_at, lease_until, done_at)
		VALUES ('p', 'r', 'taken over', '\x00', 'done', '', now() - interval '8 days', now(), now())`)
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), `INSERT INTO idempotency_key (principal, rpc, request_id, fingerprint, state, response, created_at, lease_until, done_at)
		SELECT 'p', 'r', 'bulk' || i, '\x00', 'done', '', now() - interval '8 days', now(), now() - interval '8 days' FROM generate_series(1, 4500) AS i`)
	require.NoError(t, err)
	require.InDelta(t, (24 * time.Hour).Seconds(), lag(t, keeper), 60)
	n, err := keeper.Purge(t.Context(), idempotency.Retention)
	require.NoError(t, err)
	require.EqualValues(t, 4501, n)
	require.Equal(t, 3, keys(t, db), "one that is young, one that was answered late, one that is not answered")
	require.Zero(t, lag(t, keeper))
}

// lag is what an operator sees of the purge.
func lag(t *testing.T, k *idempotency.Keeper) float64 {
	t.Helper()
	metrics := prometheus.NewRegistry()
	require.NoError(t, k.Register(metrics))
	require.Error(t, k.Register(metrics), "one gauge per process")
	families, err := metrics.Gather()
	require.NoError(t, err)
	require.Len(t, families, 1)
	return families[0].GetMetric()[0].GetGauge().GetValue()
}

// When it fails, calls that were first made before a deploy are refused when they are repeated after it, or hang.
func TestFingerprintsOfOtherReleasesAreAccepted(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	before := call(t.Context(), "k", "a")
	after := idempotency.NewCall(t.Context(), rpc, "k", "a", "new field").Accepting("a")
	other := idempotency.NewCall(t.Context(), rpc, "k", "b", "new field").Accepting("b")

	require.NoError(t, claim(t.Context(), db, keeper, before))
	require.True(t, errs.Has(claim(t.Context(), db, keeper, after), errs.IdempotencyInProgress))
	expire(t, db)
	require.True(t, errs.Has(claim(t.Context(), db, keeper, other), errs.IdempotencyKeyReused))
	require.NoError(t, claim(t.Context(), db, keeper, after), "the new release takes over from a dead process of the old one")
	require.NoError(t, keeper.Answer(t.Context(), after, wrapperspb.String("placed")))
	resp, found, err := idempotency.Lookup(t.Context(), keeper, after, answer(nil))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "placed", resp.Value)

	first, err := idempotency.Do(t.Context(), keeper, call(t.Context(), "k2", "a"), answer(nil), pay(db, "a"))
	require.NoError(t, err)
	again, err := idempotency.Do(t.Context(), keeper, idempotency.NewCall(t.Context(), rpc, "k2", "a", "new field").Accepting("x").Accepting("a"), answer(nil), pay(db, "a"))
	require.NoError(t, err)
	require.Equal(t, first.Value, again.Value)
}

// When it fails, a client waits longer than ten seconds for a call whose process was killed, or it acts twice.
func TestClaimOfADeadConnectionIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	source := database(t)
	keepers := processesOn(t, source.AppDSN, 1)
	admin, err := pgx.Connect(t.Context(), source.AdminDSN)
	require.NoError(t, err)
	defer admin.Close(t.Context())
	_, err = idempotency.Do(t.Context(), keepers[0], call(t.Context(), "k", "a"), answer(nil), func(ctx context.Context) (answer, error) {
		killed, err := admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'")
		require.NoError(t, err)
		require.EqualValues(t, 1, killed.RowsAffected())
		return wrapperspb.String("never told"), nil
	})
	require.Error(t, err)
	begin := time.Now()
	_, err = idempotency.Do(t.Context(), idempotency.New(source.DB), call(t.Context(), "k", "a"), answer(nil), pay(source.DB, "a"))
	require.NoError(t, err)
	require.Less(t, time.Since(begin), 10*time.Second)
	require.Equal(t, 1, effects(t, source.DB))
}
