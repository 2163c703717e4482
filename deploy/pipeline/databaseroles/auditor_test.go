package databaseroles_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
)

// When it fails, the auditor of an environment has a password that the database does not, and nobody looks for what must never be.
func TestTheAuditorsLogin(t *testing.T) {
	t.Parallel()
	database, vault := server(t, "rotated")
	const name = "cartwright/test/auditor"
	require.Error(t, database.ApplyAuditor(t.Context(), vault, "test"), "there is nothing to read yet")
	for _, service := range []string{"product", "pricing", "inventory", "payment", "cart"} {
		require.NoError(t, provision.Apply(t.Context(), database.AdministratorURL, provision.Service{Name: service}))
	}
	admin, err := pgx.Connect(t.Context(), database.AdministratorURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close(context.WithoutCancel(t.Context())) })
	stored := func() (password string) {
		require.NoError(t, admin.QueryRow(t.Context(), "SELECT rolpassword FROM pg_authid WHERE rolname = 'auditor'").Scan(&password))
		return password
	}

	require.NoError(t, database.ApplyAuditor(t.Context(), vault, "test"))
	first, kept := vault.logins[name], stored()
	require.Equal(t, "auditor", first.Username)
	conn, err := pgx.Connect(t.Context(), first.URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	var role, readOnly string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_user, current_setting('default_transaction_read_only')").Scan(&role, &readOnly))
	require.Equal(t, []string{"auditor", "on"}, []string{role, readOnly})

	require.NoError(t, database.ApplyAuditor(t.Context(), vault, "test"), "it may be run again")
	require.Equal(t, first, vault.logins[name])

	require.NoError(t, database.RotateAuditor(t.Context(), vault, "test"))
	require.NotEqual(t, first.Password, vault.logins[name].Password)
	require.NotEqual(t, kept, stored())

	second, kept := vault.logins[name], stored()
	vault.full = true
	require.Error(t, database.RotateAuditor(t.Context(), vault, "test"))
	require.Equal(t, second, vault.logins[name])
	require.Equal(t, kept, stored(), "a password that the vault did not take is not set")
}
