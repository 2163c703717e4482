package restore

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

// rows counts what the server's table has.
func rows(ctx context.Context, t *testing.T, s *server) (n int) {
	t.Helper()
	conn, err := pgx.Connect(ctx, s.URL())
	require.NoError(t, err)
	require.NoError(t, conn.QueryRow(ctx, "SELECT count(*) FROM thing").Scan(&n))
	require.NoError(t, conn.Close(ctx))
	return n
}

// archived moves the log on to its next file and waits until the archive has what was written.
func archived(ctx context.Context, t *testing.T, s *server) {
	t.Helper()
	here, err := s.position(ctx)
	require.NoError(t, err)
	require.NoError(t, s.exec(ctx, s.URL(), "SELECT pg_switch_wal()"))
	require.NoError(t, s.reached(ctx, here.written))
}

// When it fails, a lost database does not come back from its backup and archive, or comes back as it was at another time than was asked
// for, and the commands of docs/restore.md do not do what they say.
func TestALostServerComesBackAsItWas(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	ports, err := stack.FreePorts()
	require.NoError(t, err)
	s, err := startServer(ctx, ports.Postgres, time.Hour) // only full files are archived, and those that the test ends
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.stop(context.WithoutCancel(ctx)))
		require.NoError(t, s.remove())
	})
	require.NoError(t, s.create(ctx))
	require.NoError(t, s.exec(ctx, s.URL(), "CREATE TABLE thing (name text)"))
	require.NoError(t, s.backup(ctx))
	require.NoError(t, s.exec(ctx, s.URL(), "INSERT INTO thing VALUES ('before the moment')"))
	here, err := s.position(ctx)
	require.NoError(t, err)
	require.NoError(t, s.exec(ctx, s.URL(), "INSERT INTO thing VALUES ('after it')"))
	archived(ctx, t, s)
	require.NoError(t, s.exec(ctx, s.URL(), "INSERT INTO thing VALUES ('not archived')"))

	require.NoError(t, s.lose())
	require.NoDirExists(t, s.data())
	_, err = s.restore(ctx, "newest", time.Time{})
	require.NoError(t, err)
	require.Equal(t, 2, rows(ctx, t, s), "everything that was archived, and nothing else")
	archived(ctx, t, s) // the restored server archives, too
	files, err := os.ReadDir(s.archive)
	require.NoError(t, err)
	require.NotEmpty(t, files)

	require.NoError(t, s.stop(ctx))
	_, err = s.restore(ctx, "time", here.at)
	require.NoError(t, err)
	require.Equal(t, 1, rows(ctx, t, s), "what was there at the moment")
	require.NoError(t, s.exec(ctx, s.URL(), "INSERT INTO thing VALUES ('new')"))
}
