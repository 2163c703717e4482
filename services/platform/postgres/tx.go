package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/services/platform/fault"
)

// How often a transaction that lost against another one is tried, and how long the last wait before that can be.
const (
	txAttempts  = 3
	txBackoff   = 20 * time.Millisecond
	endDeadline = 5 * time.Second
)

type txKey struct{}

// ambientTx is what a context carries inside Tx; outer is the transaction of another database around it, if any.
type ambientTx struct {
	db    *DB
	tx    pgx.Tx
	outer *ambientTx
}

// InTx says whether a transaction of any database is open in ctx. No network call may be made then.
func InTx(ctx context.Context) bool {
	_, ok := ctx.Value(txKey{}).(*ambientTx)
	return ok
}

// Tx runs fn in a READ COMMITTED transaction that everything using this DB with fn's context joins. It commits when fn
// returns nil and rolls back when fn fails or panics. Inside an open transaction of the same DB it joins that one, and the
// outermost call decides.
//
// When the server gave up the transaction for another one's sake (serialization failure, deadlock), the outermost Tx runs
// fn again, three times in all: fn must have no effect but on the database and on variables it sets anew.
func (d *DB) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	if d.ambient(ctx) != nil {
		return fn(ctx)
	}
	for attempt := 1; ; attempt++ {
		err := d.attempt(ctx, fn)
		if err == nil || attempt == txAttempts || !Retryable(err) {
			return err
		}
		select {
		case <-time.After(rand.N(txBackoff << attempt)): //nolint:gosec // spreads retries, hides nothing
		case <-ctx.Done():
			return err
		}
	}
}

// Ambient returns the open transaction of this DB in ctx, or nil: for libraries that take a transaction.
func (d *DB) Ambient(ctx context.Context) pgx.Tx { return d.ambient(ctx) }

func (d *DB) ambient(ctx context.Context) pgx.Tx {
	current, _ := ctx.Value(txKey{}).(*ambientTx)
	for ; current != nil; current = current.outer {
		if current.db == d {
			return current.tx
		}
	}
	return nil
}

func (d *DB) attempt(ctx context.Context, fn func(ctx context.Context) error) error {
	conn, err := d.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	committed := false
	defer func() {
		if !committed { // also while a panic passes through
			rollback(ctx, tx)
		}
	}()
	outer, _ := ctx.Value(txKey{}).(*ambientTx)
	if err := fn(context.WithValue(ctx, txKey{}, &ambientTx{db: d, tx: tx, outer: outer})); err != nil {
		return err
	}
	if err := fault.Point(ctx, fault.Commit); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	return fault.Point(ctx, fault.Committed)
}

// rollback ends a transaction also when its context has ended, so that the connection can be used again. When the server
// does not answer, pgx closes the connection, which rolls back too.
func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endDeadline)
	defer cancel()
	if err := tx.Rollback(ctx); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		_ = tx.Conn().Close(ctx)
	}
}
