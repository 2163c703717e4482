package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/checkout"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// OrderStore keeps orders and the machines that work on them.
type OrderStore struct {
	db      *postgres.DB
	queries *db.Queries
}

var (
	_ order.Store    = (*OrderStore)(nil)
	_ checkout.Store = (*OrderStore)(nil)
)

// NewOrderStore returns the store of a database.
func NewOrderStore(database *postgres.DB) *OrderStore {
	return &OrderStore{db: database, queries: db.New(database)}
}

// Tx implements saga.Store.
func (s *OrderStore) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	return s.db.Tx(ctx, fn)
}

// InsertOrder implements checkout.Store.
func (s *OrderStore) InsertOrder(ctx context.Context, o *order.Order) error {
	snapshot, err := json.Marshal(o.Snapshot)
	if err != nil {
		return fmt.Errorf("encode snapshot: %w", err)
	}
	cards, err := json.Marshal(o.GiftCards)
	if err != nil {
		return fmt.Errorf("encode gift cards: %w", err)
	}
	row, err := s.queries.InsertOrder(ctx, db.InsertOrderParams{
		ID: o.ID, NumberPrefix: o.NumberPrefix, CartID: o.CartID, Channel: o.Channel, Currency: o.Currency, CustomerID: o.CustomerID,
		Email: o.Email, Status: string(o.Status), PaymentStatus: string(o.PaymentStatus()), FulfillmentStatus: string(o.FulfillmentStatus()),
		LineCount: int32(len(o.Lines)), Snapshot: snapshot, GiftCards: cards, PaymentID: o.PaymentID, ReservationID: o.ReservationID,
		CaptureAtShipment: o.CaptureAtShipment, Total: o.Money.Total, GiftTotal: o.Money.Gift, Due: o.Money.Due,
	})
	if err != nil {
		return fmt.Errorf("insert order: %w", err)
	}
	o.CreatedAt, o.UpdatedAt, o.Version = row.CreatedAt, row.UpdatedAt, row.Version
	return s.insertLines(ctx, o)
}

func (s *OrderStore) insertLines(ctx context.Context, o *order.Order) error {
	lines := db.InsertOrderLinesParams{OrderID: o.ID}
	for i, l := range o.Lines {
		sold, err := json.Marshal(l.Sold)
		if err != nil {
			return fmt.Errorf("encode line: %w", err)
		}
		lines.Positions = append(lines.Positions, int32(i))
		lines.Ids = append(lines.Ids, l.ID)
		lines.Skus = append(lines.Skus, l.SKU)
		lines.Quantities = append(lines.Quantities, l.Quantity)
		lines.Subtotals = append(lines.Subtotals, l.Subtotal)
		lines.Discounts = append(lines.Discounts, l.Discount)
		lines.Taxes = append(lines.Taxes, l.Tax)
		lines.Totals = append(lines.Totals, l.Total)
		lines.Solds = append(lines.Solds, string(sold))
	}
	if err := s.queries.InsertOrderLines(ctx, lines); err != nil {
		return fmt.Errorf("insert order lines: %w", err)
	}
	return nil
}

// GetOrder implements order.Store.
func (s *OrderStore) GetOrder(ctx context.Context, orderID string) (*order.Order, error) {
	row, err := s.queries.GetOrder(ctx, orderID)
	if postgres.NoRows(err) {
		return nil, order.NotFound(orderID)
	}
	if err != nil {
		return nil, fmt.Errorf("get order: %w", err)
	}
	o, err := toOrder(row)
	if err != nil {
		return nil, fmt.Errorf("decode order %s: %w", orderID, err)
	}
	lines, err := s.queries.ListOrderLines(ctx, orderID)
	if err != nil {
		return nil, fmt.Errorf("list order lines: %w", err)
	}
	if o.Lines, err = toLines(lines); err != nil {
		return nil, fmt.Errorf("decode lines of order %s: %w", orderID, err)
	}
	if o.Status == order.Pending || o.Status == order.RequiresAction || o.Status == order.Failed {
		return o, nil // neither refunded nor shipped
	}
	return o, s.readOperations(ctx, o)
}

func (s *OrderStore) readOperations(ctx context.Context, o *order.Order) error {
	refunds, err := s.queries.ListRefunds(ctx, o.ID)
	if err != nil {
		return fmt.Errorf("list refunds: %w", err)
	}
	for _, row := range refunds {
		r, err := toRefund(row)
		if err != nil {
			return fmt.Errorf("decode refund %s: %w", row.ID, err)
		}
		o.Refunds = append(o.Refunds, r)
	}
	shipments, err := s.queries.ListShipments(ctx, o.ID)
	if err != nil {
		return fmt.Errorf("list shipments: %w", err)
	}
	for _, row := range shipments {
		sh, err := toShipment(row)
		if err != nil {
			return fmt.Errorf("decode shipment %s: %w", row.ID, err)
		}
		o.Shipments = append(o.Shipments, sh)
	}
	return nil
}

// LockOrder implements order.Store.
func (s *OrderStore) LockOrder(ctx context.Context, orderID string) (*order.Order, error) {
	if err := s.queries.LockOrder(ctx, orderID); err != nil {
		return nil, fmt.Errorf("lock order: %w", err)
	}
	return s.GetOrder(ctx, orderID)
}

// UpdateOrder implements order.Store.
func (s *OrderStore) UpdateOrder(ctx context.Context, o *order.Order) error {
	cards, err := json.Marshal(o.GiftCards)
	if err != nil {
		return fmt.Errorf("encode gift cards: %w", err)
	}
	action, err := optional(o.NextAction)
	if err != nil {
		return fmt.Errorf("encode next action: %w", err)
	}
	failure, err := optional(o.Failure)
	if err != nil {
		return fmt.Errorf("encode failure: %w", err)
	}
	m := o.Money
	row, err := s.queries.UpdateOrder(ctx, db.UpdateOrderParams{
		ID: o.ID, Version: o.Version, Status: string(o.Status), PaymentStatus: string(o.PaymentStatus()),
		FulfillmentStatus: string(o.FulfillmentStatus()), GiftCards: cards, NextAction: action, ReservationID: o.ReservationID,
		GiftPosted: m.GiftPosted, Captured: m.Captured, NotCaptured: m.NotCaptured, Refunded: m.Refunded, GiftRefunded: m.GiftRefunded,
		CancelRefunded: m.CancelRefunded, ShippingRefunded: m.ShippingRefunded, ShippingRefundedTax: m.ShippingRefundedTax,
		PaymentProblem: m.Problem, Failure: failure, NeedsAttention: o.NeedsAttention,
	})
	if postgres.NoRows(err) {
		return errs.VersionConflict.New("The order was changed meanwhile.")
	}
	if err != nil {
		return fmt.Errorf("update order: %w", err)
	}
	o.Version, o.UpdatedAt, o.CancelledAt = row.Version, row.UpdatedAt, moment(row.CancelledAt)
	return nil
}

// PlaceOrder implements checkout.Store.
func (s *OrderStore) PlaceOrder(ctx context.Context, o *order.Order) error {
	o.Status, o.NextAction = order.Placed, nil
	row, err := s.queries.PlaceOrder(ctx, db.PlaceOrderParams{
		ID: o.ID, Version: o.Version, NumberPrefix: o.NumberPrefix, PaymentStatus: string(o.PaymentStatus()),
	})
	if postgres.NoRows(err) {
		return errs.VersionConflict.New("The order was changed meanwhile.")
	}
	if err != nil {
		return fmt.Errorf("place order: %w", err)
	}
	if row.Number != nil {
		o.Number = *row.Number
	}
	o.PlacedAt, o.UpdatedAt, o.Version = moment(row.PlacedAt), row.UpdatedAt, row.Version
	return nil
}

// UpdateLines implements order.Store.
func (s *OrderStore) UpdateLines(ctx context.Context, o *order.Order) error {
	params := db.UpdateOrderLinesParams{OrderID: o.ID}
	for _, l := range o.Lines {
		params.Ids = append(params.Ids, l.ID)
		params.Shipped = append(params.Shipped, l.Shipped)
		params.Cancelled = append(params.Cancelled, l.Cancelled)
		params.Returned = append(params.Returned, l.Returned)
		params.Refunded = append(params.Refunded, l.Refunded)
		params.RefundedTax = append(params.RefundedTax, l.RefundedTax)
	}
	if err := s.queries.UpdateOrderLines(ctx, params); err != nil {
		return fmt.Errorf("update order lines: %w", err)
	}
	return nil
}

// optional encodes what may be absent; nil stays null.
func optional[T any](v *T) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	return json.Marshal(v)
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
