package database_test

import (
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/database"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

func environ(admin, app, owner string) []string {
	return []string{"ADMIN_DATABASE_URL=" + admin, "DATABASE_URL=" + app, "OWNER_DATABASE_URL=" + owner}
}

// When it fails, a chart that is given one URL cannot install its service, or an upgrade changes the passwords under running pods.
func TestOneURLIsEnoughToPrepareAService(t *testing.T) {
	t.Parallel()
	server := postgrestest.New(t, "zeta", fstest.MapFS{"001_create.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}})
	admin, err := pgx.Connect(t.Context(), server.AdminDSN)
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close(t.Context()) })
	passwords := func() (app, owner string) {
		require.NoError(t, admin.QueryRow(t.Context(), "SELECT rolpassword FROM pg_authid WHERE rolname = 'omega_app'").Scan(&app))
		require.NoError(t, admin.QueryRow(t.Context(), "SELECT rolpassword FROM pg_authid WHERE rolname = 'omega_owner'").Scan(&owner))
		return app, owner
	}
	settings := environ(server.AdminDSN, "postgres://omega_app:first%20one@db/shop", "postgres://omega_owner:second@db/shop")
	require.NoError(t, database.Prepare(t.Context(), "omega", settings))
	app, owner := passwords()
	require.NotEqual(t, app, owner)
	var schemaOwner string
	require.NoError(t, admin.QueryRow(t.Context(), "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'omega'").Scan(&schemaOwner))
	require.Equal(t, "omega_owner", schemaOwner)

	require.NoError(t, database.Prepare(t.Context(), "omega", settings), "an upgrade prepares again")
	require.NoError(t, database.Prepare(t.Context(), "omega", environ(server.AdminDSN, "postgres://omega_app:other@db/shop", "postgres://omega_owner:second@db/shop")))
	changed, _ := passwords()
	require.NotEqual(t, app, changed, "the password is that of the URL")
}

// When it fails, a role is made without a password, or a service gets the rights of another.
func TestURLsMustFitTheService(t *testing.T) {
	t.Parallel()
	const admin = "postgres://admin:x@127.0.0.1:1/shop"
	for want, settings := range map[string][]string{
		"ADMIN_DATABASE_URL":                                           environ("", "postgres://cart_app:a@db/shop", "postgres://cart_owner:b@db/shop"),
		"DATABASE_URL: the user must be cart_app":                      environ(admin, "postgres://cart_owner:a@db/shop", "postgres://cart_owner:b@db/shop"),
		"OWNER_DATABASE_URL: the user must be cart_owner":              environ(admin, "postgres://cart_app:a@db/shop", "postgres://product_owner:b@db/shop"),
		"DATABASE_URL: must be a URL with a user and a password":       environ(admin, "postgres://cart_app@db/shop", "postgres://cart_owner:b@db/shop"),
		"OWNER_DATABASE_URL: must be a URL with a user and a password": environ(admin, "postgres://cart_app:a@db/shop", "postgres://db/shop"),
	} {
		require.ErrorContains(t, database.Prepare(t.Context(), "cart", settings), want)
	}
}
