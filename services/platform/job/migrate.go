package job

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

const lockPoll = 100 * time.Millisecond

// Migrate brings the tables of the job queue in a schema up to date, as the schema's owner. Runners that race are queued.
func Migrate(ctx context.Context, ownerDSN, schema string) error {
	config, err := pgxpool.ParseConfig(ownerDSN)
	if err != nil {
		return fmt.Errorf("migrate jobs of %s: %w", schema, err)
	}
	config.MaxConns = 2
	config.ConnConfig.RuntimeParams["search_path"] = schema
	config.ConnConfig.RuntimeParams["application_name"] = "migrate jobs of " + schema
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("migrate jobs of %s: %w", schema, err)
	}
	defer pool.Close()
	lock, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("migrate jobs of %s: %w", schema, err)
	}
	defer lock.Release()
	if err := exclusive(ctx, lock.Conn(), schema); err != nil {
		return fmt.Errorf("migrate jobs of %s: lock: %w", schema, err)
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: schema, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("migrate jobs of %s: %w", schema, err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate jobs of %s: %w", schema, err)
	}
	return nil
}

// exclusive waits for the session's lock; it goes with the connection. It asks again and again instead of queuing: a queued
// statement keeps a snapshot, which an index built concurrently by the runner ahead would wait for.
func exclusive(ctx context.Context, conn *pgx.Conn, schema string) error {
	for {
		var mine bool
		err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtextextended('cartwright jobs ' || $1, 0))", schema).Scan(&mine)
		if err != nil || mine {
			return err
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
