package audit_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

// corruption is one way in which a broken program leaves a shop, and the invariants that it breaks.
type corruption struct {
	name string
	sql  string
	// settlement changes the provider's side.
	settlement func(lines []string) []string
	// log is a line of a log file.
	log string
	// want are the invariants, first is a part of what the first violation of the first of them says, and class that of I13.
	want, first, class string
}

// Orders by what they are: the first of each kind that the generator makes.
const (
	failedOrder    = `(SELECT id FROM cart.sales_order WHERE status = 'failed' ORDER BY created_at LIMIT 1)`
	placedOrder    = `(SELECT id FROM cart.sales_order WHERE status = 'placed' AND gift_total = 0 ORDER BY created_at LIMIT 1)`
	anotherOrder   = `(SELECT id FROM cart.sales_order WHERE status = 'placed' AND gift_total = 0 ORDER BY created_at OFFSET 1 LIMIT 1)`
	cancelledOrder = `(SELECT id FROM cart.sales_order WHERE status = 'cancelled' ORDER BY created_at LIMIT 1)`
	shippedOrder   = `(SELECT id FROM cart.sales_order WHERE fulfillment_status = 'fulfilled' ORDER BY created_at LIMIT 1)`
	giftOrder      = `(SELECT id FROM cart.sales_order WHERE gift_total > 0 ORDER BY created_at LIMIT 1)`
)

func stockCorruptions() []corruption {
	return []corruption{
		{name: "a unit appears from nowhere", sql: `UPDATE inventory.stock SET on_hand = on_hand + 1 WHERE sku = 'SKU-1'`, want: "I1", first: "on hand 99999"},
		{name: "a parcel did not leave the stock", sql: `DELETE FROM inventory.stock_movement WHERE id = (SELECT max(id) FROM inventory.stock_movement WHERE kind = 'ship')`, want: "I1"},
		{name: "a reservation is counted twice", sql: `UPDATE inventory.stock SET reserved = reserved + 1 WHERE sku = 'SKU-2'`, want: "I2", first: "SKU-2"},
		{name: "a customer has more than the limit", sql: `INSERT INTO inventory.purchase_limit (sku, quantity, window_days, updated_at) VALUES ('SKU-2', 1, 0, now() - interval '9 years');
			UPDATE inventory.reservation SET customer_key = 'c.somebody', created_at = now() - interval '1 day' WHERE id IN (SELECT a.reservation_id FROM inventory.allocation AS a
			JOIN inventory.reservation AS r ON r.id = a.reservation_id WHERE a.sku = 'SKU-2' AND r.state = 'committed' AND a.released = 0 LIMIT 2)`, want: "I3", first: "SKU-2 for c.somebody"},
		{name: "a parcel is not counted into its allocation", sql: `UPDATE inventory.allocation SET shipped = shipped - 1 WHERE reservation_id = (SELECT reservation_id FROM inventory.shipment LIMIT 1) AND shipped = 2`, want: "I2"},
		{name: "more is promised than there is", sql: `ALTER TABLE inventory.stock DROP CONSTRAINT stock_reserved_range;
			UPDATE inventory.stock SET reserved = on_hand + 1 WHERE sku = 'SKU-3'`, want: "I2 I3"},
		{name: "a hold outlives its time", sql: `UPDATE inventory.reservation SET expires_at = now() - interval '2 minutes' WHERE id = (SELECT id FROM inventory.reservation WHERE state = 'held' LIMIT 1)`, want: "I4"},
		{name: "a placed order lost its stock", sql: `UPDATE inventory.reservation SET state = 'expired', committed_at = NULL, closed_at = now() WHERE order_id = ` + placedOrder + `;
			UPDATE inventory.stock AS s SET reserved = reserved - a.quantity FROM inventory.allocation AS a
			JOIN inventory.reservation AS r ON r.id = a.reservation_id WHERE r.order_id = ` + placedOrder + ` AND s.sku = a.sku`, want: "I5", first: "no committed reservation"},
		{name: "another SKU is promised than was sold", sql: `UPDATE inventory.allocation SET sku = 'SKU-29' WHERE sku = 'SKU-7' AND quantity = 1
			AND reservation_id = (SELECT r.id FROM inventory.reservation AS r JOIN inventory.allocation AS a ON a.reservation_id = r.id WHERE r.state = 'committed' AND a.sku = 'SKU-7' AND a.quantity = 1 AND a.shipped = 0 LIMIT 1)`, want: "I2 I5"},
		{name: "a step of a count is missing", sql: `UPDATE inventory.stock_movement SET on_hand_after = on_hand_after + 1 WHERE id = (SELECT min(id) FROM inventory.stock_movement WHERE sku = 'SKU-4')`, want: "I15"},
		{name: "more came back than left", sql: `ALTER TABLE cart.order_line DROP CONSTRAINT order_line_check1; UPDATE cart.order_line SET shipped = 1, returned = 2 WHERE order_id = ` + shippedOrder + ` AND position = 2`, want: "I21"},
		{name: "a parcel nobody knows of", sql: `UPDATE cart.order_line SET shipped = 0 WHERE order_id = ` + shippedOrder + ` AND position = 1`, want: "I21"},
		{name: "nobody moved it", sql: `UPDATE inventory.stock_movement SET actor = '' WHERE id = 5`, want: "I25", first: "movement 5"},
	}
}

func moneyCorruptions() []corruption {
	return []corruption{
		{name: "money without an order", sql: `UPDATE payment.payment SET order_id = 'nobody' WHERE order_id = ` + placedOrder, want: "I6 I8", first: "order nobody"},
		{name: "the order knows less than was captured", sql: `UPDATE cart.sales_order SET captured = captured - 1 WHERE id = ` + placedOrder, want: "I6"},
		{name: "paid twice", sql: `UPDATE payment.payment SET order_id = ` + placedOrder + ` WHERE order_id = ` + anotherOrder, want: "I6 I7 I8"},
		{name: "a gift card pays more than the order costs", sql: `UPDATE payment.gift_card_hold SET amount = 9000, posted = 9000 WHERE order_id = ` + giftOrder, want: "I7 I12"},
		{name: "placed on less money than it costs", sql: `UPDATE payment.gift_card_hold SET amount = 400, posted = 400 WHERE order_id = ` + giftOrder, want: "I8 I12"},
		{name: "a failed order keeps a gift card", sql: `INSERT INTO payment.gift_card_hold (id, gift_card_id, order_id, state, amount, currency, expires_at, request_id, actor)
			SELECT 'late', 'card-0', ` + failedOrder + `, 'held', 100, 'GBP', now() + interval '1 day', 'r', 'a'; UPDATE payment.gift_card SET held = 100 WHERE id = 'card-0'`, want: "I9"},
		{name: "a cancelled order keeps stock", sql: `UPDATE inventory.allocation SET released = 0 WHERE reservation_id = (SELECT reservation_id::uuid FROM cart.sales_order WHERE id = ` + cancelledOrder + `)`, want: "I2 I9"},
		{name: "a cancelled order keeps money", sql: `UPDATE payment.payment SET refunded = refunded - 1 WHERE order_id = ` + cancelledOrder, want: "I6 I9 I10 I15"},
		{name: "a failed order keeps a coupon", sql: `UPDATE pricing.order_use SET state = 'redeemed' WHERE order_id = (SELECT u.order_id FROM pricing.promotion_use AS u JOIN cart.sales_order AS o ON o.id = u.order_id WHERE o.status = 'failed' LIMIT 1);
			UPDATE pricing.promotion_use SET counting = true WHERE order_id = (SELECT u.order_id FROM pricing.promotion_use AS u JOIN cart.sales_order AS o ON o.id = u.order_id WHERE o.status = 'failed' LIMIT 1)`, want: "I9 I17"},
		{name: "more refunded than the operations say", sql: `UPDATE payment.payment SET refunded = 1 WHERE order_id = ` + placedOrder, want: "I6 I10 I15"},
		{name: "an entry that does not balance", sql: `UPDATE payment.posting SET amount = amount + 1 WHERE (transaction_id, line) = (SELECT transaction_id, line FROM payment.posting WHERE account = 'order:due' LIMIT 1)`, want: "I11"},
		{name: "a capture that is not in the books", sql: `DELETE FROM payment.posting WHERE transaction_id = (SELECT id FROM payment.ledger_transaction WHERE kind = 'capture' ORDER BY id LIMIT 1);
			DELETE FROM payment.ledger_transaction WHERE id = (SELECT id FROM payment.ledger_transaction WHERE kind = 'capture' ORDER BY id LIMIT 1)`, want: "I11", first: "missing"},
		{name: "a balance that is not its postings", sql: `UPDATE payment.gift_card SET balance = balance - 1 WHERE id = 'card-0'`, want: "I12", first: "balance"},
		{name: "an operation nobody looks for", sql: `UPDATE payment.operation SET status = 'unknown', next_check_at = now(), created_at = now() - interval '16 minutes'
			WHERE status = 'pending' AND id = (SELECT id FROM payment.operation WHERE status = 'pending' LIMIT 1)`, want: "I23"},
		{name: "a refund without a name", sql: `UPDATE cart.order_refund SET actor = '{}' WHERE id = (SELECT id FROM cart.order_refund LIMIT 1)`, want: "I25"},
	}
}

func orderCorruptions() []corruption {
	return []corruption{
		{name: "a key with two effects", sql: `ALTER TABLE payment.operation DROP CONSTRAINT operation_caller;
			INSERT INTO payment.operation (id, payment_id, order_id, provider, kind, status, amount, currency, final, caller_id, request_id, actor)
			SELECT 'again', payment_id, order_id, provider, kind, 'failed', amount, currency, final, caller_id, request_id, actor FROM payment.operation WHERE status = 'failed' LIMIT 1`, want: "I14", first: "2 operations"},
		{name: "a key with two answers", sql: `ALTER TABLE cart.idempotency_key DROP CONSTRAINT idempotency_key_pkey;
			INSERT INTO cart.idempotency_key SELECT principal, rpc, request_id, fingerprint, state, 'other', created_at, lease_until, done_at FROM cart.idempotency_key LIMIT 1`, want: "I14", first: "cart.idempotency_key (principal, rpc, request_id): no valid unique index"},
		{name: "a key that nothing keeps apart", sql: `ALTER TABLE payment.ledger_transaction DROP CONSTRAINT ledger_transaction_source`, want: "I14", first: "payment.ledger_transaction (source): no valid unique index"},
		{name: "a key whose index was never finished", sql: `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'payment.gift_card_request'::regclass`, want: "I14", first: "payment.gift_card (issuer, request_id): no valid"},
		{name: "a key whose index leaves rows out", sql: `DROP INDEX cart.sales_order_by_cart; CREATE UNIQUE INDEX sales_order_by_cart ON cart.sales_order (cart_id) WHERE status = 'placed'`, want: "I19", first: "no valid unique index"},
		{name: "an order that was never placed is placed", sql: `DELETE FROM cart.order_event WHERE kind = 'order.placed' AND order_id = ` + placedOrder, want: "I15"},
		{name: "a refund that its machine gave up succeeded", sql: `UPDATE cart.order_refund SET status = 'failed' WHERE id = (SELECT id FROM cart.order_refund LIMIT 1)`, want: "I15"},
		{name: "news that never arrive", sql: `INSERT INTO payment.river_job (args, kind, max_attempts, state, created_at) VALUES ('{"event_id": "e"}', 'notify_payment', 50, 'available', now() - interval '31 seconds')`, want: "I16"},
		{name: "news that arrived and were lost", sql: `DELETE FROM cart.taken_event WHERE event_id = (SELECT event_id FROM cart.taken_event LIMIT 1)`, want: "I16"},
		{name: "a promotion used beyond its limit", sql: `ALTER TABLE pricing.promotion_counter DROP CONSTRAINT promotion_counter_limit; UPDATE pricing.promotion_counter SET limit_total = 1`, want: "I17"},
		{name: "a use that was not counted", sql: `UPDATE pricing.coupon_code SET used = used - 1 WHERE code = 'CODE4'`, want: "I17", first: "CODE4"},
		{name: "a line that costs more than it says", sql: `UPDATE cart.order_line SET total = total + 1 WHERE order_id = ` + placedOrder + ` AND position = 1`, want: "I18"},
		{name: "a provider asked for something else", sql: `UPDATE payment.payment SET amount = amount + 1 WHERE order_id = ` + placedOrder, want: "I18"},
		{name: "a cart that became two orders", sql: `DROP INDEX cart.sales_order_by_cart; UPDATE cart.sales_order SET cart_id = (SELECT cart_id FROM cart.sales_order WHERE id = ` + placedOrder + `) WHERE id = ` + shippedOrder, want: "I19", first: "2 orders"},
		{name: "a machine that stands still", sql: `UPDATE cart.saga SET next_run_at = now() - interval '3 minutes', state = 'running' WHERE id = (SELECT id FROM cart.saga WHERE state = 'waiting' LIMIT 1)`, want: "I20"},
		{name: "an order that was acknowledged and is gone", sql: `UPDATE cart.sales_order SET id = 'z' || substr(id, 2) WHERE id = ` + placedOrder, want: "I5 I6 I8 I14 I15 I18 I19 I22"},
		{name: "a line that was acknowledged and is another", sql: `UPDATE cart.order_line SET sku = 'SKU-28' WHERE order_id = ` + placedOrder + ` AND position = 1;
			UPDATE inventory.allocation SET sku = 'SKU-28' WHERE quantity = 1 AND reservation_id = (SELECT reservation_id::uuid FROM cart.sales_order WHERE id = ` + placedOrder + `);`, want: "I2 I22", first: ""},
		{name: "a card number in a note", sql: `UPDATE cart.cart SET note = 'my card is 4242 4242 4242 4242' WHERE id = (SELECT id FROM cart.cart LIMIT 1)`, want: "I24", first: "a payment card number"},
		{name: "a security code in an answer", sql: `UPDATE cart.idempotency_key SET response = convert_to('{"cvv":"123"}', 'UTF8') WHERE request_id = md5('i7')`, want: "I24", first: "security code"},
		{name: "a gift card code in clear", sql: `UPDATE payment.gift_card SET last4 = 'XY7Z'; UPDATE cart.order_refund SET reason = 'back on 0123-4567-89AB-CDEF-XY7Z' WHERE id = (SELECT id FROM cart.order_refund LIMIT 1)`, want: "I24", first: "gift card code"},
		{name: "a card number in a log", log: `{"level":"error","message":"declined 4000-0566-5566-5556"}`, want: "I24", first: "a payment card number"},
		{name: "an access token in a log", log: `{"authorization":"Bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLWhlcmU"}`, want: "I24", first: "an access token"},
	}
}

func bookCorruptions() []corruption {
	const (
		run = `INSERT INTO payment.reconciliation (id, provider, window_from, window_until, matched, ours_only, theirs_only, amount, currency, duplicate, timing, actor, request_id)
			VALUES ('run', 'sandbox', now() - interval '2 days', now(), 7, %s, 0, 0, 0, 0, 0, 'service:payment', '')`
		finding = `INSERT INTO payment.reconciliation_finding (id, provider, class, kind, operation_key, order_id, provider_reference, our_status, their_status,
			our_amount, our_currency, their_amount, their_currency, moved_at, closed_at) VALUES ('found', 'sandbox', '%s', 'capture', 'k', 'o', 'r', 'ok', '', 1, 'GBP', 0, '', now() - interval '3 days', %s)`
		lost = `UPDATE cart.sales_order SET captured = 0, payment_problem = true, needs_attention = true WHERE id = ` + placedOrder + `;
			UPDATE payment.payment SET captured = 0, voided = authorized, state = 'expired' WHERE order_id = ` + placedOrder + `;
			UPDATE payment.operation SET kind = 'void' WHERE kind = 'capture' AND order_id = ` + placedOrder + `;
			DELETE FROM payment.posting WHERE transaction_id IN (SELECT id FROM payment.ledger_transaction WHERE order_id = ` + placedOrder + `);
			DELETE FROM payment.ledger_transaction WHERE order_id = ` + placedOrder + `;
			INSERT INTO cart.order_event (order_id, kind, actor, data) VALUES (` + placedOrder + `, 'payment.authorization_lost', '{"kind": "system"}', '{}');`
	)
	dead := func(reason, operation string) string {
		return `INSERT INTO payment.webhook_event (provider, event_id, operation_key, outcome, body, state, last_error) VALUES ('sandbox', 'dead', ` + operation + `, '{}', '', 'dead', '` + reason + `')`
	}
	return []corruption{
		{name: "books: a difference that was settled", sql: fmt.Sprintf(run, "1") + ";" + fmt.Sprintf(finding, "ours_only", "now()"), want: ""},
		{name: "books: a difference that is open", sql: fmt.Sprintf(finding, "ours_only", "NULL"), want: "I13", first: "found: ours_only: capture of order o"},
		{name: "books: a wait that does not end", sql: fmt.Sprintf(finding, "timing", "NULL"), want: "I13", first: "found: timing"},
		{name: "books: a difference that was counted and is gone", sql: fmt.Sprintf(run, "1"), want: "I13", first: "1 counted, 0 kept"},
		{name: "books: a difference that was not counted", sql: fmt.Sprintf(run, "0") + "; " + fmt.Sprintf(finding, "ours_only", "now()"), want: "I13", first: "0 counted, 1 kept"},
		{name: "books: news that were given up and nobody needs", sql: dead("no such operation", "'nobody'"), want: ""},
		{name: "books: news that were given up without a reason", sql: dead("", "'nobody'"), want: "I16", first: "sandbox dead"},
		{name: "books: news that were given up and would have ended a doubt", sql: dead("broken", "(SELECT id FROM payment.operation WHERE status = 'pending' LIMIT 1)"), want: "I16", first: "its operation is pending"},
		{name: "books: news that nobody tries again", sql: `INSERT INTO payment.webhook_event (provider, event_id, operation_key, outcome, body, state, next_try_at) VALUES ('sandbox', 'late', 'k', '{}', '', 'parked', now() - interval '6 minutes')`, want: "I16", first: "sandbox late"},
		{name: "books: a lost authorization that is shown", sql: lost, want: "I13"},
		{name: "books: a lost authorization that the order does not show", sql: lost + `UPDATE cart.sales_order SET payment_problem = false WHERE id = ` + placedOrder, want: "I8 I13", first: "shows no problem"},
		{name: "books: a parcel that left unpaid", sql: lost + `INSERT INTO cart.order_shipment (id, order_id, status, actor, lines, carrier, tracking_number, capture, final, created_at)
			SELECT 'unpaid', id, 'pending', '{"kind": "staff", "request_id": "r"}', '[]', '', '', 0, false, now() + interval '1 second' FROM cart.sales_order WHERE id = ` + placedOrder, want: "I8 I13 I14", first: "a parcel left"},
	}
}

// column changes one column of a line of the settlement file that names a kind and a status.
func column(place int, kind, status string, change func(string) string) func([]string) []string {
	return func(lines []string) []string {
		for i, line := range lines {
			fields := strings.Split(line, ",")
			if i > 0 && len(fields) > 4 && fields[3] == kind && fields[4] == status {
				fields[place] = change(fields[place])
				lines[i] = strings.Join(fields, ",")
				return lines
			}
		}
		return lines
	}
}

func set(text string) func(string) string { return func(string) string { return text } }

// without removes the first line of a kind; more adds one.
func without(kind string) func([]string) []string {
	return func(lines []string) []string {
		for i, line := range lines {
			if strings.Contains(line, ","+kind+",") {
				return append(lines[:i:i], lines[i+1:]...)
			}
		}
		return lines
	}
}

func more(line string) func([]string) []string {
	return func(lines []string) []string { return append(lines[:len(lines)-1:len(lines)-1], line, "") }
}

func providerCorruptions() []corruption {
	repeat := func(lines []string) []string {
		fields := strings.Split(lines[1], ",")
		fields[0] = "sbx_again"
		return more(strings.Join(fields, ","))(lines)
	}
	return []corruption{
		{name: "provider: a capture it never made", settlement: without("capture"), want: "I13", class: audit.OursOnly},
		{name: "provider: a refund it never made", settlement: without("refund"), want: "I13", class: audit.OursOnly},
		{name: "provider: a capture that failed there", settlement: column(4, "capture", "succeeded", set("failed")), want: "I13", class: audit.OursOnly},
		{name: "provider: money we never asked for", settlement: more("sbx_1,m1,o1,capture,succeeded,100,GBP,2026-01-02T03:04:05Z"), want: "I13", class: audit.TheirsOnly},
		{name: "provider: a decline that went through", settlement: column(4, "authorize", "failed", set("succeeded")), want: "I13", class: audit.TheirsOnly},
		{name: "provider: money for another order", settlement: column(2, "capture", "succeeded", set("o2")), want: "I13", class: audit.TheirsOnly},
		{name: "provider: another amount", settlement: column(5, "capture", "succeeded", func(s string) string { return s + "0" }), want: "I13", class: audit.Amount},
		{name: "provider: another refund", settlement: column(5, "refund", "succeeded", set("1")), want: "I13", class: audit.Amount},
		{name: "provider: another currency", settlement: column(6, "authorize", "succeeded", set("USD")), want: "I13", class: audit.Currency},
		{name: "provider: the same request twice", settlement: repeat, want: "I13", class: audit.Duplicate},
		{name: "provider: our own doubt", sql: `UPDATE payment.operation SET status = 'unknown', next_check_at = now(), needs_attention = true, created_at = now(), updated_at = now() WHERE status = 'pending'`,
			settlement: column(4, "authorize", "requires_action", set("succeeded")), want: "", class: audit.Timing},
		{name: "provider: a doubt of more than a day", sql: `UPDATE payment.operation SET status = 'unknown', next_check_at = now(), needs_attention = true, created_at = now() - interval '25 hours' WHERE status = 'pending'`,
			settlement: func(lines []string) []string {
				late := column(7, "authorize", "requires_action", set("2026-01-02T03:04:05Z"))(lines)
				return column(4, "authorize", "requires_action", set("succeeded"))(late)
			}, want: "I13", class: audit.TheirsOnly},
	}
}

// When it fails, a shop that oversells, charges twice or loses an order is called sound; or a sound one is not.
func TestEveryCorruptionIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	sound := makeModel(t)
	t.Run("a consistent shop", func(t *testing.T) {
		t.Parallel()
		report := sound.copy(t).audit()
		for _, result := range report.Results {
			require.NotEqual(t, audit.NotRun, result.Verdict(), result.Invariant)
			for _, p := range result.Parts {
				require.Zero(t, p.Violations, "%s: %s: %v", result.Invariant, p.Name, p.First)
			}
		}
		require.Len(t, report.Results, 25)
		require.Positive(t, report.Provider[audit.Matched])
	})
	for _, list := range [][]corruption{stockCorruptions(), moneyCorruptions(), orderCorruptions(), bookCorruptions(), providerCorruptions()} {
		for _, c := range list {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.try(t, sound.copy(t))
			})
		}
	}
}

func (c corruption) try(t *testing.T, s *shop) {
	if c.sql != "" {
		s.spoil(c.sql)
	}
	if c.settlement != nil {
		text, err := os.ReadFile(s.settlement)
		require.NoError(t, err)
		changed := strings.Join(c.settlement(strings.Split(string(text), "\n")), "\n")
		require.NotEqual(t, string(text), changed, "the settlement was changed")
		s.settlement = s.file("settlement.csv", []byte(changed))
	}
	var logs []string
	if c.log != "" {
		logs = []string{s.file("service.log", []byte("{}\n"+c.log+"\n"))}
	}
	report := s.audit(logs...)
	var printed bytes.Buffer
	report.Print(&printed)
	require.Equal(t, c.want, strings.Join(report.Violated(), " "), printed.String())
	if c.class != "" {
		require.Positive(t, report.Provider[c.class], printed.String())
	}
	if c.first != "" {
		require.Contains(t, printed.String(), c.first)
	}
}
