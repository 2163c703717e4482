package postgrestest_test

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

func migrations(sql string) fstest.MapFS {
	return fstest.MapFS{"migration/001_create_thing.sql": {Data: []byte("-- +goose Up\n" + sql)}}
}

// When it fails, tests see each other's rows.
func TestDatabasesAreSeparate(t *testing.T) {
	t.Parallel()
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			database := postgrestest.New(t, "thing", migrations("CREATE TABLE thing (name text PRIMARY KEY);"))
			_, err := database.DB.Exec(t.Context(), "INSERT INTO thing VALUES ('one')")
			require.NoError(t, err)
			var n int
			require.NoError(t, database.DB.QueryRow(t.Context(), "SELECT count(*) FROM thing").Scan(&n))
			require.Equal(t, 1, n)
		})
	}
}
