package postgres

import (
	"cmp"
	"context"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// firstID sorts before every id.
const firstID = "00000000-0000-0000-0000-000000000000"

// GetShipment returns a shipment with its items; it fails with ErrShipmentNotFound.
func (s *Store) GetShipment(ctx context.Context, id string) (stock.Shipment, error) {
	row, err := s.q.GetShipment(ctx, id)
	if postgres.NoRows(err) {
		return stock.Shipment{}, stock.ErrShipmentNotFound.At("shipmentId", "There is no shipment %s.", id)
	}
	if err != nil {
		return stock.Shipment{}, fmt.Errorf("read shipment: %w", err)
	}
	shipments := []stock.Shipment{shipment(row)}
	return shipments[0], s.addItems(ctx, shipments)
}

// InsertShipment records a shipment and marks its units shipped; false when the id is taken.
func (s *Store) InsertShipment(ctx context.Context, sh stock.Shipment, cause stock.Cause) (bool, error) {
	inserted, err := s.q.InsertShipment(ctx, db.InsertShipmentParams{
		ID: sh.ID, OrderID: sh.OrderID, ReservationID: sh.ReservationID, Fingerprint: sh.Fingerprint, Carrier: sh.Carrier,
		TrackingNumber: sh.TrackingNumber, Actor: cause.Actor, RequestID: cause.RequestID,
	})
	if err != nil {
		return false, fmt.Errorf("insert shipment: %w", err)
	}
	if inserted == 0 {
		return false, nil
	}
	skus, locations, quantities := columns(sh.Items)
	err = s.q.InsertShipmentItems(ctx, db.InsertShipmentItemsParams{
		ShipmentID: sh.ID, Skus: skus, LocationKeys: locations, Quantities: quantities,
	})
	if err != nil {
		return false, fmt.Errorf("insert shipment items: %w", err)
	}
	err = s.q.MarkShipped(ctx, db.MarkShippedParams{
		ReservationID: sh.ReservationID, Skus: skus, LocationKeys: locations, Quantities: quantities,
	})
	if err != nil {
		return false, fmt.Errorf("mark shipped units: %w", err)
	}
	return true, nil
}

// UpdateShipment stores an edit of the version in sh; it fails with VersionConflict or ErrShipmentNotFound.
func (s *Store) UpdateShipment(ctx context.Context, sh stock.Shipment) error {
	updated, err := s.q.UpdateShipment(ctx, db.UpdateShipmentParams{
		ID: sh.ID, Carrier: sh.Carrier, TrackingNumber: sh.TrackingNumber, Version: sh.Version,
	})
	if err != nil {
		return fmt.Errorf("update shipment: %w", err)
	}
	if updated > 0 {
		return nil
	}
	if _, err := s.GetShipment(ctx, sh.ID); err != nil {
		return err
	}
	return errs.VersionConflict.At("version", "Version %d of the shipment is not the latest.", sh.Version)
}

// ListShipments returns an order's shipments behind after, oldest first.
func (s *Store) ListShipments(ctx context.Context, orderID string, after stock.Mark, limit int) ([]stock.Shipment, error) {
	rows, err := s.q.ListShipments(ctx, db.ListShipmentsParams{
		OrderID: orderID, AfterTime: after.Time, AfterID: cmp.Or(after.ID, firstID), PageLimit: int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("list shipments: %w", err)
	}
	shipments := make([]stock.Shipment, len(rows))
	for i, row := range rows {
		shipments[i] = shipment(db.GetShipmentRow(row))
	}
	return shipments, s.addItems(ctx, shipments)
}

func (s *Store) addItems(ctx context.Context, shipments []stock.Shipment) error {
	place := make(map[string]int, len(shipments))
	ids := make([]string, len(shipments))
	for i, sh := range shipments {
		place[sh.ID], ids[i] = i, sh.ID
	}
	rows, err := s.q.ListShipmentItems(ctx, ids)
	if err != nil {
		return fmt.Errorf("read shipment items: %w", err)
	}
	for _, row := range rows {
		sh := &shipments[place[row.ShipmentID]]
		sh.Items = append(sh.Items, stock.Pick{Key: stock.Key{SKU: row.Sku, Location: row.LocationKey}, Quantity: row.Quantity})
	}
	return nil
}

// LockReturnable locks an order's shipments and returns what of them may come back, by SKU.
func (s *Store) LockReturnable(ctx context.Context, orderID string) (map[string]stock.Returnable, error) {
	if _, err := s.q.LockShipments(ctx, orderID); err != nil {
		return nil, fmt.Errorf("lock shipments: %w", err)
	}
	rows, err := s.q.ReturnableItems(ctx, orderID)
	if err != nil {
		return nil, fmt.Errorf("read returnable items: %w", err)
	}
	left := make(map[string]stock.Returnable, len(rows))
	for _, row := range rows {
		left[row.Sku] = stock.Returnable{Left: row.Shipped - row.Returned, LastLocation: row.LastLocation}
	}
	return left, nil
}

// FindReturn returns a return with its items; false when there is none.
func (s *Store) FindReturn(ctx context.Context, id string) (stock.Return, bool, error) {
	row, err := s.q.GetReturn(ctx, id)
	if postgres.NoRows(err) {
		return stock.Return{}, false, nil
	}
	if err != nil {
		return stock.Return{}, false, fmt.Errorf("read return: %w", err)
	}
	returns := []stock.Return{received(row)}
	if err := s.addReturnItems(ctx, returns); err != nil {
		return stock.Return{}, false, err
	}
	return returns[0], true, nil
}

// InsertReturn records a return; false when the id is taken.
func (s *Store) InsertReturn(ctx context.Context, r stock.Return, cause stock.Cause) (bool, error) {
	inserted, err := s.q.InsertReturn(ctx, db.InsertReturnParams{
		ID: r.ID, OrderID: r.OrderID, Fingerprint: r.Fingerprint, Reason: r.Reason, Actor: cause.Actor, RequestID: cause.RequestID,
	})
	if err != nil {
		return false, fmt.Errorf("insert return: %w", err)
	}
	if inserted == 0 {
		return false, nil
	}
	p := db.InsertReturnItemsParams{ReturnID: r.ID}
	for _, item := range r.Items {
		p.Skus, p.LocationKeys = append(p.Skus, item.SKU), append(p.LocationKeys, item.Location)
		p.Restocks, p.Quantities = append(p.Restocks, item.Restock), append(p.Quantities, item.Quantity)
	}
	if err := s.q.InsertReturnItems(ctx, p); err != nil {
		return false, fmt.Errorf("insert return items: %w", err)
	}
	return true, nil
}

// ListReturns returns an order's returns behind after, oldest first.
func (s *Store) ListReturns(ctx context.Context, orderID string, after stock.Mark, limit int) ([]stock.Return, error) {
	rows, err := s.q.ListReturns(ctx, db.ListReturnsParams{
		OrderID: orderID, AfterTime: after.Time, AfterID: cmp.Or(after.ID, firstID), PageLimit: int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("list returns: %w", err)
	}
	returns := make([]stock.Return, len(rows))
	for i, row := range rows {
		returns[i] = received(db.GetReturnRow(row))
	}
	return returns, s.addReturnItems(ctx, returns)
}

func (s *Store) addReturnItems(ctx context.Context, returns []stock.Return) error {
	place := make(map[string]int, len(returns))
	ids := make([]string, len(returns))
	for i, r := range returns {
		place[r.ID], ids[i] = i, r.ID
	}
	rows, err := s.q.ListReturnItems(ctx, ids)
	if err != nil {
		return fmt.Errorf("read return items: %w", err)
	}
	for _, row := range rows {
		r := &returns[place[row.ReturnID]]
		pick := stock.Pick{Key: stock.Key{SKU: row.Sku, Location: row.LocationKey}, Quantity: row.Quantity}
		r.Items = append(r.Items, stock.ReturnItem{Pick: pick, Restock: row.Restock})
	}
	return nil
}

func shipment(row db.GetShipmentRow) stock.Shipment {
	return stock.Shipment{
		ID: row.ID, OrderID: row.OrderID, ReservationID: row.ReservationID, Fingerprint: row.Fingerprint, Carrier: row.Carrier,
		TrackingNumber: row.TrackingNumber, Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}

func received(row db.GetReturnRow) stock.Return {
	return stock.Return{
		ID: row.ID, OrderID: row.OrderID, Fingerprint: row.Fingerprint, Reason: row.Reason, CreatedAt: row.CreatedAt,
	}
}
