package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
)

// listOrders has its conditions written in, because which of them are there decides which index serves it.
const listOrders = `SELECT id, number, channel, customer_id, email, currency, status, payment_status, fulfillment_status, total, line_count,
    needs_attention OR id IN (SELECT order_id FROM saga WHERE state IN ('running', 'waiting', 'compensating') AND needs_attention),
    created_at, placed_at
FROM sales_order
WHERE %s
ORDER BY created_at DESC, id DESC
LIMIT %s`

// attention finds the flagged orders and those whose machine is stuck, each by its own small index.
const attention = `id IN (
    SELECT flagged.id FROM sales_order AS flagged WHERE flagged.needs_attention
    UNION ALL
    SELECT order_id FROM saga WHERE state IN ('running', 'waiting', 'compensating') AND needs_attention
)`

// ListOrders implements order.Store.
func (s *OrderStore) ListOrders(ctx context.Context, f order.Filter, limit int) ([]order.Summary, error) {
	args := pgx.NamedArgs{"limit": limit}
	conditions := []string{"true"}
	when := func(present bool, condition, name string, value any) {
		if present {
			conditions = append(conditions, condition)
			args[name] = value
		}
	}
	when(f.Status != "", "status = @status", "status", string(f.Status))
	when(f.PaymentStatus != "", "payment_status = @payment_status", "payment_status", string(f.PaymentStatus))
	when(f.FulfillmentStatus != "", "fulfillment_status = @fulfillment_status", "fulfillment_status", string(f.FulfillmentStatus))
	when(f.Email != "", "lower(email) = @email", "email", f.Email)
	when(f.Number != "", "number = @number", "number", f.Number)
	when(f.CustomerID != "", "customer_id <> '' AND customer_id = @customer_id", "customer_id", f.CustomerID)
	when(f.Channel != "", "channel = @channel", "channel", f.Channel)
	when(!f.From.IsZero(), "created_at >= @from", "from", f.From)
	when(!f.Until.IsZero(), "created_at < @until", "until", f.Until)
	when(f.NeedsAttention, attention, "attention", true)
	when(f.BoughtOnly, "status NOT IN ('pending', 'failed')", "bought", true)
	when(f.After.ID != "", "(created_at, id) < (@after_time, @after_id)", "after_id", f.After.ID)
	args["after_time"] = f.After.CreatedAt
	rows, err := s.db.Query(ctx, fmt.Sprintf(listOrders, strings.Join(conditions, " AND "), "@limit"), args)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	summaries, err := pgx.CollectRows(rows, toSummary)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	return summaries, nil
}

func toSummary(row pgx.CollectableRow) (order.Summary, error) {
	var s order.Summary
	var number *string
	var placed *time.Time
	err := row.Scan(&s.ID, &number, &s.Channel, &s.CustomerID, &s.Email, &s.Currency, &s.Status, &s.PaymentStatus, &s.FulfillmentStatus,
		&s.Total, &s.LineCount, &s.NeedsAttention, &s.CreatedAt, &placed)
	if number != nil {
		s.Number = *number
	}
	s.PlacedAt = moment(placed)
	return s, err
}
