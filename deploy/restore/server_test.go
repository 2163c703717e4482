package restore

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
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
// for.
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

// When it fails, a restore that does not start ends in a panic instead of its error, and leaves its folder behind.
func TestAServerThatDoesNotStartCanBeStopped(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	ports, err := stack.FreePorts()
	require.NoError(t, err)
	s, err := startServer(ctx, ports.Postgres, time.Hour)
	require.NoError(t, err)
	require.NoError(t, s.stop(ctx))
	require.Error(t, s.start(ctx, "second", map[string]string{"no_such_setting": "on"}))
	require.NoError(t, s.stop(context.WithoutCancel(ctx)))
	require.NoError(t, s.remove())
}

// When it fails, docs/restore.md tells people to write other settings than those with which a database was lost and came back.
func TestTheGuideHasTheSettingsThatWereTried(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/restore.md")
	require.NoError(t, err)
	guide := string(text)
	for _, folder := range []string{"/archive", "/archive-2"} {
		require.Contains(t, guide, "archive_command = '"+archiveCommand(folder)+"'\n")
	}
	at := time.Date(2026, 11, 27, 3, 58, 20, 0, time.UTC)
	for name, value := range recovery("/archive", at) {
		require.Contains(t, guide, name+" = '"+value+"'")
		require.Contains(t, guide, "ALTER SYSTEM RESET "+name, "what is left behind decides the next restore")
	}
}

// When it fails, the first buyer in a channel after a restore gets the number of somebody whose order is forgotten.
func TestEveryKnownPrefixLeavesOutNumbers(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cart := postgrestest.New(t, "cart", os.DirFS("../../services/cart/internal/postgres/migration"))
	conn, err := pgx.Connect(ctx, cart.AppDSN)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.WithoutCancel(ctx))) })
	const sold = `
		INSERT INTO order_number (prefix, last) VALUES ('UK-', 1234);
		INSERT INTO channel_settings (channel, capture, tax_display, rounding, order_prefix, shipping_tax_class, shipping_tax_proportional,
			home_country, remove_home_tax)
		VALUES ('uk-web', 'at_placement', 'inclusive', 'half_up_line', 'UK-', 'standard', false, '', false),
			('fr-web', 'at_placement', 'inclusive', 'half_up_line', 'FR.', 'standard', false, '', false);
		INSERT INTO cart (id, channel, currency, country, locale, state)
		VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaa', 'de-web', 'EUR', 'DE', 'de', 'active'),
			('bbbbbbbbbbbbbbbbbbbbbbbbbb', 'averylongchannel-web', 'EUR', 'DE', 'de', 'active');
	`
	_, err = conn.PgConn().Exec(ctx, sold).ReadAll()
	require.NoError(t, err)
	_, err = conn.Exec(ctx, query("advance_numbers"))
	require.NoError(t, err)
	answer, err := conn.Query(ctx, "SELECT prefix || (last + 1) FROM order_number")
	require.NoError(t, err)
	next, err := pgx.CollectRows(answer, pgx.RowTo[string])
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"UK-101235", "FR.101001", "DE-101001", "AVERYLONGCH-101001"}, next)
}
