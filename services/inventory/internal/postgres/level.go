package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
)

// EnsureStock creates the rows that do not exist, empty.
func (s *Store) EnsureStock(ctx context.Context, sorted []stock.Key) error {
	skus, locations := keyColumns(sorted)
	if err := s.q.EnsureStock(ctx, db.EnsureStockParams{Skus: skus, LocationKeys: locations}); err != nil {
		return fmt.Errorf("create stock rows: %w", err)
	}
	return nil
}

// LockStock locks rows until the transaction ends and returns them as they are now, in key order.
func (s *Store) LockStock(ctx context.Context, sorted []stock.Key) ([]stock.Level, error) {
	skus, locations := keyColumns(sorted)
	rows, err := s.q.LockStock(ctx, db.LockStockParams{Skus: skus, LocationKeys: locations})
	if err != nil {
		return nil, fmt.Errorf("lock stock: %w", err)
	}
	return levels(rows), nil
}

// LockFreeStock locks what a channel may take from of these SKUs, and returns each SKU's levels by priority.
func (s *Store) LockFreeStock(ctx context.Context, channel string, skus []string) (map[string][]stock.Level, error) {
	rows, err := s.q.LockFreeStock(ctx, db.LockFreeStockParams{Skus: skus, Channel: channel})
	if err != nil {
		return nil, fmt.Errorf("lock free stock: %w", err)
	}
	slices.SortFunc(rows, func(a, b db.LockFreeStockRow) int {
		return cmp.Or(cmp.Compare(a.Sku, b.Sku), cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.LocationKey, b.LocationKey))
	})
	free := make(map[string][]stock.Level, len(skus))
	for _, row := range rows {
		free[row.Sku] = append(free[row.Sku], stock.Level{
			Key: stock.Key{SKU: row.Sku, Location: row.LocationKey}, OnHand: row.OnHand, Reserved: row.Reserved, UpdatedAt: row.UpdatedAt,
		})
	}
	return free, nil
}

// ApplyChanges moves counters of locked rows and records a movement for each change of on_hand.
func (s *Store) ApplyChanges(ctx context.Context, kind stock.MovementKind, cause stock.Cause, changes []stock.Change) ([]stock.Level, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	p := db.ApplyChangesParams{
		Kind: string(kind), Actor: cause.Actor, Reason: cause.Reason, Reference: cause.Reference, RequestID: cause.RequestID,
	}
	for _, c := range changes {
		p.Skus, p.LocationKeys = append(p.Skus, c.SKU), append(p.LocationKeys, c.Location)
		p.OnHandDeltas, p.ReservedDeltas = append(p.OnHandDeltas, c.OnHand), append(p.ReservedDeltas, c.Reserved)
	}
	rows, err := s.q.ApplyChanges(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("change stock: %w", err)
	}
	if len(rows) != len(changes) {
		return nil, fmt.Errorf("change stock: %d of %d rows exist", len(rows), len(changes))
	}
	moved := make([]stock.Level, len(rows))
	for i, row := range rows {
		moved[i] = level(db.Stock(row))
	}
	return moved, nil
}

// ListStock returns levels behind f.After in key order.
func (s *Store) ListStock(ctx context.Context, f stock.LevelFilter, limit int) ([]stock.Level, error) {
	var rows []db.Stock
	var err error
	switch {
	case len(f.SKUs) > 0:
		rows, err = s.q.ListStockBySKU(ctx, db.ListStockBySKUParams{
			Skus: f.SKUs, LocationKey: f.Location, AfterSku: f.After.SKU, AfterLocation: f.After.Location, PageLimit: int32(limit),
		})
	case f.Location != "":
		rows, err = s.q.ListStockByLocation(ctx, db.ListStockByLocationParams{
			LocationKey: f.Location, AfterSku: f.After.SKU, PageLimit: int32(limit),
		})
	default:
		rows, err = s.q.ListStock(ctx, db.ListStockParams{
			AfterSku: f.After.SKU, AfterLocation: f.After.Location, PageLimit: int32(limit),
		})
	}
	if err != nil {
		return nil, fmt.Errorf("list stock: %w", err)
	}
	return levels(rows), nil
}

// ListMovements returns movements with ids below f.Before, newest first.
func (s *Store) ListMovements(ctx context.Context, f stock.MovementFilter, limit int) ([]stock.Movement, error) {
	rows, err := s.q.ListMovements(ctx, db.ListMovementsParams{
		Sku: f.SKU, Before: f.Before, LocationKey: f.Location, PageLimit: int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("list movements: %w", err)
	}
	movements := make([]stock.Movement, len(rows))
	for i, row := range rows {
		movements[i] = stock.Movement{
			Key: stock.Key{SKU: row.Sku, Location: row.LocationKey}, ID: row.ID, Kind: stock.MovementKind(row.Kind),
			Delta: row.Delta, OnHandAfter: row.OnHandAfter, CreatedAt: row.CreatedAt,
			Cause: stock.Cause{Actor: row.Actor, Reason: row.Reason, Reference: row.Reference, RequestID: row.RequestID},
		}
	}
	return movements, nil
}

// BatchGetAvailability returns the figures of the SKUs it knows, in no order.
func (s *Store) BatchGetAvailability(ctx context.Context, channel string, skus []string) ([]stock.Availability, error) {
	rows, err := s.q.BatchGetAvailability(ctx, db.BatchGetAvailabilityParams{Skus: skus, Channel: channel})
	if err != nil {
		return nil, fmt.Errorf("get availability: %w", err)
	}
	found := make([]stock.Availability, len(rows))
	for i, row := range rows {
		found[i] = stock.Availability{
			SKU: row.Sku, Available: row.Available, Tracked: row.Tracked, BackorderAvailable: row.BackorderAvailable,
		}
	}
	return found, nil
}

func level(row db.Stock) stock.Level {
	return stock.Level{
		Key: stock.Key{SKU: row.Sku, Location: row.LocationKey}, OnHand: row.OnHand, Reserved: row.Reserved, UpdatedAt: row.UpdatedAt,
	}
}

func levels(rows []db.Stock) []stock.Level {
	list := make([]stock.Level, len(rows))
	for i, row := range rows {
		list[i] = level(row)
	}
	return list
}
