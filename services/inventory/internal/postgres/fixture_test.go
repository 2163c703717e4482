package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	inventory "github.com/cartwright-shop/cartwright/services/inventory/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

const (
	channel = "uk-web"
	minute  = time.Minute
)

// fixture is a service on a database of its own. When a test ends, the books are audited whatever the test was about.
type fixture struct {
	*stock.Service
	store *inventory.Store
	db    *postgres.DB
	admin string
	test  *testing.T
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	database := postgrestest.New(t, "inventory", inventory.Migrations())
	store := inventory.New(database.DB)
	f := &fixture{Service: stock.New(store, store, 5), store: store, db: database.DB, admin: database.AdminDSN, test: t}
	t.Cleanup(f.audit)
	return f
}

// location creates an active location that serves the channels, or all without any.
func (f *fixture) location(key string, priority int32, channels ...string) {
	f.test.Helper()
	_, err := f.CreateLocation(f.test.Context(), stock.Location{
		Key: key, Name: key, CountryCode: "GB", Channels: channels, Priority: priority,
	})
	require.NoError(f.test, err)
}

// stock sets what a location holds.
func (f *fixture) stock(location string, units map[string]int32) {
	f.test.Helper()
	change := stock.Correction{Reason: "count", Reference: "sheet 1", RequestID: id.New()}
	for sku, n := range units {
		change.Entries = append(change.Entries, stock.Entry{Key: stock.Key{SKU: sku, Location: location}, Units: n})
	}
	_, err := f.SetStock(f.test.Context(), change)
	require.NoError(f.test, err)
}

func cart(lines ...stock.Line) stock.ReserveRequest {
	return stock.ReserveRequest{ID: id.New(), OrderID: id.Secret(), Channel: channel, Lines: lines, TTL: 15 * minute}
}

func line(sku string, quantity int32) stock.Line { return stock.Line{SKU: sku, Quantity: quantity} }

func (f *fixture) reserve(r stock.ReserveRequest) stock.Reservation {
	f.test.Helper()
	reservation, err := f.Reserve(f.test.Context(), r)
	require.NoError(f.test, err)
	return reservation
}

func (f *fixture) committed(lines ...stock.Line) stock.Reservation {
	f.test.Helper()
	r := f.reserve(cart(lines...))
	_, err := f.CommitReservation(f.test.Context(), r.ID)
	require.NoError(f.test, err)
	return r
}

// level reads one level, zero where there is none.
func (f *fixture) level(sku, location string) (onHand, reserved int32) {
	f.test.Helper()
	levels, err := f.ListStock(f.test.Context(), stock.LevelFilter{SKUs: []string{sku}, Location: location}, 10)
	require.NoError(f.test, err)
	if len(levels) == 0 {
		return 0, 0
	}
	require.Len(f.test, levels, 1)
	return levels[0].OnHand, levels[0].Reserved
}

func (f *fixture) requireLevel(sku, location string, onHand, reserved int32) {
	f.test.Helper()
	gotOnHand, gotReserved := f.level(sku, location)
	require.Equal(f.test, [2]int32{onHand, reserved}, [2]int32{gotOnHand, gotReserved}, "on_hand and reserved of %s at %s", sku, location)
}

// asOwner runs a statement the serving role could not, to stand in for time that has passed.
func (f *fixture) asOwner(statement string, args ...any) {
	f.test.Helper()
	conn, err := pgx.Connect(f.test.Context(), f.admin)
	require.NoError(f.test, err)
	defer func() { _ = conn.Close(context.WithoutCancel(f.test.Context())) }()
	_, err = conn.Exec(f.test.Context(), "SET search_path = inventory")
	require.NoError(f.test, err)
	_, err = conn.Exec(f.test.Context(), statement, args...)
	require.NoError(f.test, err)
}

// overdue makes the time of every hold be over.
func (f *fixture) overdue() {
	f.test.Helper()
	f.asOwner("UPDATE reservation SET expires_at = now() - interval '1 s' WHERE state = 'held'")
}

func (f *fixture) count(query string, args ...any) int {
	f.test.Helper()
	var n int
	require.NoError(f.test, f.db.QueryRow(context.Background(), query, args...).Scan(&n))
	return n
}

// audit recomputes every counter from the rows that explain it.
func (f *fixture) audit() {
	f.test.Helper()
	for claim, query := range map[string]string{
		"on_hand is the sum of the movements": `
			SELECT count(*) FROM stock s FULL JOIN
				(SELECT sku, location_key, sum(delta) AS n FROM stock_movement GROUP BY 1, 2) m USING (sku, location_key)
			WHERE coalesce(s.on_hand, -1) <> coalesce(m.n, 0)`,
		"every movement carries the on_hand it led to": `
			SELECT count(*) FROM (SELECT on_hand_after, sum(delta) OVER (PARTITION BY sku, location_key ORDER BY id) AS n
				FROM stock_movement) m WHERE on_hand_after <> n`,
		"reserved is the sum of what open reservations owe": `
			SELECT count(*) FROM stock s FULL JOIN (
				SELECT a.sku, a.location_key, sum(a.quantity - a.shipped - a.released) AS n
				FROM allocation a JOIN reservation r ON r.id = a.reservation_id
				WHERE r.state IN ('held', 'committed') AND a.location_key <> '' GROUP BY 1, 2) o USING (sku, location_key)
			WHERE coalesce(s.reserved, -1) <> coalesce(o.n, 0)`,
		"backordered is the sum of what open reservations owe without stock": `
			SELECT count(*) FROM backorder b FULL JOIN (
				SELECT a.sku, sum(a.quantity - a.released) AS n
				FROM allocation a JOIN reservation r ON r.id = a.reservation_id
				WHERE r.state IN ('held', 'committed') AND a.location_key = '' GROUP BY 1) o USING (sku)
			WHERE coalesce(b.backordered, -1) <> coalesce(o.n, 0)`,
		"shipped units are in shipments": `
			SELECT count(*) FROM (SELECT reservation_id, sku, location_key, sum(shipped) AS n FROM allocation
				WHERE shipped > 0 GROUP BY 1, 2, 3) a FULL JOIN (
				SELECT s.reservation_id, i.sku, i.location_key, sum(i.quantity) AS n
				FROM shipment s JOIN shipment_item i ON i.shipment_id = s.id GROUP BY 1, 2, 3) s
				USING (reservation_id, sku, location_key)
			WHERE a.n IS DISTINCT FROM s.n`,
		"nothing returned that was not shipped": `
			SELECT count(*) FROM (SELECT r.order_id, i.sku, sum(i.quantity) AS n FROM stock_return r
				JOIN stock_return_item i ON i.return_id = r.id GROUP BY 1, 2) b LEFT JOIN (
				SELECT s.order_id, i.sku, sum(i.quantity) AS n FROM shipment s
				JOIN shipment_item i ON i.shipment_id = s.id GROUP BY 1, 2) s USING (order_id, sku)
			WHERE b.n > coalesce(s.n, 0)`,
		"every reservation has its id": `
			SELECT count(*) FROM reservation_key k RIGHT JOIN reservation r USING (id) WHERE k.id IS NULL`,
		"every allocation has its reservation": `
			SELECT count(*) FROM allocation a LEFT JOIN reservation r ON r.id = a.reservation_id WHERE r.id IS NULL`,
	} {
		require.Zero(f.test, f.count(query), claim)
	}
}
