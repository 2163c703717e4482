// Package postgres is a service's access to its database: a small pool, transactions that travel in the context, and the
// names of the driver's errors.
//
// A DB can be handed to generated queries once and used everywhere: inside Tx they run in the transaction, outside in the
// pool. The package never waits long for a connection, never opens a transaction by itself and never hides a driver error;
// what a client is told about one is decided at the service's edge.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// DB is a pool of connections. It is safe for concurrent use.
type DB struct {
	pool           *pgxpool.Pool
	acquireTimeout time.Duration
}

// querier is what a transaction and a connection have in common.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

var _ querier = (*DB)(nil)

// Open prepares a pool. It fails only for a bad config: the server may be down and is connected to on first use.
func Open(ctx context.Context, c Config) (*DB, error) {
	config, err := c.pool()
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	timeout := c.AcquireTimeout
	if timeout <= 0 {
		timeout = defaultAcquireTimeout
	}
	return &DB{pool: pool, acquireTimeout: timeout}, nil
}

// Close waits until every connection is given back and closes them.
func (d *DB) Close() { d.pool.Close() }

// Pool returns the pool underneath, for libraries that bring their own queries. What runs there joins no transaction.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Exec runs a statement that returns no rows.
func (d *DB) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if tx := d.ambient(ctx); tx != nil {
		return tx.Exec(ctx, sql, args...)
	}
	conn, err := d.acquire(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer conn.Release()
	return conn.Exec(ctx, sql, args...)
}

// Query runs a statement that returns rows. The rows hold a connection until they are read to the end or closed.
func (d *DB) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if tx := d.ambient(ctx); tx != nil {
		return tx.Query(ctx, sql, args...)
	}
	conn, err := d.acquire(ctx)
	if err != nil {
		return nil, err
	}
	result, err := conn.Query(ctx, sql, args...)
	if err != nil {
		conn.Release()
		return nil, err
	}
	return &rows{Rows: result, conn: conn}, nil
}

// QueryRow runs a statement that returns one row. The row must be scanned: that gives the connection back.
func (d *DB) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if tx := d.ambient(ctx); tx != nil {
		return tx.QueryRow(ctx, sql, args...)
	}
	conn, err := d.acquire(ctx)
	if err != nil {
		return failedRow{err}
	}
	return &row{Row: conn.QueryRow(ctx, sql, args...), conn: conn}
}

// SendBatch sends several statements in one round trip. Outside a transaction they run in one of their own. The results
// must be closed.
func (d *DB) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	if tx := d.ambient(ctx); tx != nil {
		return tx.SendBatch(ctx, batch)
	}
	conn, err := d.acquire(ctx)
	if err != nil {
		return pgx.FailedBatchResults(batch, err)
	}
	return &batchResults{BatchResults: conn.SendBatch(ctx, batch), conn: conn}
}

type patience struct{}

// Patient lets what the context carries queue for a connection as long as d instead of Config.AcquireTimeout: work that others
// have begun to do their part of costs more to refuse than to let wait.
func Patient(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, patience{}, d)
}

func (d *DB) patience(ctx context.Context) time.Duration {
	own, _ := ctx.Value(patience{}).(time.Duration)
	return max(own, d.acquireTimeout)
}

// passwordPause is how long to wait with a password that was refused.
const passwordPause = 50 * time.Millisecond

// passwordRefused is true while a password is being changed: the server knows the new one already and our file does not.
// Meanwhile a connection may come back to the pool, or the file may change.
func passwordRefused(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refusal.Code == "28P01" // invalid_password
}

// acquire takes a connection within the timeout. Running out of connections, or of a server, is UNAVAILABLE; the caller's
// own cancellation stays what it is.
func (d *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	bounded, cancel := context.WithTimeout(ctx, d.patience(ctx))
	defer cancel()
	conn, err := d.pool.Acquire(bounded)
	for passwordRefused(err) && bounded.Err() == nil {
		select {
		case <-time.After(passwordPause):
		case <-bounded.Done():
		}
		conn, err = d.pool.Acquire(bounded)
	}
	if err == nil {
		return conn, nil
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("acquire connection: %w", ctx.Err())
	}
	if errors.Is(err, context.DeadlineExceeded) && d.pool.Stat().AcquiredConns() >= d.pool.Config().MaxConns {
		return nil, errs.Overloaded.New("The database is busy.").RetryAfter(time.Second).Because(fmt.Errorf("acquire connection: %w", err))
	}
	return nil, errs.DatabaseUnavailable.New("The database cannot be reached.").RetryAfter(time.Second).Because(fmt.Errorf("acquire connection: %w", err))
}
