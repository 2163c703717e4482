package provision_test

import (
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(t.Context()) })
	return conn
}

func database(t *testing.T, service string) *postgrestest.Database {
	t.Helper()
	return postgrestest.New(t, service, fstest.MapFS{"001_create_secret.sql": {Data: []byte(`-- +goose Up
CREATE TABLE secret (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
CREATE TABLE ledger (id int PRIMARY KEY);
REVOKE UPDATE, DELETE ON ledger FROM ` + service + `_app;
`)}})
}

func denied(t *testing.T, err error, what string) {
	t.Helper()
	var pgErr *pgconn.PgError
	require.ErrorAs(t, err, &pgErr, what)
	require.Equal(t, "42501", pgErr.Code, what)
}

// When it fails, a hole in one service opens the data of all.
func TestServiceRolesReachOnlyTheirOwnRows(t *testing.T) {
	t.Parallel()
	alpha := database(t, "alpha")
	require.NoError(t, provision.Apply(t.Context(), alpha.AdminDSN, provision.Service{Name: "beta"}))
	admin := connect(t, alpha.AdminDSN)
	_, err := admin.Exec(t.Context(), "SET ROLE beta_owner; CREATE TABLE beta.other (id int); RESET ROLE")
	require.NoError(t, err)

	app := connect(t, alpha.AppDSN)
	for _, allowed := range []string{
		"INSERT INTO secret (name) VALUES ('x')", "SELECT id, name FROM secret", "UPDATE secret SET name = 'y'", "DELETE FROM secret",
		"INSERT INTO ledger VALUES (1)", "SELECT f_unaccent('é'), similarity('a', 'b')",
	} {
		_, err := app.Exec(t.Context(), allowed)
		require.NoError(t, err, allowed)
	}
	for _, forbidden := range []string{
		"TRUNCATE secret", "ALTER TABLE secret ADD COLUMN x int", "DROP TABLE secret", "CREATE TABLE mine (id int)",
		"CREATE TABLE public.mine (id int)", "CREATE TEMPORARY TABLE mine (id int)", "CREATE SCHEMA mine",
		"UPDATE ledger SET id = 2", "DELETE FROM ledger", "SELECT rolpassword FROM pg_authid", "SET ROLE alpha_owner",
		"SELECT id FROM beta.other", "INSERT INTO beta.other VALUES (1)", "UPDATE beta.other SET id = 1", "DELETE FROM beta.other",
		"TRUNCATE beta.other", "CREATE TABLE extensions.mine (id int)",
	} {
		_, err := app.Exec(t.Context(), forbidden)
		denied(t, err, forbidden)
	}
	owner := connect(t, alpha.OwnerDSN)
	_, err = owner.Exec(t.Context(), "SELECT id FROM beta.other")
	denied(t, err, "the owner of one schema in another")
}

// When it fails, a role of another service may open connections to this one's database.
func TestOnlyItsRolesMayConnect(t *testing.T) {
	t.Parallel()
	alpha, gamma := database(t, "alpha"), database(t, "gamma")
	config, err := pgx.ParseConfig(alpha.AppDSN)
	require.NoError(t, err)
	foreign, err := pgx.ParseConfig(gamma.AppDSN)
	require.NoError(t, err)
	config.User, config.Password = foreign.User, foreign.Password
	_, err = pgx.ConnectConfig(t.Context(), config)
	denied(t, err, "connect")
}

// When it fails, one slow query or a forgotten transaction holds up everybody.
func TestRolesHaveLimits(t *testing.T) {
	t.Parallel()
	alpha := database(t, "alpha")
	for dsn, want := range map[string]map[string]string{
		alpha.AppDSN: {
			"statement_timeout": "2s", "lock_timeout": "1s", "idle_in_transaction_session_timeout": "10s", "search_path": "alpha, extensions",
		},
		alpha.OwnerDSN: {
			"statement_timeout": "15min", "lock_timeout": "3s", "idle_in_transaction_session_timeout": "1min", "search_path": "alpha, extensions",
		},
	} {
		conn := connect(t, dsn)
		for name, value := range want {
			var got string
			require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&got))
			require.Equal(t, value, got, name)
		}
	}
}

// When it fails, provisioning a running system breaks it or undoes what migrations revoked.
func TestApplyAgainChangesNothing(t *testing.T) {
	t.Parallel()
	alpha := database(t, "alpha")
	results := make(chan error, 4)
	for range 4 {
		go func() { results <- provision.Apply(t.Context(), alpha.AdminDSN, provision.Service{Name: "alpha"}) }()
	}
	for range 4 {
		require.NoError(t, <-results)
	}
	_, err := connect(t, alpha.AppDSN).Exec(t.Context(), "DELETE FROM ledger")
	denied(t, err, "a revoked privilege")
}

// When it fails, search for "cafe" does not find "Café", or cannot use an index.
func TestUnaccentFitsAnIndex(t *testing.T) {
	t.Parallel()
	alpha := database(t, "alpha")
	owner := connect(t, alpha.OwnerDSN)
	_, err := owner.Exec(t.Context(), "CREATE INDEX ON secret USING gin (f_unaccent(lower(name)) gin_trgm_ops)")
	require.NoError(t, err)
	var got string
	require.NoError(t, owner.QueryRow(t.Context(), "SELECT f_unaccent(lower('CAFÉ Æsir'))").Scan(&got))
	require.Equal(t, "cafe aesir", got)
}

// When it fails, a name that is no identifier is run as SQL.
func TestNamesAreChecked(t *testing.T) {
	t.Parallel()
	alpha := database(t, "alpha")
	for _, name := range []string{"", "a b", "a;DROP ROLE x", "Alpha", "1a", "a-b"} {
		require.Error(t, provision.Apply(t.Context(), alpha.AdminDSN, provision.Service{Name: name}), name)
	}
}
