package databaseroles_test

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/databaseroles"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"testing/fstest"
)

// vault is a Secrets Manager in memory.
type vault struct {
	logins map[string]databaseroles.Login
	full   bool
}

func (v *vault) Get(_ context.Context, name string) (databaseroles.Login, error) {
	return v.logins[name], nil
}

func (v *vault) Put(_ context.Context, name string, login databaseroles.Login) error {
	if v.full {
		return errors.New("no more")
	}
	v.logins[name] = login
	return nil
}

// server is a database with a schema of the service, whose tables a migration made, and the URL as services would be given it.
func server(t *testing.T, service string) (databaseroles.Database, *vault) {
	t.Helper()
	made := postgrestest.New(t, service, fstest.MapFS{"001_create.sql": {Data: []byte("-- +goose Up\nCREATE TABLE note (text text);\n")}})
	address, err := url.Parse(made.AdminDSN)
	require.NoError(t, err)
	database := databaseroles.Database{AdministratorURL: made.AdminDSN, Host: address.Host, Name: address.Path, Query: address.RawQuery}
	return database, &vault{logins: map[string]databaseroles.Login{}}
}

// work does what a service does with its login.
func work(t *testing.T, login databaseroles.Login) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), login.URL)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	_, err = conn.Exec(t.Context(), "INSERT INTO note (text) VALUES ('x')")
	require.NoError(t, err)
	var role, timeout string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_user, current_setting('statement_timeout')").Scan(&role, &timeout))
	require.Equal(t, "rotated_app", role)
	require.Equal(t, "2s", timeout)
	_, err = conn.Exec(t.Context(), "DROP TABLE note")
	require.Error(t, err, "it is not the owner")
	return nil
}

// A new password must not fail a call: pods that still have the old one go on, and those with the new one can do the same.
func TestRotate(t *testing.T) {
	t.Parallel()
	database, vault := server(t, "rotated")
	const name = "cartwright/test/rotated"
	services := []string{"rotated"}
	require.NoError(t, database.Apply(t.Context(), vault, "test", services))
	require.Equal(t, "rotated_owner", vault.logins[name+"-owner"].Username)
	first := vault.logins[name]
	require.Equal(t, "rotated_app", first.Username)
	require.NoError(t, work(t, first))

	require.NoError(t, database.Rotate(t.Context(), vault, "test", services))
	second := vault.logins[name]
	require.Equal(t, "rotated_app_b", second.Username)
	require.NoError(t, work(t, second))
	require.NoError(t, work(t, first), "pods that have not read the new one yet")

	require.NoError(t, database.Apply(t.Context(), vault, "test", services), "it may be run again")
	require.Equal(t, second, vault.logins[name])
	require.NoError(t, work(t, second))

	require.NoError(t, database.Rotate(t.Context(), vault, "test", services))
	third := vault.logins[name]
	require.Equal(t, "rotated_app", third.Username)
	require.NotEqual(t, first.Password, third.Password)
	require.NoError(t, work(t, third))
	require.NoError(t, work(t, second))

	vault.full = true
	require.Error(t, database.Rotate(t.Context(), vault, "test", services))
	require.NoError(t, work(t, vault.logins[name]), "what the vault says works, whatever went wrong")
	require.NoError(t, provision.Apply(t.Context(), database.AdministratorURL, provision.Service{Name: "rotated"}))
}
