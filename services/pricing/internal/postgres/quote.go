package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/pricing/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/quote"
)

// LivePromotions implements quote.Store.
func (s *Store) LivePromotions(ctx context.Context, q quote.PromotionQuery) ([]quote.Candidate, error) {
	rows, err := s.queries.ListLivePromotions(ctx, db.ListLivePromotionsParams{
		CustomerKey: q.CustomerKey, Codes: q.Codes, At: q.At,
	})
	if err != nil {
		return nil, fmt.Errorf("read promotions: %w", err)
	}
	candidates := make([]quote.Candidate, len(rows))
	for i, row := range rows {
		c := quote.Candidate{
			Promotion: promotion.Promotion{
				ID: row.ID, Key: row.Key, Name: row.Name, Version: row.Version, Exclusive: row.Exclusive, Priority: row.Priority,
				LimitTotal: row.LimitTotal, LimitPerCustomer: row.LimitPerCustomer,
			},
			Code: row.Code, CodeLimited: row.CodeMaxUses > 0,
		}
		c.Exhausted = row.LimitTotal > 0 && row.Used >= row.LimitTotal ||
			row.LimitPerCustomer > 0 && row.CustomerUsed >= row.LimitPerCustomer ||
			row.CodeMaxUses > 0 && row.CodeUsed >= row.CodeMaxUses
		if err := json.Unmarshal(row.Rule, &c.Promotion.Rule); err != nil {
			return nil, fmt.Errorf("decode rule of promotion %s: %w", row.Key, err)
		}
		candidates[i] = c
	}
	return candidates, nil
}

// HoldAttempts implements quote.Store.
func (s *Store) HoldAttempts(ctx context.Context, subject string) (int, time.Duration, error) {
	if err := s.queries.HoldAttempts(ctx, subject); err != nil {
		return 0, 0, fmt.Errorf("hold coupon attempts: %w", err)
	}
	row, err := s.queries.CountAttempts(ctx, subject)
	if err != nil {
		return 0, 0, fmt.Errorf("count coupon attempts: %w", err)
	}
	return int(row.Rejected), time.Duration(row.OldestMillis) * time.Millisecond, nil
}

// RecordAttempt implements quote.Store.
func (s *Store) RecordAttempt(ctx context.Context, subject string) error {
	if err := s.queries.RecordAttempt(ctx, subject); err != nil {
		return fmt.Errorf("record coupon attempt: %w", err)
	}
	return nil
}

// PurgeAttempts deletes attempts that no longer count, at most limit, and says how many.
func (s *Store) PurgeAttempts(ctx context.Context, limit int) (int, error) {
	n, err := s.queries.PurgeAttempts(ctx, int32(limit))
	if err != nil {
		return 0, fmt.Errorf("purge coupon attempts: %w", err)
	}
	return int(n), nil
}
