package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// pipeline collects generated statements that give no rows and sends them in one round trip. What they would have answered is
// known only after flush.
type pipeline struct{ batch pgx.Batch }

var (
	_ db.DBTX = (*pipeline)(nil)

	errNoRows = errors.New("a pipeline takes only statements that give no rows")
)

// Exec collects a statement.
func (p *pipeline) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	p.batch.Queue(sql, args...)
	return pgconn.CommandTag{}, nil
}

// Query is refused.
func (p *pipeline) Query(context.Context, string, ...any) (pgx.Rows, error) { return nil, errNoRows }

// QueryRow is refused.
func (p *pipeline) QueryRow(context.Context, string, ...any) pgx.Row { return noRow{} }

type noRow struct{}

// Scan refuses.
func (noRow) Scan(...any) error { return errNoRows }

// flush sends what was collected, in order.
func (p *pipeline) flush(ctx context.Context, database *postgres.DB) error {
	results := database.SendBatch(ctx, &p.batch)
	for range p.batch.Len() {
		if _, err := results.Exec(); err != nil {
			return errors.Join(err, results.Close())
		}
	}
	if err := results.Close(); err != nil {
		return fmt.Errorf("end pipeline: %w", err)
	}
	return nil
}
