package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres/db"
)

// InsertRefund implements order.Store.
func (s *OrderStore) InsertRefund(ctx context.Context, r order.Refund) error {
	actor, err1 := json.Marshal(r.Actor)
	lines, err2 := json.Marshal(r.Lines)
	cards, err3 := json.Marshal(r.GiftCards)
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("encode refund: %w", err)
	}
	err := s.queries.InsertRefund(ctx, db.InsertRefundParams{
		ID: r.ID, OrderID: r.OrderID, Cancel: r.Cancel, Status: string(r.Status), Reason: r.Reason, Actor: actor, Lines: lines,
		Shipping: r.Shipping, ShippingTax: r.ShippingTax, Total: r.Total, NotCaptured: r.NotCaptured, ToPayment: r.ToPayment,
		ToGiftCards: r.ToGiftCards, Cancelled: r.Cancelled, GiftCards: cards, Restock: r.Restock,
	})
	if err != nil {
		return fmt.Errorf("insert refund: %w", err)
	}
	return nil
}

// EndRefund implements order.Store.
func (s *OrderStore) EndRefund(ctx context.Context, r order.Refund) error {
	failure, err := optional(r.Failure)
	if err != nil {
		return fmt.Errorf("encode failure: %w", err)
	}
	if err := s.queries.EndRefund(ctx, db.EndRefundParams{ID: r.ID, Status: string(r.Status), Failure: failure}); err != nil {
		return fmt.Errorf("end refund: %w", err)
	}
	return nil
}

// InsertShipment implements order.Store.
func (s *OrderStore) InsertShipment(ctx context.Context, sh order.Shipment) error {
	actor, err1 := json.Marshal(sh.Actor)
	lines, err2 := json.Marshal(sh.Lines)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("encode shipment: %w", err)
	}
	err := s.queries.InsertShipment(ctx, db.InsertShipmentParams{
		ID: sh.ID, OrderID: sh.OrderID, Status: string(sh.Status), Actor: actor, Lines: lines,
		Carrier: sh.Carrier, TrackingNumber: sh.TrackingNumber, Capture: sh.Capture, Final: sh.Final,
	})
	if err != nil {
		return fmt.Errorf("insert shipment: %w", err)
	}
	return nil
}

// EndShipment implements order.Store.
func (s *OrderStore) EndShipment(ctx context.Context, sh order.Shipment) error {
	failure, err := optional(sh.Failure)
	if err != nil {
		return fmt.Errorf("encode failure: %w", err)
	}
	err = s.queries.EndShipment(ctx, db.EndShipmentParams{ID: sh.ID, Status: string(sh.Status), Captured: sh.Captured, Failure: failure})
	if err != nil {
		return fmt.Errorf("end shipment: %w", err)
	}
	return nil
}

// AppendEvent implements order.Store.
func (s *OrderStore) AppendEvent(ctx context.Context, e order.Event) error {
	facts := e.Data
	if facts == nil {
		facts = map[string]string{}
	}
	actor, err1 := json.Marshal(e.Actor)
	data, err2 := json.Marshal(facts)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	err := s.queries.AppendOrderEvent(ctx, db.AppendOrderEventParams{OrderID: e.OrderID, Kind: e.Kind, Actor: actor, Data: data})
	if err != nil {
		return fmt.Errorf("append event: %w", err)
	}
	return nil
}

// ListEvents implements order.Store.
func (s *OrderStore) ListEvents(ctx context.Context, orderID string, after int64, limit int) ([]order.Event, error) {
	rows, err := s.queries.ListOrderEvents(ctx, db.ListOrderEventsParams{OrderID: orderID, AfterID: after, MaxRows: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	events := make([]order.Event, len(rows))
	for i, row := range rows {
		events[i] = order.Event{ID: row.ID, OrderID: row.OrderID, Kind: row.Kind, At: row.CreatedAt}
		if err := errors.Join(json.Unmarshal(row.Actor, &events[i].Actor), json.Unmarshal(row.Data, &events[i].Data)); err != nil {
			return nil, fmt.Errorf("decode event %d: %w", row.ID, err)
		}
	}
	return events, nil
}
