package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// PutBackorderPolicy stores a policy and returns it with what is owed now.
func (s *Store) PutBackorderPolicy(ctx context.Context, p stock.BackorderPolicy) (stock.BackorderPolicy, error) {
	row, err := s.q.UpsertBackorderPolicy(ctx, db.UpsertBackorderPolicyParams{Sku: p.SKU, Allowed: p.Allowed, UnitLimit: p.Limit})
	if err != nil {
		return stock.BackorderPolicy{}, fmt.Errorf("store backorder policy: %w", err)
	}
	return policy(row), nil
}

// GetBackorderPolicy returns the policy of a SKU, a refusing one where none was set.
func (s *Store) GetBackorderPolicy(ctx context.Context, sku string) (stock.BackorderPolicy, error) {
	row, err := s.q.GetBackorderPolicy(ctx, sku)
	if postgres.NoRows(err) {
		return stock.BackorderPolicy{SKU: sku}, nil
	}
	if err != nil {
		return stock.BackorderPolicy{}, fmt.Errorf("read backorder policy: %w", err)
	}
	return policy(row), nil
}

// ReduceBackorders locks and lowers what is owed. Stock rows must be locked before.
func (s *Store) ReduceBackorders(ctx context.Context, owed []stock.Line) error {
	skus, quantities := lineColumns(owed)
	if _, err := s.q.LockBackorders(ctx, skus); err != nil {
		return fmt.Errorf("lock backorders: %w", err)
	}
	if err := s.q.ReduceBackorders(ctx, db.ReduceBackordersParams{Skus: skus, Quantities: quantities}); err != nil {
		return fmt.Errorf("reduce backorders: %w", err)
	}
	return nil
}

// FillableReservations returns committed reservations, oldest first, that wait for units which are free now.
func (s *Store) FillableReservations(ctx context.Context, limit int) ([]string, error) {
	ids, err := s.q.FillableReservations(ctx, int32(limit))
	if err != nil {
		return nil, fmt.Errorf("find reservations to fill: %w", err)
	}
	return ids, nil
}

// MoveBackordered turns backordered units of a locked reservation into units of the locations in picks.
func (s *Store) MoveBackordered(ctx context.Context, reservationID string, picks []stock.Pick) error {
	bySKU := map[string]int32{}
	for _, p := range picks {
		bySKU[p.SKU] += p.Quantity
	}
	taken := make([]stock.Line, 0, len(bySKU))
	for sku, quantity := range bySKU {
		taken = append(taken, stock.Line{SKU: sku, Quantity: quantity})
	}
	slices.SortFunc(taken, func(a, b stock.Line) int { return cmp.Compare(a.SKU, b.SKU) })
	skus, quantities := lineColumns(taken)
	if err := s.q.TakeFromBackordered(ctx, db.TakeFromBackorderedParams{Skus: skus, Quantities: quantities, ReservationID: reservationID}); err != nil {
		return fmt.Errorf("take backordered units: %w", err)
	}
	p := db.AddToAllocationsParams{ReservationID: reservationID}
	p.Skus, p.LocationKeys, p.Quantities = columns(picks)
	if err := s.q.AddToAllocations(ctx, p); err != nil {
		return fmt.Errorf("allocate backordered units: %w", err)
	}
	return nil
}

func policy(row db.Backorder) stock.BackorderPolicy {
	return stock.BackorderPolicy{
		SKU: row.Sku, Allowed: row.Allowed, Limit: row.UnitLimit, Backordered: row.Backordered, UpdatedAt: row.UpdatedAt,
	}
}
