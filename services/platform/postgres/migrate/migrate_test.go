package migrate_test

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/migrate"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

func file(sql string) *fstest.MapFile { return &fstest.MapFile{Data: []byte("-- +goose Up\n" + sql)} }

func first() fstest.MapFS {
	return fstest.MapFS{"migration/001_create_thing.sql": file("CREATE TABLE thing (id int PRIMARY KEY);")}
}

// When it fails, a service cannot tell that its schema is older than it needs, or a migration runs twice.
func TestUpRunsWhatIsMissing(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "stock", first())
	current, err := migrate.Current(t.Context(), database.DB)
	require.NoError(t, err, "the serving role may read the version")
	require.Equal(t, int64(1), current)

	next := first()
	next["migration/002_add_name.sql"] = file("ALTER TABLE thing ADD COLUMN name text;")
	next["migration/010_index_name.sql"] = &fstest.MapFile{Data: []byte("-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY thing_name ON thing (name);")}
	need, err := migrate.Need(next)
	require.NoError(t, err)
	require.Equal(t, int64(10), need)

	config := migrate.Config{OwnerURL: database.OwnerDSN, Schema: "stock", Files: next}
	applied, err := migrate.Up(t.Context(), config)
	require.NoError(t, err)
	require.Len(t, applied, 2)
	require.Equal(t, "002_add_name.sql", applied[0].Name)
	current, err = migrate.Current(t.Context(), database.DB)
	require.NoError(t, err)
	require.Equal(t, int64(10), current)
	applied, err = migrate.Up(t.Context(), config)
	require.NoError(t, err)
	require.Empty(t, applied)
}

// When it fails, several pods that start at once break the schema, also with an index built concurrently.
func TestRacingRunnersAreQueued(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "stock", first())
	next := first()
	next["migration/002_index.sql"] = &fstest.MapFile{Data: []byte("-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY thing_id ON thing (id);")}
	results := make(chan error, 3)
	applied := make(chan int, 3)
	for range 3 {
		go func() {
			done, err := migrate.Up(t.Context(), migrate.Config{OwnerURL: database.OwnerDSN, Schema: "stock", Files: next})
			applied <- len(done)
			results <- err
		}()
	}
	total := 0
	for range 3 {
		require.NoError(t, <-results)
		total += <-applied
	}
	require.Equal(t, 1, total)
}

// When it fails, a broken migration is taken for done.
func TestBrokenMigrationChangesNothing(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "stock", first())
	next := first()
	next["migration/002_half.sql"] = file("CREATE TABLE half (id int); SELECT nothing FROM nowhere;")
	_, err := migrate.Up(t.Context(), migrate.Config{OwnerURL: database.OwnerDSN, Schema: "stock", Files: next})
	require.ErrorContains(t, err, "nowhere")
	current, err := migrate.Current(t.Context(), database.DB)
	require.NoError(t, err)
	require.Equal(t, int64(1), current)
	var exists bool
	require.NoError(t, database.DB.QueryRow(t.Context(), "SELECT to_regclass('half') IS NOT NULL").Scan(&exists))
	require.False(t, exists)
}

// When it fails, a migration behind a long transaction gives up, or makes all traffic queue behind it.
func TestLockTimeoutIsTriedAgain(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "stock", first())
	holder, err := pgx.Connect(t.Context(), database.AdminDSN)
	require.NoError(t, err)
	defer holder.Close(t.Context())
	tx, err := holder.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SELECT id FROM stock.thing")
	require.NoError(t, err)

	next := first()
	next["migration/002_add_name.sql"] = file("ALTER TABLE thing ADD COLUMN name text;")
	result := make(chan error, 1)
	go func() {
		_, err := migrate.Up(t.Context(), migrate.Config{OwnerURL: database.OwnerDSN, Schema: "stock", Files: next})
		result <- err
	}()
	watcher, err := pgx.Connect(t.Context(), database.AdminDSN)
	require.NoError(t, err)
	defer watcher.Close(t.Context())
	tries := map[time.Time]bool{} // by when each began to wait: the moments between two are too short to be seen
	require.Eventually(t, func() bool {
		var since *time.Time
		err := watcher.QueryRow(t.Context(), `SELECT max(waitstart) FROM pg_locks WHERE NOT granted AND locktype = 'relation'
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&since)
		if err == nil && since != nil {
			tries[*since] = true
		}
		return len(tries) >= 2
	}, waitFor, tick, "the first try gives up and another one follows")
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, <-result)
}

// When it fails, an index whose build was cut off counts as built: nothing is faster by it, and nothing is unique by it.
func TestAnIndexThatWasLeftInvalidIsBuiltAgain(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "stock", first())
	owner, err := pgx.Connect(t.Context(), database.OwnerDSN)
	require.NoError(t, err)
	defer owner.Close(t.Context())
	_, err = owner.Exec(t.Context(), "ALTER TABLE stock.thing ADD COLUMN name text; INSERT INTO stock.thing (id, name) VALUES (1, 'twice'), (2, 'twice')")
	require.NoError(t, err)
	next := first()
	next["migration/002_index_name.sql"] = &fstest.MapFile{Data: []byte("-- +goose NO TRANSACTION\n-- +goose Up\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS thing_name ON thing (name);")}
	config := migrate.Config{OwnerURL: database.OwnerDSN, Schema: "stock", Files: next}
	_, err = migrate.Up(t.Context(), config)
	require.ErrorContains(t, err, "thing_name", "the build fails for two rows of one name")
	valid := func() (is bool) {
		query := "SELECT indisvalid FROM pg_index WHERE indexrelid = 'stock.thing_name'::regclass"
		require.NoError(t, owner.QueryRow(t.Context(), query).Scan(&is))
		return is
	}
	require.False(t, valid(), "and leaves an index that is none")

	_, err = owner.Exec(t.Context(), "DELETE FROM stock.thing WHERE id = 2")
	require.NoError(t, err)
	applied, err := migrate.Up(t.Context(), config)
	require.NoError(t, err)
	require.Len(t, applied, 1)
	require.True(t, valid())
}

// When it fails, the version before the first migration cannot be told from a database that is away.
func TestCurrentWithoutAnyMigration(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "stock", first())
	db, err := postgres.Open(t.Context(), postgres.Config{URL: database.AdminDSN})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	current, err := migrate.Current(t.Context(), db)
	require.NoError(t, err, "the administrator's search path has no such table")
	require.Zero(t, current)
}

// When it fails, a mistake in the layout of the files goes unnoticed until production.
func TestBadFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]fstest.MapFS{
		"none":        {},
		"two places":  {"a/001_x.sql": file(""), "b/002_y.sql": file("")},
		"no number":   {"create_thing.sql": file("")},
		"zero number": {"000_create_thing.sql": file("")},
	} {
		_, err := migrate.Need(files)
		require.Error(t, err, name)
	}
	_, err := migrate.Up(t.Context(), migrate.Config{OwnerURL: "postgres://x@127.0.0.1:1/y", Schema: "", Files: first()})
	require.Error(t, err)
}
