package audit_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

// When it fails, whoever gets hold of the auditor's password can change orders, money or stock.
func TestAuditorCanReadEverythingAndWriteNothing(t *testing.T) {
	t.Parallel()
	s := makeModel(t).copy(t)
	require.NoError(t, audit.Provision(t.Context(), s.admin, password), "it may be made again")
	conn, err := pgx.Connect(t.Context(), s.auditor)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	var readOnly string
	require.NoError(t, conn.QueryRow(t.Context(), "SHOW default_transaction_read_only").Scan(&readOnly))
	require.Equal(t, "on", readOnly)
	_, err = conn.Exec(t.Context(), "SET default_transaction_read_only = off")
	require.NoError(t, err)
	rows, err := conn.Query(t.Context(), `SELECT format('%I.%I', n.nspname, c.relname), quote_ident(min(a.attname))
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attidentity = '' AND a.attgenerated = ''
		WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' GROUP BY 1`)
	require.NoError(t, err)
	type table struct{ Name, Column string }
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[table])
	require.NoError(t, err)
	require.Greater(t, len(tables), 60, "the tables of five services and of their jobs")
	for _, one := range tables {
		_, err := conn.Exec(t.Context(), "SELECT 1 FROM "+one.Name+" LIMIT 1")
		require.NoError(t, err, one.Name)
		for _, write := range []string{
			"INSERT INTO " + one.Name + " DEFAULT VALUES", "UPDATE " + one.Name + " SET " + one.Column + " = NULL", "DELETE FROM " + one.Name, "TRUNCATE " + one.Name,
		} {
			_, err := conn.Exec(t.Context(), write)
			var refused *pgconn.PgError
			require.ErrorAs(t, err, &refused, write)
			require.Equal(t, "42501", refused.Code, write)
		}
	}
	for _, more := range []string{"CREATE TABLE cart.mine (id int)", "CREATE TABLE public.mine (id int)", "CREATE TEMPORARY TABLE mine (id int)", "CREATE SCHEMA mine", "SET ROLE cart_owner", "SELECT payment.check_entry()"} {
		_, err := conn.Exec(t.Context(), more)
		var refused *pgconn.PgError
		require.ErrorAs(t, err, &refused, more)
		require.Equal(t, "42501", refused.Code, more)
	}
}
