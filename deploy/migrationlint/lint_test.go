package migrationlint_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/migrationlint"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

const (
	folder = "services/cart/internal/postgres/migration/"
	alone  = "-- +goose NO TRANSACTION\n"
	first  = "-- +goose Up\nCREATE TABLE cart (id text PRIMARY KEY, email text);\nCREATE TABLE line (id text PRIMARY KEY);\n"
)

// record is of a release of cart with its first migration.
func record() *released.Record {
	sum := sha256.Sum256([]byte(first))
	return &released.Record{Services: map[string]released.Release{"cart": {
		Version: "1.4.0", Schema: 1, Migrations: map[string]string{"001_create_cart.sql": hex.EncodeToString(sum[:])},
	}}}
}

// tree has the released migration and new ones.
func tree(files map[string]string) fstest.MapFS {
	t := fstest.MapFS{folder + "001_create_cart.sql": {Data: []byte(first)}}
	for name, sql := range files {
		t[folder+name] = &fstest.MapFile{Data: []byte(sql)}
	}
	return t
}

// found lints one new migration.
func found(t *testing.T, sql string) []migrationlint.Finding {
	t.Helper()
	if !strings.Contains(sql, "+goose Up") {
		sql = "-- +goose Up\n" + sql
	}
	findings, err := migrationlint.Lint(tree(map[string]string{"002_change_cart.sql": sql}), record())
	require.NoError(t, err, sql)
	return findings
}

// When it fails, a migration of this repository breaks or holds up the release that runs beside it. The message says how to write
// it instead.
func TestMigrationsOfThisRepository(t *testing.T) {
	t.Parallel()
	last, err := released.Load(filepath.Join("..", "..", released.File))
	require.NoError(t, err)
	findings, err := migrationlint.Lint(os.DirFS(filepath.Join("..", "..")), last)
	require.NoError(t, err)
	for _, finding := range findings {
		t.Error(finding)
	}
}

// When it fails, a migration that takes something away from the old release, or stops its requests, goes through.
func TestBadMigrationsAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule migrationlint.Rule
		sql  string
		says string
	}{
		{migrationlint.Expand, "ALTER TABLE cart DROP COLUMN email;", "reads and writes email"},
		{migrationlint.Expand, "ALTER TABLE cart ADD COLUMN a int, DROP IF EXISTS email;", "reads and writes email"},
		{migrationlint.Expand, "ALTER TABLE cart RENAME COLUMN email TO mail;", "by its old name"},
		{migrationlint.Expand, "ALTER TABLE cart RENAME TO basket;", "by its old name"},
		{migrationlint.Expand, "ALTER INDEX cart_pkey RENAME TO key;", "by its old name"},
		{migrationlint.Expand, "DROP TABLE cart;", "the table that it drops"},
		{migrationlint.Expand, "DROP VIEW IF EXISTS open_cart;", "the view that it drops"},
		{migrationlint.Expand, `ALTER TABLE "cart" ADD "note" text NOT NULL;`, "does not know note"},
		{migrationlint.Expand, "ALTER TABLE cart ALTER COLUMN email DROP NOT NULL;", "null in email"},
		{migrationlint.Expand, "ALTER TABLE cart ALTER email DROP DEFAULT;", "leave email out"},
		{migrationlint.Expand, "ALTER TABLE cart DROP CONSTRAINT cart_pkey;", "rely on cart_pkey"},
		{migrationlint.Expand, "ALTER TYPE state RENAME VALUE 'a' TO 'b';", "by its old name"},
		{migrationlint.Expand, "REVOKE DELETE ON cart, line FROM cart_app;", "the right on cart"},
		{migrationlint.Expand, "TRUNCATE cart;", "removes rows"},
		{migrationlint.Locks, "CREATE INDEX cart_email ON cart (email);", "writing to cart"},
		{migrationlint.Locks, "CREATE UNIQUE INDEX ON ONLY cart (email);", "writing to cart"},
		{migrationlint.Locks, "CREATE INDEX CONCURRENTLY IF NOT EXISTS cart_email ON cart (email);", "cannot run in a transaction"},
		{migrationlint.Locks, "DROP INDEX cart_email;", "waits for every request"},
		{migrationlint.Locks, "DROP INDEX CONCURRENTLY IF EXISTS cart_email;", "cannot run in a transaction"},
		{migrationlint.Locks, "ALTER TABLE cart ALTER COLUMN email TYPE varchar(10);", "new type of email"},
		{migrationlint.Locks, "ALTER TABLE cart ALTER email SET DATA TYPE int USING email::int;", "new type of email"},
		{migrationlint.Locks, "ALTER TABLE cart ALTER COLUMN email SET NOT NULL;", "a null in email"},
		{migrationlint.Locks, "ALTER TABLE cart ADD CONSTRAINT has CHECK (email <> '');", "every row is looked at"},
		{migrationlint.Locks, "ALTER TABLE cart ADD FOREIGN KEY (id) REFERENCES line (id);", "every row is looked at"},
		{migrationlint.Locks, "ALTER TABLE cart ADD CONSTRAINT one UNIQUE (email);", "its index is built"},
		{migrationlint.Locks, "ALTER TABLE cart ADD EXCLUDE USING gist (email WITH =);", "its index is built"},
		{migrationlint.Locks, "ALTER TABLE cart ADD CONSTRAINT has CHECK (email <> '') NOT VALID; ALTER TABLE cart VALIDATE CONSTRAINT has;", "while the lock of ADD CONSTRAINT is held"},
		{migrationlint.Locks, "ALTER TABLE cart ADD COLUMN line text REFERENCES line (id);", "constraint of line"},
		{migrationlint.Locks, "ALTER TABLE cart ADD COLUMN code text UNIQUE;", "index of code"},
		{migrationlint.Locks, "ALTER TABLE cart ADD COLUMN key uuid NOT NULL DEFAULT gen_random_uuid();", "gen_random_uuid() gives every row"},
		{migrationlint.Locks, "ALTER TABLE cart ADD COLUMN n bigserial;", "rewritten to fill n"},
		{migrationlint.Locks, "ALTER TABLE cart SET UNLOGGED;", "rewrites the table"},
		{migrationlint.Locks, "SET lock_timeout = 0;", "timeouts and search path"},
		{migrationlint.Locks, "LOCK TABLE cart;", "keeps everybody out"},
		{migrationlint.Locks, "DO $$ BEGIN DROP TABLE cart; END $$;", "cannot be read"},
		{migrationlint.Locks, "IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c;", "nobody has thought about"},
		{migrationlint.Locks, "CREATE RULE a AS ON SELECT TO b DO INSTEAD NOTHING;", "nobody has thought about"},
		{migrationlint.Repeat, alone + "-- +goose Up\nCREATE INDEX CONCURRENTLY cart_email ON cart (email);", "run again"},
		{migrationlint.Repeat, alone + "-- +goose Up\nALTER TABLE cart ADD COLUMN a int;", "run again"},
		{migrationlint.Repeat, "BEGIN;", "makes the transaction"},
		{migrationlint.Traffic, "UPDATE cart SET email = lower(email);", "locks of rows"},
		{migrationlint.Traffic, "DELETE FROM cart WHERE email IS NULL;", "locks of rows"},
		{migrationlint.Traffic, "INSERT INTO line (id) SELECT id FROM cart;", "locks of rows"},
		{migrationlint.Traffic, "WITH old AS (DELETE FROM cart RETURNING id) SELECT count(id) FROM old;", "locks of rows"},
		{migrationlint.Traffic, "ALTER TABLE cart ADD COLUMN a int; ALTER TABLE line ADD COLUMN a int;", "it locks line"},
		{migrationlint.Traffic, "ALTER TABLE cart ADD COLUMN a int; CREATE TABLE b (id text REFERENCES line (id));", "it locks line"},
	} {
		t.Run(c.sql, func(t *testing.T) {
			t.Parallel()
			findings := found(t, "-- harmless\n"+c.sql)
			require.NotEmpty(t, findings, c.sql)
			require.Equal(t, c.rule, findings[0].Rule, findings[0])
			require.Equal(t, folder+"002_change_cart.sql", findings[0].File)
			require.Contains(t, findings[0].What, c.says)
			require.NotEmpty(t, findings[0].Instead)
		})
	}
}

// When it fails, people learn to write exceptions, because what is safe is refused too.
func TestSafeMigrationsPass(t *testing.T) {
	t.Parallel()
	for _, sql := range []string{
		"CREATE TABLE note (id text PRIMARY KEY, cart_id text NOT NULL REFERENCES cart (id), n int UNIQUE);\nCREATE INDEX note_cart ON note (cart_id);\nREVOKE DELETE ON note FROM cart_app;\nINSERT INTO note (id) SELECT id FROM cart;\nALTER TABLE note DROP COLUMN n;",
		"ALTER TABLE cart ADD COLUMN note text, ADD COLUMN n int NOT NULL DEFAULT 0, ADD COLUMN at timestamptz NOT NULL DEFAULT now();\nCOMMENT ON COLUMN cart.note IS 'DROP TABLE cart; -- no';",
		"ALTER TABLE cart ADD CONSTRAINT has CHECK (email <> '') NOT VALID;",
		"ALTER TABLE cart ADD CONSTRAINT one UNIQUE USING INDEX cart_email;",
		"ALTER TABLE cart ALTER COLUMN email SET DEFAULT '', SET (fillfactor = 50);",
		alone + "-- +goose Up\nCREATE INDEX CONCURRENTLY IF NOT EXISTS cart_email ON cart (email);\nDROP INDEX CONCURRENTLY IF EXISTS cart_old;",
		"-- +goose Up\n-- +goose StatementBegin\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN DELETE FROM cart; RETURN $1; END $body$;\n-- +goose StatementEnd\nGRANT EXECUTE ON FUNCTION f() TO cart_app;\n-- +goose Down\nDROP TABLE cart;",
		"INSERT INTO line (id) VALUES ('a'), ('b''; DROP TABLE cart;'), (E'c\\'; DROP TABLE cart;');",
		"/* /* DROP TABLE cart; */ */ SELECT 1;",
	} {
		require.Empty(t, found(t, sql), sql)
	}
}

// When it fails, a column cannot be made NOT NULL safely, or it is believed to be safe when it is not.
func TestNotNullAfterAValidCheck(t *testing.T) {
	t.Parallel()
	check := "-- +goose Up\nALTER TABLE cart ADD CONSTRAINT has_email CHECK (email IS NOT NULL) NOT VALID;"
	validate := "-- +goose Up\nALTER TABLE cart VALIDATE CONSTRAINT has_email;"
	set := "-- +goose Up\nALTER TABLE cart ALTER COLUMN email SET NOT NULL, DROP CONSTRAINT has_email;"
	files := map[string]string{"002_check.sql": check, "003_validate.sql": validate, "004_set.sql": set}
	findings, err := migrationlint.Lint(tree(files), record())
	require.NoError(t, err)
	require.Empty(t, findings)
	delete(files, "003_validate.sql")
	findings, err = migrationlint.Lint(tree(files), record())
	require.NoError(t, err)
	require.Len(t, findings, 1)
	require.Contains(t, findings[0].What, "a null in email")
}

// When it fails, exceptions are made without a reason, for something that is still in use, or stay when they excuse nothing.
func TestExceptions(t *testing.T) {
	t.Parallel()
	drop := "\nALTER TABLE cart DROP COLUMN email;"
	for comment, says := range map[string]string{
		"-- allow MIG-1 since 1.4.0: nothing reads it from there on":   "",
		"-- allow MIG-1 since 1.3.9: nothing reads it from there on":   "",
		"-- allow MIG-1: nothing reads it from there on":               "does not say since which release",
		"-- allow MIG-1 since 1.5.0: nothing reads it from there on":   "1.5.0 is not released",
		"-- allow MIG-1 since 1.4.0: it is fine":                       "is no reason",
		"-- allow MIG-2: nothing reads it from there on":               "reads and writes email",
		"-- allow MIG-5: nothing reads it from there on":               "cannot be read",
		"-- allow MIG-1 since 1.4.0: nothing reads it\n\nSELECT 1;":    "reads and writes email",
		"-- allow MIG-2: the table has forty rows\n-- and is not used": "reads and writes email",
	} {
		findings := found(t, comment+drop)
		if says == "" {
			require.Empty(t, findings, comment)
			continue
		}
		require.NotEmpty(t, findings, comment)
		var all []string
		for _, finding := range findings {
			all = append(all, finding.String())
		}
		require.Contains(t, strings.Join(all, "\n"), says)
	}
	require.Contains(t, found(t, "-- allow MIG-2: the table has forty rows\nSELECT 1;")[0].What, "excuses nothing")
	require.Contains(t, found(t, "SELECT 1;\n-- allow MIG-2: the table has forty rows")[0].What, "above no statement")
}

// When it fails, a migration that has run is edited, renumbered, removed or overtaken, and schemas of the same number differ.
func TestWhatWasReleasedStays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule   migrationlint.Rule
		change func(fstest.MapFS)
		says   string
	}{
		{migrationlint.Stays, func(f fstest.MapFS) {
			f[folder+"001_create_cart.sql"] = &fstest.MapFile{Data: []byte(first + "-- more\n")}
		}, "says something else now"},
		{migrationlint.Stays, func(f fstest.MapFS) {
			f[folder+"002_create_cart.sql"] = f[folder+"001_create_cart.sql"]
			delete(f, folder+"001_create_cart.sql")
		}, "has another number"},
		{migrationlint.Order, func(f fstest.MapFS) { f[folder+"001_index_cart.sql"] = &fstest.MapFile{Data: []byte(first)} }, "has the number of"},
		{migrationlint.Order, func(f fstest.MapFS) { f[folder+"000_index_cart.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\n")} }, "schemas are at 1 since 1.4.0"},
		{migrationlint.Order, func(f fstest.MapFS) { f[folder+"index.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\n")} }, "does not find it by its name"},
	} {
		files := tree(nil)
		c.change(files)
		findings, err := migrationlint.Lint(files, record())
		require.NoError(t, err)
		require.NotEmpty(t, findings, c.says)
		require.Equal(t, c.rule, findings[0].Rule)
		require.Contains(t, findings[0].What, c.says)
	}
	findings, err := migrationlint.Lint(tree(nil), record())
	require.NoError(t, err)
	require.Empty(t, findings)
}

// When it fails, people are sent to the wrong place, or cannot see which rule and what to do.
func TestAFindingTellsWhereAndWhat(t *testing.T) {
	t.Parallel()
	findings := found(t, "-- +goose Up\n\nALTER TABLE cart\n    ADD COLUMN a int,\n    DROP COLUMN email;\n")
	require.Len(t, findings, 1)
	require.Equal(t, folder+"002_change_cart.sql:5: MIG-1: the old release reads and writes email; instead: release what no longer uses it first, "+
		"and drop it in a later release with -- allow MIG-1 since that release: why", findings[0].String())
	_, err := migrationlint.Lint(tree(map[string]string{"002_x.sql": "-- +goose Up\nSELECT 'a"}), record())
	require.ErrorContains(t, err, "line 2: ' is not closed")
}
