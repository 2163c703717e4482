// Package migrate brings a service's schema to the version its binary needs, and tells whether it is there.
//
// Migrations are goose files in SQL, numbered from 1. They run as the schema's owner, one runner at a time per schema, with
// a lock timeout so that a migration never queues traffic behind it for long. Serving processes only compare versions.
package migrate

import (
	"context"
	"database/sql"
	_ "embed" // the statement that sweeps
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

const (
	table       = "schema_version"
	lockTimeout = "3s" // how long one statement may wait, with all traffic behind it
	attempts    = 10   // how often a statement that had to wait longer is tried

	pause = 500 * time.Millisecond // between two tries: what queued behind the statement gets through
)

// Config says what to migrate.
type Config struct {
	// OwnerURL connects as the owner of the schema.
	OwnerURL string
	// Schema is the service's schema.
	Schema string
	// Files are the migrations: in the root, or in its one directory that has any.
	Files fs.FS
}

// Applied is one migration that has run.
type Applied struct {
	// Version is the migration's number.
	Version int64
	// Name is the file's name.
	Name string
	// Took is how long it ran.
	Took time.Duration
}

// Up runs what is missing, in order, and returns what it ran. Runners that race are queued; the later ones find nothing to
// do. A statement that cannot get its lock within three seconds is tried again after a pause, ten times in all. An index whose
// concurrent build failed is dropped first, so that the migration builds it anew.
func Up(ctx context.Context, c Config) ([]Applied, error) {
	files, err := root(c.Files)
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", c.Schema, err)
	}
	db, err := open(c.OwnerURL, c.Schema)
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", c.Schema, err)
	}
	defer db.Close()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(lockID(c.Schema)), lock.WithLockTimeout(1, 120))
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", c.Schema, err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(sweeper{locker}),
		goose.WithTableName(c.Schema+"."+table), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", c.Schema, err)
	}
	var applied []Applied
	for attempt := 1; ; attempt++ {
		results, err := provider.Up(ctx)
		var partial *goose.PartialError
		if errors.As(err, &partial) {
			results = partial.Applied
		}
		for _, r := range results {
			applied = append(applied, Applied{Version: r.Source.Version, Name: path.Base(r.Source.Path), Took: r.Duration})
		}
		if err == nil {
			return applied, nil
		}
		if attempt == attempts || !postgres.IsLockTimeout(err) || ctx.Err() != nil {
			return applied, fmt.Errorf("migrate %s: %w", c.Schema, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done(): // the next try says so
		}
	}
}

// Need returns the version that the files bring a schema to; 0 without any.
func Need(files fs.FS) (int64, error) {
	dir, err := root(files)
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	names, _ := fs.Glob(dir, "*.sql") // only a bad pattern is an error
	var newest int64
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return 0, fmt.Errorf("read migrations: %s: %w", name, err)
		}
		newest = max(newest, version)
	}
	return newest, nil
}

// Current returns the version the schema in the search path of db is at; 0 before the first migration.
func Current(ctx context.Context, db *postgres.DB) (int64, error) {
	var version int64
	err := db.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+table+" WHERE is_applied").Scan(&version)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "42P01" { // no such table
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	return version, nil
}

// root finds the directory with the migrations.
func root(files fs.FS) (fs.FS, error) {
	if names, _ := fs.Glob(files, "*.sql"); len(names) > 0 {
		return files, nil
	}
	names, _ := fs.Glob(files, "*/*.sql")
	if len(names) == 0 {
		return nil, errors.New("there are no migrations")
	}
	dir := path.Dir(names[0])
	for _, name := range names {
		if path.Dir(name) != dir {
			return nil, fmt.Errorf("there are migrations in both %s and %s", dir, path.Dir(name))
		}
	}
	return fs.Sub(files, dir)
}

func open(url, schema string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(schema, `".; `) || schema == "" {
		return nil, fmt.Errorf("%q cannot name a schema", schema)
	}
	config.RuntimeParams["search_path"] = schema + ", extensions"
	config.RuntimeParams["lock_timeout"] = lockTimeout
	config.RuntimeParams["application_name"] = "migrate " + schema
	return stdlib.OpenDB(*config), nil
}

// sweeper drops invalid indexes as soon as it has the lock of the runners. A concurrent build that fails leaves its index behind:
// no query uses it, every write pays for it, and CREATE INDEX IF NOT EXISTS takes it for the whole one.
type sweeper struct{ lock.SessionLocker }

//go:embed sweep.sql
var sweep string

// SessionLock implements lock.SessionLocker.
func (s sweeper) SessionLock(ctx context.Context, conn *sql.Conn) error {
	err := s.SessionLocker.SessionLock(ctx, conn)
	if err != nil {
		return err
	}
	if _, err = conn.ExecContext(ctx, sweep); err != nil {
		return errors.Join(fmt.Errorf("drop invalid indexes: %w", err), s.SessionUnlock(context.WithoutCancel(ctx), conn))
	}
	return nil
}

func lockID(schema string) int64 {
	hash := fnv.New64a()
	hash.Write([]byte("cartwright migrate " + schema))
	return int64(hash.Sum64())
}
