package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

func database(t *testing.T) *postgrestest.Database {
	t.Helper()
	return postgrestest.New(t, "bank", fstest.MapFS{"001_create_account.sql": {Data: []byte(`-- +goose Up
CREATE TABLE account (
    id bigint PRIMARY KEY,
    balance bigint NOT NULL CONSTRAINT balance_not_negative CHECK (balance >= 0),
    parent bigint CONSTRAINT account_parent REFERENCES account (id)
);
INSERT INTO account SELECT i, 100, NULL FROM generate_series(1, 10) AS i;
`)}})
}

func balance(t *testing.T, ctx context.Context, db *postgres.DB, id int) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(ctx, "SELECT balance FROM account WHERE id = $1", id).Scan(&n))
	return n
}

func add(ctx context.Context, db *postgres.DB, id, n int) error {
	_, err := db.Exec(ctx, "UPDATE account SET balance = balance + $2 WHERE id = $1", id, n)
	return err
}

// When it fails, half of a change is kept, or none of one that was acknowledged.
func TestTxCommitsAllOrNothing(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	require.False(t, postgres.InTx(t.Context()))
	require.NoError(t, db.Tx(t.Context(), func(ctx context.Context) error {
		require.True(t, postgres.InTx(ctx))
		require.NotNil(t, db.Ambient(ctx))
		require.NoError(t, add(ctx, db, 1, -10))
		require.Equal(t, 100, balance(t, t.Context(), db, 1), "not visible outside")
		return add(ctx, db, 2, 10)
	}))
	require.Equal(t, 90, balance(t, t.Context(), db, 1))
	require.Equal(t, 110, balance(t, t.Context(), db, 2))

	refused := errors.New("refused")
	require.ErrorIs(t, db.Tx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, add(ctx, db, 1, -10))
		return refused
	}), refused)
	require.Equal(t, 90, balance(t, t.Context(), db, 1))

	require.PanicsWithValue(t, "broken", func() {
		_ = db.Tx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, add(ctx, db, 1, -10))
			panic("broken")
		})
	})
	require.Equal(t, 90, balance(t, t.Context(), db, 1))
	require.Zero(t, db.Pool().Stat().AcquiredConns(), "every connection was given back")
}

// When it fails, a part of a transaction is committed before the whole is decided.
func TestNestedTxJoins(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	refused := errors.New("refused")
	require.ErrorIs(t, db.Tx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, db.Tx(ctx, func(ctx context.Context) error { return add(ctx, db, 1, -10) }))
		return refused
	}), refused)
	require.Equal(t, 100, balance(t, t.Context(), db, 1))
}

// When it fails, two databases used together in one process get into each other's transactions.
func TestTxBelongsToItsDatabase(t *testing.T) {
	t.Parallel()
	one, two := database(t).DB, database(t).DB
	refused := errors.New("refused")
	require.ErrorIs(t, one.Tx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, add(ctx, one, 1, -10))
		require.Nil(t, two.Ambient(ctx))
		require.NoError(t, add(ctx, two, 1, -10))
		require.NoError(t, two.Tx(ctx, func(ctx context.Context) error {
			require.NoError(t, add(ctx, one, 2, -10))
			return add(ctx, two, 2, -10)
		}))
		return refused
	}), refused)
	require.Equal(t, 100, balance(t, t.Context(), one, 1))
	require.Equal(t, 100, balance(t, t.Context(), one, 2))
	require.Equal(t, 90, balance(t, t.Context(), two, 1))
	require.Equal(t, 90, balance(t, t.Context(), two, 2))
}

// When it fails, two buyers who touch the same rows in other order get errors.
func TestTxRunsAgainAfterADeadlock(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	var both sync.WaitGroup
	both.Add(2)
	var once [2]sync.Once
	move := func(i, from, to int) error {
		return db.Tx(t.Context(), func(ctx context.Context) error {
			if err := add(ctx, db, from, -1); err != nil {
				return fmt.Errorf("take: %w", err)
			}
			once[i].Do(func() { both.Done(); both.Wait() }) // the first tries meet with a lock each
			return add(ctx, db, to, 1)
		})
	}
	results := make(chan error, 2)
	go func() { results <- move(0, 1, 2) }()
	go func() { results <- move(1, 2, 1) }()
	require.NoError(t, <-results)
	require.NoError(t, <-results)
	require.Equal(t, 100, balance(t, t.Context(), db, 1))
}

// When it fails, a client's cancellation leaves a connection that nobody can use.
func TestCanceledTxGivesItsConnectionBack(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	for range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Tx(ctx, func(ctx context.Context) error {
			require.NoError(t, add(ctx, db, 1, 1))
			cancel()
			return add(ctx, db, 1, 1)
		})
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Equal(t, 100, balance(t, t.Context(), db, 1))
	require.Zero(t, db.Pool().Stat().AcquiredConns())
}

// When it fails, services answer what went wrong by the wrong code.
func TestErrorsAreTold(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	_, err := db.Exec(t.Context(), "INSERT INTO account VALUES (1, 0)")
	require.True(t, postgres.IsUnique(err, "account_pkey"))
	require.True(t, postgres.IsUnique(fmt.Errorf("wrapped: %w", err), ""))
	require.False(t, postgres.IsUnique(err, "other"))
	require.False(t, postgres.IsCheck(err, ""))
	err = add(t.Context(), db, 1, -101)
	require.True(t, postgres.IsCheck(err, "balance_not_negative"))
	_, err = db.Exec(t.Context(), "INSERT INTO account VALUES (11, 0, 99)")
	require.True(t, postgres.IsForeignKey(err, "account_parent"))
	err = db.QueryRow(t.Context(), "SELECT id FROM account WHERE id = 99").Scan(new(int))
	require.True(t, postgres.NoRows(err))
	require.False(t, postgres.NoRows(nil))
	require.NoError(t, db.Tx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, add(ctx, db, 1, 1))
		err := add(t.Context(), db, 1, 1) // another connection, which waits for this one
		require.True(t, postgres.IsLockTimeout(err), "%v", err)
		return nil
	}))
}

// When it fails, a service under load hangs instead of shedding what it cannot do.
func TestBusyPoolIsUnavailableSoon(t *testing.T) {
	t.Parallel()
	source := database(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: source.AppDSN, MaxConns: 1, AcquireTimeout: 50 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	require.NoError(t, db.Tx(t.Context(), func(context.Context) error {
		for name, use := range map[string]func() error{
			"Exec":     func() error { _, err := db.Exec(t.Context(), "SELECT 1"); return err },
			"Query":    func() error { _, err := db.Query(t.Context(), "SELECT 1"); return err },
			"QueryRow": func() error { return db.QueryRow(t.Context(), "SELECT 1").Scan(new(int)) },
			"SendBatch": func() error {
				batch := &pgx.Batch{}
				batch.Queue("SELECT 1")
				return db.SendBatch(t.Context(), batch).Close()
			},
			"Tx": func() error { return db.Tx(t.Context(), func(context.Context) error { return nil }) },
		} {
			err := use()
			require.True(t, errs.Has(err, errs.Overloaded), "%s: %v", name, err)
		}
		return nil
	}))
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, ping(canceled, db), context.Canceled, "the caller's own fault is not the database's")
}

// ping asks for one connection and one answer.
func ping(ctx context.Context, db *postgres.DB) error {
	_, err := db.Exec(ctx, "SELECT 1")
	return err
}

// When it fails, a buyer who has waited for stock and payment is sent away because the database was busy for a moment.
func TestPatientWorkQueues(t *testing.T) {
	t.Parallel()
	source := database(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: source.AppDSN, MaxConns: 1, AcquireTimeout: 20 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	patient := postgres.Patient(t.Context(), time.Minute)
	queued := make(chan error, 1)
	require.NoError(t, db.Tx(patient, func(context.Context) error {
		go func() { queued <- ping(patient, db) }()
		for range 3 { // each waits its whole time while the patient one goes on waiting
			require.True(t, errs.Has(ping(t.Context(), db), errs.Overloaded))
		}
		require.Empty(t, queued)
		return nil
	}))
	require.NoError(t, <-queued)
}

// When it fails, every read leaks a connection until the pool is empty.
func TestConnectionsAreGivenBack(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	for range 50 {
		rows, err := db.Query(t.Context(), "SELECT id FROM account")
		require.NoError(t, err)
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
		require.NoError(t, err)
		require.Len(t, ids, 10)

		rows, err = db.Query(t.Context(), "SELECT id FROM account")
		require.NoError(t, err)
		require.True(t, rows.Next())
		require.Error(t, rows.Scan(new(bool)))

		rows, err = db.Query(t.Context(), "SELECT id FROM account")
		require.NoError(t, err)
		require.True(t, rows.Next())
		_, err = rows.Values()
		require.NoError(t, err)
		rows.Close()

		_, err = db.Query(t.Context(), "SELECT nothing FROM nowhere")
		require.Error(t, err)
		require.Error(t, db.QueryRow(t.Context(), "SELECT nothing FROM nowhere").Scan(new(int)))

		batch := &pgx.Batch{}
		batch.Queue("SELECT 1")
		batch.Queue("SELECT 2")
		require.NoError(t, db.SendBatch(t.Context(), batch).Close())
	}
	require.Zero(t, db.Pool().Stat().AcquiredConns())
}

// When it fails, a service does not start while its database is away.
func TestOpenNeedsNoServer(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://nobody@127.0.0.1:1/none"})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	require.True(t, errs.Has(ping(t.Context(), db), errs.DatabaseUnavailable))
}

// When it fails, a wrong setting shows only in production.
func TestOpenRefusesBadConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]postgres.Config{
		"empty":        {},
		"bad url":      {URL: "postgres://a:b:c"},
		"no file":      {URLFile: filepath.Join(t.TempDir(), "none")},
		"unknown mode": {URL: "postgres://x@y/z", ExecMode: "fast"},
	} {
		_, err := postgres.Open(t.Context(), c)
		require.Error(t, err, name)
	}
}

// When it fails, a rotated password needs a restart of every service.
func TestSecretsAreReadForEveryConnection(t *testing.T) {
	t.Parallel()
	source := database(t)
	file := filepath.Join(t.TempDir(), "url")
	require.NoError(t, os.WriteFile(file, []byte("postgres://nobody@127.0.0.1:1/none"), 0o600))
	db, err := postgres.Open(t.Context(), postgres.Config{URLFile: file})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	require.Error(t, ping(t.Context(), db))
	require.NoError(t, os.WriteFile(file, []byte(source.AppDSN+"\n"), 0o600))
	require.NoError(t, ping(t.Context(), db))
	require.Equal(t, 100, balance(t, t.Context(), db, 1))
}

// When it fails, a service cannot run behind a pooler that knows no prepared statements.
func TestEveryExecMode(t *testing.T) {
	t.Parallel()
	source := database(t)
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		db, err := postgres.Open(t.Context(), postgres.Config{URL: source.AppDSN, ExecMode: mode, ApplicationName: mode})
		require.NoError(t, err)
		require.Equal(t, 100, balance(t, t.Context(), db, 3), mode)
		var prepared int
		require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*) FROM pg_prepared_statements").Scan(&prepared))
		if mode != "cache_statement" {
			require.Zero(t, prepared, mode)
		}
		db.Close()
	}
}

// When it fails, nobody sees at night that a service waits for connections.
func TestCollector(t *testing.T) {
	t.Parallel()
	db := database(t).DB
	require.NoError(t, ping(t.Context(), db))
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(db.Collector()))
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP cartwright_db_connections_max Connections the pool may open.
# TYPE cartwright_db_connections_max gauge
cartwright_db_connections_max 8
`), "cartwright_db_connections_max"))
	count, err := testutil.GatherAndCount(registry)
	require.NoError(t, err)
	require.Equal(t, 8, count)
}
