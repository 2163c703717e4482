package postgres

import (
	"context"
	"fmt"
	"time"

	platform "github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/redemption"
)

// OrderUse implements redemption.Store.
func (s *Store) OrderUse(ctx context.Context, orderID string) (redemption.OrderUse, bool, error) {
	row, err := s.queries.GetOrderUse(ctx, orderID)
	return s.withUses(ctx, row, err)
}

// LockOrderUse implements redemption.Store.
func (s *Store) LockOrderUse(ctx context.Context, orderID string) (redemption.OrderUse, bool, error) {
	row, err := s.queries.LockOrderUse(ctx, orderID)
	return s.withUses(ctx, row, err)
}

// LockDue implements redemption.Store.
func (s *Store) LockDue(ctx context.Context) (redemption.OrderUse, bool, error) {
	row, err := s.queries.LockDue(ctx)
	return s.withUses(ctx, row, err)
}

// ExpireEmpty implements redemption.Store.
func (s *Store) ExpireEmpty(ctx context.Context, limit int) error {
	if _, err := s.queries.ExpireEmpty(ctx, int32(limit)); err != nil {
		return fmt.Errorf("expire empty order uses: %w", err)
	}
	return nil
}

func (s *Store) withUses(ctx context.Context, row db.OrderUse, err error) (redemption.OrderUse, bool, error) {
	if platform.NoRows(err) {
		return redemption.OrderUse{}, false, nil
	}
	if err != nil {
		return redemption.OrderUse{}, false, fmt.Errorf("read order use: %w", err)
	}
	rows, err := s.queries.ListUses(ctx, row.OrderID)
	if err != nil {
		return redemption.OrderUse{}, false, fmt.Errorf("read promotion uses: %w", err)
	}
	use := orderUse(row)
	for _, r := range rows {
		use.Uses = append(use.Uses, redemption.Use{
			PromotionID: r.PromotionID, PromotionKey: r.PromotionKey, Code: r.Code, CodeLimited: r.CodeLimited, Minor: r.AmountMinor,
		})
	}
	return use, true, nil
}

// InsertOrderUse implements redemption.Store.
func (s *Store) InsertOrderUse(ctx context.Context, u redemption.OrderUse, ttl time.Duration) (redemption.OrderUse, bool, error) {
	row, err := s.queries.InsertOrderUse(ctx, db.InsertOrderUseParams{
		OrderID: u.OrderID, Generation: u.Generation, State: string(u.State), Fingerprint: u.Fingerprint,
		CustomerKey: u.CustomerKey, CurrencyCode: u.Currency, TtlSeconds: seconds(ttl),
	})
	if platform.NoRows(err) {
		return redemption.OrderUse{}, false, nil
	}
	if err != nil {
		return redemption.OrderUse{}, false, fmt.Errorf("insert order use: %w", err)
	}
	return orderUse(row), true, nil
}

// UpdateOrderUse implements redemption.Store.
func (s *Store) UpdateOrderUse(ctx context.Context, u redemption.OrderUse, ttl time.Duration) (redemption.OrderUse, error) {
	row, err := s.queries.UpdateOrderUse(ctx, db.UpdateOrderUseParams{
		OrderID: u.OrderID, Generation: u.Generation, State: string(u.State), Fingerprint: u.Fingerprint,
		CustomerKey: u.CustomerKey, CurrencyCode: u.Currency, TtlSeconds: seconds(ttl),
	})
	if err != nil {
		return redemption.OrderUse{}, fmt.Errorf("update order use: %w", err)
	}
	updated := orderUse(row)
	updated.Uses = u.Uses
	return updated, nil
}

// ReplaceUses implements redemption.Store.
func (s *Store) ReplaceUses(ctx context.Context, u redemption.OrderUse) error {
	if err := s.queries.DeleteUses(ctx, u.OrderID); err != nil {
		return fmt.Errorf("delete promotion uses: %w", err)
	}
	if len(u.Uses) == 0 {
		return nil
	}
	params := db.InsertUsesParams{OrderID: u.OrderID, CustomerKey: u.CustomerKey}
	for _, use := range u.Uses {
		params.PromotionIds = append(params.PromotionIds, use.PromotionID)
		params.Codes = append(params.Codes, use.Code)
		params.Amounts = append(params.Amounts, use.Minor)
	}
	if err := s.queries.InsertUses(ctx, params); err != nil {
		return fmt.Errorf("insert promotion uses: %w", err)
	}
	return nil
}

// SetCounting implements redemption.Store.
func (s *Store) SetCounting(ctx context.Context, orderID string, counting bool) error {
	if err := s.queries.SetCounting(ctx, db.SetCountingParams{OrderID: orderID, Counting: counting}); err != nil {
		return fmt.Errorf("set counting of promotion uses: %w", err)
	}
	return nil
}

// HoldPromotions implements redemption.Store.
func (s *Store) HoldPromotions(ctx context.Context, ids []string) (map[string]redemption.Terms, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.queries.HoldPromotions(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("hold promotions: %w", err)
	}
	terms := make(map[string]redemption.Terms, len(rows))
	for _, row := range rows {
		terms[row.ID] = redemption.Terms{Version: row.Version, LimitTotal: row.LimitTotal, LimitPerCustomer: row.LimitPerCustomer}
	}
	return terms, nil
}

// TakeTotal implements redemption.Store.
func (s *Store) TakeTotal(ctx context.Context, promotionID string) (bool, error) {
	n, err := s.queries.TakeTotal(ctx, promotionID)
	return took(n, err)
}

// TakeCustomer implements redemption.Store.
func (s *Store) TakeCustomer(ctx context.Context, promotionID, customerKey string, limit int32) (bool, error) {
	n, err := s.queries.TakeCustomer(ctx, db.TakeCustomerParams{PromotionID: promotionID, CustomerKey: customerKey, MaxUses: limit})
	return took(n, err)
}

// TakeCode implements redemption.Store.
func (s *Store) TakeCode(ctx context.Context, code string) (bool, error) {
	n, err := s.queries.TakeCode(ctx, code)
	return took(n, err)
}

func took(rows int64, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("take promotion use: %w", err)
	}
	return rows == 1, nil
}

// GiveTotal implements redemption.Store.
func (s *Store) GiveTotal(ctx context.Context, promotionID string) error {
	return gave(s.queries.GiveTotal(ctx, promotionID))
}

// GiveCustomer implements redemption.Store.
func (s *Store) GiveCustomer(ctx context.Context, promotionID, customerKey string) error {
	return gave(s.queries.GiveCustomer(ctx, db.GiveCustomerParams{PromotionID: promotionID, CustomerKey: customerKey}))
}

// GiveCode implements redemption.Store.
func (s *Store) GiveCode(ctx context.Context, code string) error {
	return gave(s.queries.GiveCode(ctx, code))
}

func gave(err error) error {
	if err != nil {
		return fmt.Errorf("give promotion use back: %w", err)
	}
	return nil
}

// Purge implements redemption.Store.
func (s *Store) Purge(ctx context.Context, age time.Duration, limit int) (int, error) {
	n, err := s.queries.PurgeOrderUses(ctx, db.PurgeOrderUsesParams{AgeSeconds: age.Seconds(), MaxRows: int32(limit)})
	if err != nil {
		return 0, fmt.Errorf("purge order uses: %w", err)
	}
	return int(n), nil
}

func orderUse(row db.OrderUse) redemption.OrderUse {
	return redemption.OrderUse{
		OrderID: row.OrderID, Generation: row.Generation, State: redemption.State(row.State), Fingerprint: row.Fingerprint,
		CustomerKey: row.CustomerKey, Currency: row.CurrencyCode, ExpiresAt: row.ExpiresAt, UpdatedAt: row.UpdatedAt,
	}
}

func seconds(ttl time.Duration) *float64 {
	if ttl == 0 {
		return nil
	}
	s := ttl.Seconds()
	return &s
}
