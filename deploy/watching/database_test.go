package watching_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/runbooks"
)

// jobbers are the services of which a runbook may look at tables that each of them has.
var jobbers = []string{"product", "pricing", "inventory", "payment", "cart"}

// When it fails, somebody at night types a statement of a runbook and learns that a column is called otherwise.
func TestStatementsOfRunbooksCanBeAsked(t *testing.T) {
	t.Parallel()
	pages, err := runbooks.Read("../runbooks")
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), watched.shop.DatabaseURL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	count := 0
	for _, p := range pages {
		for _, statement := range p.Statements() {
			count++
			schemas := []string{strings.ToLower(statement.Database)}
			if statement.Database == "DSN" {
				schemas = jobbers
			}
			for _, schema := range schemas {
				_, err := conn.Exec(t.Context(), "SET search_path TO "+pgx.Identifier{schema}.Sanitize())
				require.NoError(t, err)
				_, err = conn.Exec(t.Context(), "EXPLAIN "+statement.SQL)
				require.NoError(t, err, "%s in %s: %s", p.Name, schema, statement.SQL)
			}
		}
	}
	require.Greater(t, count, 15)
}
