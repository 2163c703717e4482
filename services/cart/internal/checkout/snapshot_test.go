package checkout_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// snapshot is a shop in the middle of something: the rows of its database and what the other services have of it.
type snapshot struct {
	// Recorded is when, by the database's clock; what is loaded later is moved by the time that has passed.
	Recorded time.Time `json:"recorded"`
	// Tables are the rows by table, as the release that wrote them had them.
	Tables map[string][]json.RawMessage `json:"tables"`
	// World is what the stand-ins of the other services had.
	World world `json:"world"`
}

// world is what the stand-ins keep.
type world struct {
	Coupons      int                                `json:"coupons"`
	Uses         map[string]pricingv1.OrderUseState `json:"uses"`
	Stock        map[string]int32                   `json:"stock"`
	Reservations map[string]worldReservation        `json:"reservations"`
	StockDone    map[string]bool                    `json:"stock_done"`
	Returned     map[string]int32                   `json:"returned"`
	Payments     map[string]worldPayment            `json:"payments"`
	Cards        map[string]int64                   `json:"cards"`
	Holds        map[string]worldHold               `json:"holds"`
}

type worldReservation struct {
	Order string
	State inventoryv1.ReservationState
	Lines map[string]int32
	Gone  map[string]int32
}

type worldPayment struct {
	Order, Method, Token, Decline          string
	State                                  paymentv1.PaymentState
	Amount, Captured, Refunded, Authorized int64
	Decided                                map[string]paymentv1.OperationStatus
}

type worldHold struct {
	Card, Order      string
	State            paymentv1.GiftCardHoldState
	Amount, Refunded int64
	Refunds          map[string]bool
}

// snapshotTables are the tables in an order in which their rows can be inserted.
func snapshotTables() []string {
	return []string{"cart", "cart_line", "sales_order", "order_line", "order_number", "order_refund", "order_shipment", "order_event", "saga", "saga_action"}
}

// snapshot records the shop as it is.
func (s *shop) snapshot() snapshot {
	shot := snapshot{Tables: map[string][]json.RawMessage{}, World: s.world()}
	require.NoError(s.t, s.database.DB.QueryRow(patient(), "SELECT clock_timestamp()").Scan(&shot.Recorded))
	for _, table := range snapshotTables() {
		rows, err := s.database.DB.Query(patient(), "SELECT to_jsonb(t)::text FROM "+table+" AS t ORDER BY 1")
		require.NoError(s.t, err)
		for rows.Next() {
			var row string
			require.NoError(s.t, rows.Scan(&row))
			shot.Tables[table] = append(shot.Tables[table], json.RawMessage(row))
		}
		require.NoError(s.t, rows.Err())
	}
	return shot
}

func (s *shop) world() world {
	p, i, m := s.pricing, s.inventory, s.payment
	p.mu.Lock()
	i.mu.Lock()
	m.mu.Lock()
	defer p.mu.Unlock()
	defer i.mu.Unlock()
	defer m.mu.Unlock()
	w := world{
		Coupons: p.limit, Uses: maps.Clone(p.orders), Stock: maps.Clone(i.available), StockDone: maps.Clone(i.done), Returned: maps.Clone(i.returned),
		Cards: maps.Clone(m.cards), Reservations: map[string]worldReservation{}, Payments: map[string]worldPayment{}, Holds: map[string]worldHold{},
	}
	for id, r := range i.reservations {
		w.Reservations[id] = worldReservation{r.order, r.state, maps.Clone(r.lines), maps.Clone(r.gone)}
	}
	for id, p := range m.payments {
		w.Payments[id] = worldPayment{p.order, p.method, p.token, p.decline, p.state, p.amount, p.captured, p.refunded, p.authorized, maps.Clone(p.decided)}
	}
	for id, h := range m.holds {
		w.Holds[id] = worldHold{h.card, h.order, h.state, h.amount, h.refunded, maps.Clone(h.refunds)}
	}
	return w
}

// load adds a recorded shop to this one, as if deployAfter had passed since: leases of the process that died are over by then.
func (s *shop) load(shot snapshot) {
	const deployAfter = 11 * time.Second
	var now time.Time
	require.NoError(s.t, s.database.DB.QueryRow(patient(), "SELECT clock_timestamp()").Scan(&now))
	passed := now.Sub(shot.Recorded) - deployAfter
	for _, table := range snapshotTables() {
		moments := s.columnsOf(table, "atttypid = 'timestamptz'::regtype")
		documents := s.columnsOf(table, "atttypid = 'jsonb'::regtype AND attnotnull")
		for _, row := range shot.Tables[table] {
			s.insert(table, shifted(s.t, row, moments, passed), documents)
		}
	}
	s.loadWorld(shot.World)
}

// insert writes the columns that the row has: columns of later releases get their defaults, as they do when a release is
// deployed over rows that are there.
func (s *shop) insert(table string, row map[string]json.RawMessage, documents map[string]bool) {
	if table == "order_event" || table == "saga_action" {
		delete(row, "id") // counted by the database, from where it stands
	}
	names := slices.Sorted(maps.Keys(row))
	values := slices.Clone(names)
	for i, name := range names {
		if documents[name] && string(row[name]) == "null" {
			values[i] = "'null'::jsonb" // the document that is empty, which the column takes, and not the absence of one
		}
	}
	text, err := json.Marshal(row)
	require.NoError(s.t, err)
	_, err = s.database.DB.Exec(patient(), fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM jsonb_populate_record(NULL::%s, $1::jsonb)",
		table, strings.Join(names, ", "), strings.Join(values, ", "), table), string(text))
	require.NoError(s.t, err, table)
}

// columnsOf names the columns of a table of which a condition holds.
func (s *shop) columnsOf(table, condition string) map[string]bool {
	rows, err := s.database.DB.Query(patient(),
		"SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND "+condition, table)
	require.NoError(s.t, err)
	names := map[string]bool{}
	for rows.Next() {
		var name string
		require.NoError(s.t, rows.Scan(&name))
		names[name] = true
	}
	require.NoError(s.t, rows.Err())
	return names
}

func shifted(t *testing.T, raw json.RawMessage, moments map[string]bool, by time.Duration) map[string]json.RawMessage {
	row := map[string]json.RawMessage{}
	require.NoError(t, json.Unmarshal(raw, &row))
	for column := range moments {
		var moment time.Time
		if json.Unmarshal(row[column], &moment) != nil || moment.IsZero() {
			continue // null, or as long ago as can be
		}
		text, err := json.Marshal(moment.Add(by))
		require.NoError(t, err)
		row[column] = text
	}
	return row
}

func (s *shop) loadWorld(w world) {
	p, i, m := s.pricing, s.inventory, s.payment
	p.mu.Lock()
	i.mu.Lock()
	m.mu.Lock()
	defer p.mu.Unlock()
	defer i.mu.Unlock()
	defer m.mu.Unlock()
	p.limit = w.Coupons
	for sku, units := range w.Stock {
		i.available[sku] += units
	}
	maps.Copy(i.done, w.StockDone)
	maps.Copy(i.returned, w.Returned)
	maps.Copy(m.cards, w.Cards)
	for id, state := range w.Uses {
		p.orders[id] = state
	}
	for id, r := range w.Reservations {
		i.reservations[id] = &reservation{order: r.Order, state: r.State, lines: filled(r.Lines), gone: filled(r.Gone)}
	}
	for id, p := range w.Payments {
		m.payments[id] = &payment{
			order: p.Order, method: p.Method, token: p.Token, decline: p.Decline, state: p.State, amount: p.Amount, captured: p.Captured,
			refunded: p.Refunded, authorized: p.Authorized, decided: filled(p.Decided),
		}
	}
	for id, h := range w.Holds {
		m.holds[id] = &hold{card: h.Card, order: h.Order, state: h.State, amount: h.Amount, refunded: h.Refunded, refunds: filled(h.Refunds)}
	}
}

func filled[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return m
}

// lines writes JSON with every row on a line of its own, so that a difference can be read.
func (shot snapshot) lines(head any) ([]byte, error) {
	var out bytes.Buffer
	top, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	world, err := json.Marshal(shot.World)
	if err != nil {
		return nil, err
	}
	recorded, err := json.Marshal(shot.Recorded)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&out, "{\"scene\": %s,\n\"shot\": {\"recorded\": %s,\n\"world\": %s,\n\"tables\": {", top, recorded, world)
	for n, table := range snapshotTables() {
		if n > 0 {
			out.WriteString(",")
		}
		fmt.Fprintf(&out, "\n\"%s\": [", table)
		for n, row := range shot.Tables[table] {
			if n > 0 {
				out.WriteString(",")
			}
			fmt.Fprintf(&out, "\n%s", row)
		}
		out.WriteString("]")
	}
	out.WriteString("}}}\n")
	return out.Bytes(), nil
}
