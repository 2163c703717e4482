package postgres

import (
	"context"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// PutPurchaseLimit stores a limit and returns it.
func (s *Store) PutPurchaseLimit(ctx context.Context, l stock.PurchaseLimit) (stock.PurchaseLimit, error) {
	row, err := s.q.UpsertPurchaseLimit(ctx, db.UpsertPurchaseLimitParams{Sku: l.SKU, Quantity: l.Quantity, WindowDays: l.WindowDays})
	if err != nil {
		return stock.PurchaseLimit{}, fmt.Errorf("store purchase limit: %w", err)
	}
	return purchaseLimit(row), nil
}

// GetPurchaseLimit returns the limit of a SKU, none where none was set.
func (s *Store) GetPurchaseLimit(ctx context.Context, sku string) (stock.PurchaseLimit, error) {
	row, err := s.q.GetPurchaseLimit(ctx, sku)
	if postgres.NoRows(err) {
		return stock.PurchaseLimit{SKU: sku}, nil
	}
	if err != nil {
		return stock.PurchaseLimit{}, fmt.Errorf("read purchase limit: %w", err)
	}
	return purchaseLimit(row), nil
}

func purchaseLimit(row db.PurchaseLimit) stock.PurchaseLimit {
	return stock.PurchaseLimit{SKU: row.Sku, Quantity: row.Quantity, WindowDays: row.WindowDays, UpdatedAt: row.UpdatedAt}
}
