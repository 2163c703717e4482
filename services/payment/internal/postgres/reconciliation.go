package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/payment/internal/reconcile"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// Movements lists our operations of a time, oldest first.
func (s *Store) Movements(ctx context.Context, provider string, w reconcile.Window, after reconcile.Cursor, limit int) ([]reconcile.Movement, error) {
	rows, err := s.q.MovementsOfWindow(ctx, db.MovementsOfWindowParams{
		Provider: provider, WindowFrom: w.From, WindowUntil: w.Until, AfterTime: after.Time, AfterID: after.ID, Batch: int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("list movements: %w", err)
	}
	movements := make([]reconcile.Movement, len(rows))
	for i, row := range rows {
		movements[i] = movementOf(row)
	}
	return movements, nil
}

// MovementsByKey reads our operations with these ids.
func (s *Store) MovementsByKey(ctx context.Context, provider string, keys []string) ([]reconcile.Movement, error) {
	rows, err := s.q.MovementsByKey(ctx, db.MovementsByKeyParams{Provider: provider, Keys: keys})
	if err != nil {
		return nil, fmt.Errorf("read movements: %w", err)
	}
	movements := make([]reconcile.Movement, len(rows))
	for i, row := range rows {
		movements[i] = movementOf(db.MovementsOfWindowRow(row))
	}
	return movements, nil
}

func movementOf(row db.MovementsOfWindowRow) reconcile.Movement {
	return reconcile.Movement{
		Key: row.ID, Reference: row.ProviderReference, OrderID: row.OrderID, Kind: payment.Kind(row.Kind), Status: payment.Status(row.Status),
		Amount: row.Amount, Currency: row.Currency, At: row.CreatedAt, ChangedAt: row.UpdatedAt,
	}
}

// RunByRequest reads the comparison that a request made.
func (s *Store) RunByRequest(ctx context.Context, actor, requestID string) (reconcile.Run, bool, error) {
	row, err := s.q.ReconciliationByRequest(ctx, db.ReconciliationByRequestParams{Actor: actor, RequestID: requestID})
	if postgres.NoRows(err) {
		return reconcile.Run{}, false, nil
	}
	if err != nil {
		return reconcile.Run{}, false, fmt.Errorf("read comparison: %w", err)
	}
	return runOf(row), true, nil
}

// SaveRun stores a comparison and its findings, and closes those of its window that were not found again.
func (s *Store) SaveRun(ctx context.Context, r *reconcile.Run, findings []reconcile.Finding) (bool, error) {
	saved := false
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		created, err := s.q.InsertReconciliation(ctx, db.InsertReconciliationParams{
			ID: r.ID, Provider: r.Provider, WindowFrom: r.From, WindowUntil: r.Until, Matched: r.Matched,
			OursOnly: r.Found[reconcile.OursOnly], TheirsOnly: r.Found[reconcile.TheirsOnly], Amount: r.Found[reconcile.Amount],
			Currency: r.Found[reconcile.Currency], Duplicate: r.Found[reconcile.Duplicate], Timing: r.Found[reconcile.Timing],
			Actor: r.Actor, RequestID: r.RequestID,
		})
		if saved = err == nil; postgres.NoRows(err) {
			return nil
		}
		if err != nil {
			return err
		}
		r.CreatedAt = created
		if err := s.SaveFindings(ctx, findings); err != nil {
			return err
		}
		return s.q.CloseFindings(ctx, db.CloseFindingsParams{Provider: r.Provider, WindowFrom: r.From, WindowUntil: r.Until})
	})
	if err != nil {
		return false, fmt.Errorf("save comparison: %w", err)
	}
	return saved, nil
}

// SaveFindings stores findings, new or known.
func (s *Store) SaveFindings(ctx context.Context, findings []reconcile.Finding) error {
	line := &pipeline{}
	q := db.New(line)
	var err error
	for _, f := range findings {
		err = errors.Join(err, q.SaveFinding(ctx, db.SaveFindingParams{
			ID: f.ID, Provider: f.Provider, Class: string(f.Class), Kind: string(f.Kind), OperationKey: f.Key, OrderID: f.OrderID,
			ProviderReference: f.Reference, OurStatus: string(f.OurStatus), TheirStatus: string(f.TheirStatus), OurAmount: f.OurAmount,
			OurCurrency: f.OurCurrency, TheirAmount: f.TheirAmount, TheirCurrency: f.TheirCurrency, MovedAt: f.MovedAt,
		}))
	}
	if err == nil && len(findings) > 0 {
		err = line.flush(ctx, s.db)
	}
	if err != nil {
		return fmt.Errorf("save findings: %w", err)
	}
	return nil
}

// CloseFindings closes findings by id.
func (s *Store) CloseFindings(ctx context.Context, ids []string) error {
	if err := s.q.CloseFindingsByID(ctx, ids); err != nil {
		return fmt.Errorf("close findings: %w", err)
	}
	return nil
}

// OpenBefore lists open findings older than a time.
func (s *Store) OpenBefore(ctx context.Context, provider string, before time.Time, limit int) ([]reconcile.Finding, error) {
	rows, err := s.q.OpenFindingsBefore(ctx, db.OpenFindingsBeforeParams{Provider: provider, Before: before, Batch: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list open findings: %w", err)
	}
	findings := make([]reconcile.Finding, len(rows))
	for i, row := range rows {
		findings[i] = findingOf(row)
	}
	return findings, nil
}

// Standing counts what is open.
func (s *Store) Standing(ctx context.Context) (reconcile.Standing, error) {
	rows, err := s.q.CountOpenFindings(ctx)
	if err != nil {
		return reconcile.Standing{}, fmt.Errorf("count open findings: %w", err)
	}
	age, err := s.q.LastReconciliation(ctx)
	if err != nil {
		return reconcile.Standing{}, fmt.Errorf("read last comparison: %w", err)
	}
	standing := reconcile.Standing{Open: map[reconcile.Class]int64{}, Age: seconds(age)}
	for _, row := range rows {
		standing.Open[reconcile.Class(row.Class)] = row.Findings
	}
	return standing, nil
}

// PurgeRuns forgets comparisons of more than 90 days ago.
func (s *Store) PurgeRuns(ctx context.Context) error {
	if _, err := s.q.PurgeReconciliations(ctx, 5000); err != nil {
		return fmt.Errorf("purge comparisons: %w", err)
	}
	return nil
}

func runOf(row db.Reconciliation) reconcile.Run {
	return reconcile.Run{
		ID: row.ID, Provider: row.Provider, From: row.WindowFrom, Until: row.WindowUntil, Matched: row.Matched,
		Found: map[reconcile.Class]int64{
			reconcile.OursOnly: row.OursOnly, reconcile.TheirsOnly: row.TheirsOnly, reconcile.Amount: row.Amount,
			reconcile.Currency: row.Currency, reconcile.Duplicate: row.Duplicate, reconcile.Timing: row.Timing,
		},
		Actor: row.Actor, RequestID: row.RequestID, CreatedAt: row.CreatedAt,
	}
}

func findingOf(row db.ReconciliationFinding) reconcile.Finding {
	return reconcile.Finding{
		ID: row.ID, Provider: row.Provider, Class: reconcile.Class(row.Class), Kind: payment.Kind(row.Kind), Key: row.OperationKey,
		OrderID: row.OrderID, Reference: row.ProviderReference, OurStatus: payment.Status(row.OurStatus),
		TheirStatus: payment.Status(row.TheirStatus), OurAmount: row.OurAmount, OurCurrency: row.OurCurrency, TheirAmount: row.TheirAmount,
		TheirCurrency: row.TheirCurrency, MovedAt: row.MovedAt, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt, ClosedAt: row.ClosedAt,
	}
}
