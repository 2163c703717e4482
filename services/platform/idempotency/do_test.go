package idempotency_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// When it fails, a buyer whose client repeats a request pays twice.
func TestRepeatedCallGetsTheStoredAnswer(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	ctx, stream := serverCall(t)
	first, err := idempotency.Do(ctx, keeper, call(ctx, "k", "a"), answer(nil), pay(db, "a"))
	require.NoError(t, err)
	require.Empty(t, stream.header)
	for range 3 {
		ctx, stream := serverCall(t)
		again, err := idempotency.Do(ctx, keeper, call(ctx, "k", "a"), answer(nil), pay(db, "a"))
		require.NoError(t, err)
		require.Equal(t, first.Value, again.Value)
		require.Equal(t, []string{"true"}, stream.header.Get(idempotency.ReplayedHeader))
	}
	require.Equal(t, 1, effects(t, db))
}

// When it fails, a process that dies between an effect and its answer leaves a key that does the work again.
func TestEffectAndAnswerAreOneTransaction(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	_, err := idempotency.Do(t.Context(), keeper, call(t.Context(), "k", "a"), answer(nil), pay(db, "a"))
	require.NoError(t, err)
	var state string
	var together bool
	require.NoError(t, db.QueryRow(t.Context(), "SELECT k.state, k.xmin = e.xmin FROM idempotency_key AS k, effect AS e").Scan(&state, &together))
	require.Equal(t, "done", state)
	require.True(t, together, "the key was last written by the transaction that wrote the effect")
}

// When it fails, an empty answer cannot be stored.
func TestEmptyAnswerIsStored(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	runs := 0
	for range 2 {
		_, err := idempotency.Do(t.Context(), keeper, call(t.Context(), "k", "a"), (*emptypb.Empty)(nil), func(context.Context) (*emptypb.Empty, error) {
			runs++
			return &emptypb.Empty{}, nil
		})
		require.NoError(t, err)
	}
	require.Equal(t, 1, runs)
}

// When it fails, a client that reuses a key by mistake is told that its new order was placed.
func TestSameKeyForAnotherRequestIsRefused(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	_, err := idempotency.Do(t.Context(), keeper, call(t.Context(), "k", "a"), answer(nil), pay(db, "a"))
	require.NoError(t, err)
	_, err = idempotency.Do(t.Context(), keeper, call(t.Context(), "k", "b"), answer(nil), pay(db, "b"))
	require.True(t, errs.Has(err, errs.IdempotencyKeyReused))
	_, _, err = idempotency.Lookup(t.Context(), keeper, call(t.Context(), "k", "b"), answer(nil))
	require.True(t, errs.Has(err, errs.IdempotencyKeyReused))
	require.Equal(t, 1, effects(t, db))
}

// When it fails, one customer gets another one's answer.
func TestKeysBelongToTheirPrincipalAndRPC(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	calls := []idempotency.Call{
		call(as(t.Context(), "ann"), "k", "a"), call(as(t.Context(), "bob"), "k", "a"), call(t.Context(), "k", "a"),
		call(t.Context(), "k", "a").For("cart-1"), call(t.Context(), "k", "a").For("cart-2"),
		idempotency.NewCall(t.Context(), rpc+"Again", "k", "a"),
	}
	for i, c := range calls {
		_, err := idempotency.Do(t.Context(), keeper, c, answer(nil), pay(db, "a"))
		require.NoError(t, err)
		require.Equal(t, i+1, effects(t, db))
	}
}

// When it fails, a corrected request cannot be sent with the same key.
func TestFailedCallLeavesNothing(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	refused := errors.New("declined")
	_, err := idempotency.Do(t.Context(), keeper, call(t.Context(), "k", "a"), answer(nil), func(ctx context.Context) (answer, error) {
		_, err := pay(db, "a")(ctx)
		require.NoError(t, err)
		return nil, refused
	})
	require.ErrorIs(t, err, refused)
	require.Zero(t, effects(t, db))
	require.Zero(t, keys(t, db))
	_, err = idempotency.Do(t.Context(), keeper, call(t.Context(), "k", "b"), answer(nil), pay(db, "b"))
	require.NoError(t, err)
}

// When it fails, calls without a key do not work, or are stored.
func TestNoKeyMeansNoIdempotency(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	for range 2 {
		_, err := idempotency.Do(t.Context(), keeper, call(t.Context(), "", "a"), answer(nil), func(ctx context.Context) (answer, error) {
			require.True(t, postgres.InTx(ctx))
			return pay(db, "a")(ctx)
		})
		require.NoError(t, err)
	}
	require.Equal(t, 2, effects(t, db))
	require.Zero(t, keys(t, db))
}

// When it fails, a key with odd characters breaks the database statement.
func TestBadKeysAreRefused(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	for _, key := range []string{strings.Repeat("k", 256), "a\x00b", "a\nb", "é", "\xff"} {
		_, err := idempotency.Do(t.Context(), keeper, call(t.Context(), key, "a"), answer(nil), pay(db, "a"))
		require.True(t, errs.Has(err, errs.IdempotencyKeyInvalid), "%q", key)
		_, _, err = idempotency.Lookup(t.Context(), keeper, call(t.Context(), key, "a"), answer(nil))
		require.True(t, errs.Has(err, errs.IdempotencyKeyInvalid), "%q", key)
	}
	_, err := idempotency.Do(t.Context(), keeper, call(t.Context(), strings.Repeat("k", 255), "a"), answer(nil), pay(db, "a"))
	require.NoError(t, err)
}

// storm sends every call at once, to as many processes in turn, and returns the answers and errors in order.
func storm(ctx context.Context, keepers []*idempotency.Keeper, db *postgres.DB, bodies []string) ([]string, []error) {
	answers, problems := make([]string, len(bodies)), make([]error, len(bodies))
	var start, done sync.WaitGroup
	start.Add(1)
	for i, body := range bodies {
		done.Go(func() {
			start.Wait()
			for { // as a client does: try again when told to
				resp, err := idempotency.Do(ctx, keepers[i%len(keepers)], call(ctx, "k", body), answer(nil), pay(db, body))
				if errs.Has(err, errs.IdempotencyInProgress) {
					continue
				}
				answers[i], problems[i] = resp.GetValue(), err
				return
			}
		})
	}
	start.Done()
	done.Wait()
	return answers, problems
}

// When it fails, a duplicate storm charges a buyer more than once or shows them an error.
func TestFiftyEqualCallsHaveOneEffect(t *testing.T) {
	t.Parallel()
	for _, processes := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d processes", processes), func(t *testing.T) {
			t.Parallel()
			source := database(t)
			answers, problems := storm(t.Context(), processesOn(t, source.AppDSN, processes), source.DB, equal(50, "a"))
			for i := range answers {
				require.NoError(t, problems[i])
				require.Equal(t, answers[0], answers[i])
			}
			require.Equal(t, 1, effects(t, source.DB))
			require.Equal(t, 1, keys(t, source.DB))
		})
	}
}

// When it fails, a request that is refused for its key has taken effect all the same.
func TestOneKeyWithTwoBodiesTakesEffectOnce(t *testing.T) {
	t.Parallel()
	source := database(t)
	bodies := append(equal(25, "a"), equal(25, "b")...)
	answers, problems := storm(t.Context(), processesOn(t, source.AppDSN, 2), source.DB, bodies)
	var winner string
	require.NoError(t, source.DB.QueryRow(t.Context(), "SELECT body FROM effect").Scan(&winner))
	require.Equal(t, 1, effects(t, source.DB))
	for i, body := range bodies {
		if body == winner {
			require.NoError(t, problems[i])
			require.True(t, strings.HasSuffix(answers[i], " "+winner))
			continue
		}
		require.True(t, errs.Has(problems[i], errs.IdempotencyKeyReused), "%v", problems[i])
	}
}

// When it fails, a repeated call holds a database connection while the first one is slow, and others find the pool empty.
func TestRepeatedCallsWaitWithoutAConnection(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	entered, leave := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		_, err := idempotency.Do(t.Context(), keeper, call(t.Context(), "k", "a"), answer(nil), func(ctx context.Context) (answer, error) {
			close(entered)
			<-leave
			return pay(db, "a")(ctx)
		})
		first <- err
	}()
	<-entered
	var waiting sync.WaitGroup
	var told atomic.Int32
	begin := time.Now()
	for range 20 {
		waiting.Go(func() {
			_, err := idempotency.Do(t.Context(), keeper, call(t.Context(), "k", "a"), answer(nil), pay(db, "a"))
			if errs.Has(err, errs.IdempotencyInProgress) {
				told.Add(1)
			}
		})
	}
	require.EqualValues(t, 1, db.Pool().Stat().AcquiredConns())
	require.NoError(t, db.QueryRow(t.Context(), "SELECT 1").Scan(new(int)))
	waiting.Wait()
	require.EqualValues(t, 20, told.Load())
	require.Less(t, time.Since(begin), 5*time.Second)
	close(leave)
	require.NoError(t, <-first)
	require.Equal(t, 1, effects(t, db))
}

// When it fails, a repeated call that reaches another pod waits for the slow first one without end.
func TestRepeatedCallInAnotherProcessIsToldToWait(t *testing.T) {
	t.Parallel()
	source := database(t)
	keepers := processesOn(t, source.AppDSN, 2)
	_, err := idempotency.Do(t.Context(), keepers[0], call(t.Context(), "k", "a"), answer(nil), func(ctx context.Context) (answer, error) {
		_, err := idempotency.Do(t.Context(), keepers[1], call(t.Context(), "k", "a"), answer(nil), pay(source.DB, "a"))
		require.True(t, errs.Has(err, errs.IdempotencyInProgress), "%v", err)
		return pay(source.DB, "a")(ctx)
	})
	require.NoError(t, err)
	require.Equal(t, 1, effects(t, source.DB))
}

// When it fails, a client that hangs up while waiting leaves something behind.
func TestWaitingEndsWithTheCall(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	keeper := idempotency.New(db)
	_, err := idempotency.Do(t.Context(), keeper, call(t.Context(), "k", "a"), answer(nil), func(ctx context.Context) (answer, error) {
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := idempotency.Do(canceled, keeper, call(t.Context(), "k", "a"), answer(nil), pay(db, "a"))
		require.ErrorIs(t, err, context.Canceled)
		return pay(db, "a")(ctx)
	})
	require.NoError(t, err)
}

// processesOn returns keepers that share nothing but the database, as pods do.
func processesOn(t *testing.T, dsn string, n int) []*idempotency.Keeper {
	t.Helper()
	keepers := make([]*idempotency.Keeper, n)
	for i := range keepers {
		db, err := postgres.Open(t.Context(), postgres.Config{URL: dsn, AcquireTimeout: waitFor})
		require.NoError(t, err)
		t.Cleanup(db.Close)
		keepers[i] = idempotency.New(db)
	}
	return keepers
}

func equal(n int, body string) []string {
	bodies := make([]string, n)
	for i := range bodies {
		bodies[i] = body
	}
	return bodies
}
