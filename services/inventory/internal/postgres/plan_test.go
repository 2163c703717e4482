package postgres_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// statements reads the generated statements by name.
func statements(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	files, err := filepath.Glob("db/*.sql.go")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile("(?s)const (\\w+) = `(.*?)`").FindAllStringSubmatch(string(source), -1) {
			found[match[1]] = match[2]
		}
	}
	return found
}

// When it fails, a statement of the buying path reads a whole table, and the shop slows down as it sells.
func TestStatementsUseIndexes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	defer f.reset() // the rows below are no true books
	f.asOwner(`INSERT INTO location (key, name, country_code, channels, priority, active, version)
		SELECT 'loc-' || n, 'L', 'GB', '{}', n, true, 1 FROM generate_series(1, 3) n`)
	f.asOwner(`INSERT INTO stock (sku, location_key, on_hand, reserved)
		SELECT 'sku-' || n, 'loc-' || l, 0, 0 FROM generate_series(1, 8000) n, generate_series(1, 3) l`)
	f.asOwner(`INSERT INTO stock_movement (sku, location_key, kind, delta, on_hand_after, actor, reason, reference, request_id)
		SELECT 'sku-' || n % 8000, 'loc-1', 'set', 1, 1, '', '', '', '' FROM generate_series(1, 20000) n`)
	f.asOwner(`WITH r AS (INSERT INTO reservation (id, order_id, channel, state, actor, request_id, expires_at)
			SELECT gen_random_uuid(), '', '', 'released', '', '', now() FROM generate_series(1, 20000) RETURNING id),
		k AS (INSERT INTO reservation_key SELECT id FROM r)
		INSERT INTO allocation (reservation_id, sku, location_key, quantity) SELECT id, 'sku-1', 'loc-1', 1 FROM r`)
	f.asOwner(`WITH s AS (INSERT INTO shipment (id, order_id, reservation_id, fingerprint, carrier, tracking_number, version, actor, request_id)
			SELECT gen_random_uuid(), n::text, gen_random_uuid(), '', '', '', 1, '', '' FROM generate_series(1, 20000) n RETURNING id)
		INSERT INTO shipment_item (shipment_id, sku, location_key, quantity) SELECT id, 'nothing', 'loc-1', 1 FROM s`)
	f.asOwner(`WITH s AS (INSERT INTO stock_return (id, order_id, fingerprint, reason, actor, request_id)
			SELECT gen_random_uuid(), n::text, '', '', '', '' FROM generate_series(1, 20000) n RETURNING id)
		INSERT INTO stock_return_item (return_id, sku, location_key, restock, quantity) SELECT id, 'nothing', 'loc-1', false, 1 FROM s`)
	f.asOwner(`ANALYZE`)

	conn, err := pgx.Connect(t.Context(), f.admin)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	_, err = conn.Exec(t.Context(), "SET search_path = inventory; SET plan_cache_mode = force_generic_plan")
	require.NoError(t, err)
	whole := regexp.MustCompile(`Seq Scan on (stock|reservation|allocation|stock_movement|shipment|shipment_item|stock_return|stock_return_item|reservation_key)\b.*`)
	for name, statement := range statements(t) {
		prepared, err := conn.Prepare(t.Context(), name, statement)
		require.NoError(t, err, name)
		_, err = conn.Exec(t.Context(), "PREPARE plan_"+name+" AS "+statement)
		require.NoError(t, err, name)
		nulls := strings.TrimSuffix(strings.Repeat("NULL, ", len(prepared.ParamOIDs)), ", ")
		rows, err := conn.Query(t.Context(), "EXPLAIN EXECUTE plan_"+name+"("+nulls+")")
		require.NoError(t, err, name)
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err, name)
		require.Empty(t, whole.FindString(strings.Join(plan, "\n")), "%s:\n%s", name, strings.Join(plan, "\n"))
	}
}

// When it fails, every sale of a popular SKU grows its indexes, and the shop slows down through the day.
func TestCountersMoveWithoutTouchingIndexes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 500, "B": 500})
	for range 150 {
		r := f.reserve(cart(line("A", 1), line("B", 1)))
		_, err := f.ReleaseReservation(t.Context(), r.ID, "")
		require.NoError(t, err)
	}
	var updated, inPlace int
	require.Eventually(t, func() bool {
		err := f.db.QueryRow(t.Context(), `SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'stock'`).Scan(&updated, &inPlace)
		return err == nil && updated >= 600
	}, 20*time.Second, 50*time.Millisecond, "the statistics arrive late")
	require.GreaterOrEqual(t, inPlace*100, updated*95, "%d of %d updates stayed on their page", inPlace, updated)
}
