package postgres_test

import (
	"context"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// Everything that uses the handle with the context of Tx is part of one transaction.
func ExampleDB_Tx() {
	transfer := func(ctx context.Context, db *postgres.DB, from, to, n int) error {
		return db.Tx(ctx, func(ctx context.Context) error {
			if err := add(ctx, db, from, -n); err != nil {
				return fmt.Errorf("take: %w", err)
			}
			return add(ctx, db, to, n)
		})
	}
	_ = transfer
}
