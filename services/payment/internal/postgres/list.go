package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
	"github.com/cartwright-shop/cartwright/services/payment/internal/ledger"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/payment/internal/reconcile"
)

// where collects the conditions of a list; values always travel as arguments.
type where struct {
	conditions []string
	args       []any
}

// and adds a condition; each "?" in it is the next of the values.
func (w *where) and(condition string, values ...any) {
	for _, value := range values {
		w.args = append(w.args, value)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(w.args)), 1)
	}
	w.conditions = append(w.conditions, condition)
}

// equal adds a condition unless the value is empty.
func (w *where) equal(column, value string) {
	if value != "" {
		w.and(column+" = ?", value)
	}
}

func (w *where) sql(order string, limit int) string {
	clause := ""
	if len(w.conditions) > 0 {
		clause = " WHERE " + strings.Join(w.conditions, " AND ")
	}
	w.args = append(w.args, limit)
	return clause + " ORDER BY " + order + fmt.Sprintf(" LIMIT $%d", len(w.args))
}

func list[R any](ctx context.Context, s *Store, columns string, w *where, tail string) ([]R, error) {
	rows, err := s.db.Query(ctx, columns+tail, w.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[R])
}

const selectPayments = `SELECT id, order_id, cart_id, customer_reference, channel, country, method, provider, currency, amount,
	separates_capture, token, return_url, state, authorized, captured, refunded, voided, capture_reserved, refund_reserved, closing,
	decline_reason, next_action, capture_before, void_requested, void_id, void_request_id, void_actor, attempt_scopes, request_id,
	actor, version, created_at, updated_at FROM payment`

// ListPayments lists payments, newest first, without their operations.
func (s *Store) ListPayments(ctx context.Context, f payment.Filter) ([]*payment.Payment, error) {
	w := &where{}
	w.equal("order_id", f.OrderID)
	w.equal("state", string(f.State))
	w.equal("method", f.Method)
	if f.From != nil {
		w.and("created_at >= ?", *f.From)
	}
	if f.Until != nil {
		w.and("created_at < ?", *f.Until)
	}
	if f.BeforeID != "" {
		w.and("(created_at, id) < (?, ?)", f.BeforeTime, f.BeforeID)
	}
	rows, err := list[db.Payment](ctx, s, selectPayments, w, w.sql("created_at DESC, id DESC", f.Limit))
	if err != nil {
		return nil, fmt.Errorf("list payments: %w", err)
	}
	payments := make([]*payment.Payment, len(rows))
	for i, row := range rows {
		if payments[i], err = paymentOf(row); err != nil {
			return nil, err
		}
	}
	return payments, nil
}

const selectOperations = `SELECT id, payment_id, order_id, provider, kind, status, amount, currency, final, undo, acted, integrity,
	caller_id, request_id, actor, provider_reference, failure_reason, attempts, needs_attention, created_at, updated_at,
	extract(epoch FROM now() - created_at)::float8, 0::bigint, now() FROM operation`

// ListOperations lists operations, oldest first.
func (s *Store) ListOperations(ctx context.Context, f payment.OperationFilter) ([]payment.Operation, error) {
	w := &where{}
	if !f.Status.Final() && f.Status != "" {
		w.and("next_check_at IS NOT NULL") // lets the index of what is not finished be used
	}
	w.equal("status", string(f.Status))
	w.equal("kind", string(f.Kind))
	if f.NeedsAttention {
		w.and("needs_attention")
	}
	if f.After != "" {
		w.and("id > ?", f.After)
	}
	rows, err := list[db.OperationsOfPaymentRow](ctx, s, selectOperations, w, w.sql("id", f.Limit))
	if err != nil {
		return nil, fmt.Errorf("list operations: %w", err)
	}
	operations := make([]payment.Operation, len(rows))
	for i, row := range rows {
		operations[i] = operationOf(row)
	}
	return operations, nil
}

const selectCards = `SELECT id, last4, currency, initial, balance, held, status, expires_at, note, issuer, request_id, version,
	created_at, updated_at, coalesce(expires_at <= now(), false) FROM gift_card`

// ListCards lists cards, newest first.
func (s *Store) ListCards(ctx context.Context, f giftcard.CardFilter) ([]giftcard.Card, error) {
	w := &where{}
	w.equal("status", string(f.Status))
	w.equal("last4", f.Last4)
	if f.Before != "" {
		w.and("id < ?", f.Before)
	}
	rows, err := list[db.CardByIDRow](ctx, s, selectCards, w, w.sql("id DESC", f.Limit))
	if err != nil {
		return nil, fmt.Errorf("list gift cards: %w", err)
	}
	cards := make([]giftcard.Card, len(rows))
	for i, row := range rows {
		if cards[i], err = cardOf(row, nil); err != nil {
			return nil, err
		}
	}
	return cards, nil
}

const selectRuns = `SELECT id, provider, window_from, window_until, matched, ours_only, theirs_only, amount, currency, duplicate,
	timing, actor, request_id, created_at FROM reconciliation`

// ListRuns lists comparisons, newest first.
func (s *Store) ListRuns(ctx context.Context, f reconcile.RunFilter) ([]reconcile.Run, error) {
	w := &where{}
	w.equal("provider", f.Provider)
	if f.Before != "" {
		w.and("id < ?", f.Before)
	}
	rows, err := list[db.Reconciliation](ctx, s, selectRuns, w, w.sql("id DESC", f.Limit))
	if err != nil {
		return nil, fmt.Errorf("list comparisons: %w", err)
	}
	runs := make([]reconcile.Run, len(rows))
	for i, row := range rows {
		runs[i] = runOf(row)
	}
	return runs, nil
}

const selectFindings = `SELECT id, provider, class, kind, operation_key, order_id, provider_reference, our_status, their_status,
	our_amount, our_currency, their_amount, their_currency, moved_at, created_at, updated_at, closed_at FROM reconciliation_finding`

// ListFindings lists findings, newest first.
func (s *Store) ListFindings(ctx context.Context, f reconcile.FindingFilter) ([]reconcile.Finding, error) {
	w := &where{}
	w.equal("provider", f.Provider)
	w.equal("class", string(f.Class))
	if !f.Closed {
		w.and("closed_at IS NULL")
	}
	if f.Before != "" {
		w.and("id < ?", f.Before)
	}
	rows, err := list[db.ReconciliationFinding](ctx, s, selectFindings, w, w.sql("id DESC", f.Limit))
	if err != nil {
		return nil, fmt.Errorf("list findings: %w", err)
	}
	findings := make([]reconcile.Finding, len(rows))
	for i, row := range rows {
		findings[i] = findingOf(row)
	}
	return findings, nil
}

const selectEntries = `SELECT id, kind, source, order_id, payment_id, operation_id, gift_card_id, actor, request_id, created_at
	FROM ledger_transaction`

type entryRow struct {
	ID, Kind, Source, OrderID, PaymentID, OperationID, GiftCardID, Actor, RequestID string
	CreatedAt                                                                       time.Time
}

// ListEntries lists the entries of an order, a payment or a gift card, oldest first.
func (s *Store) ListEntries(ctx context.Context, f ledger.Filter) ([]ledger.Entry, error) {
	w := &where{}
	for _, id := range [][2]string{{"order_id", f.OrderID}, {"payment_id", f.PaymentID}, {"gift_card_id", f.GiftCardID}} {
		if id[1] != "" {
			w.equal(id[0], id[1])
			w.and(id[0] + " <> ''") // the indexes leave out what has none
		}
	}
	if f.After != "" {
		w.and("id > ?", f.After)
	}
	rows, err := list[entryRow](ctx, s, selectEntries, w, w.sql("id", f.Limit))
	if err != nil {
		return nil, fmt.Errorf("list ledger entries: %w", err)
	}
	entries := make([]ledger.Entry, len(rows))
	for i, row := range rows {
		entries[i] = ledger.Entry{
			ID: row.ID, Kind: row.Kind, Source: row.Source, OrderID: row.OrderID, PaymentID: row.PaymentID,
			OperationID: row.OperationID, GiftCardID: row.GiftCardID, Actor: row.Actor, RequestID: row.RequestID, CreatedAt: row.CreatedAt,
		}
	}
	return entries, s.attachPostings(ctx, entries)
}
