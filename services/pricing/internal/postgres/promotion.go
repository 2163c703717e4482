package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	platform "github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
)

// CreatePromotion implements promotion.Store.
func (s *Store) CreatePromotion(ctx context.Context, p promotion.Promotion) (promotion.Promotion, error) {
	rule, err := json.Marshal(p.Rule)
	if err != nil {
		return promotion.Promotion{}, fmt.Errorf("encode promotion rule: %w", err)
	}
	_, err = s.queries.CreatePromotion(ctx, db.CreatePromotionParams{
		ID: p.ID, Key: p.Key, Name: p.Name, Trigger: string(p.Trigger), Rule: rule, Exclusive: p.Exclusive, Priority: p.Priority,
		LimitTotal: p.LimitTotal, LimitPerCustomer: p.LimitPerCustomer, LimitPerCode: p.LimitPerCode,
		ValidFrom: p.ValidFrom, ValidUntil: p.ValidUntil, Active: p.Active,
	})
	if platform.NoRows(err) {
		return promotion.Promotion{}, promotion.ErrExists.At("promotion.key", "The key %s is taken.", p.Key)
	}
	if err != nil {
		return promotion.Promotion{}, fmt.Errorf("create promotion: %w", err)
	}
	if err := s.Recount(ctx, p); err != nil {
		return promotion.Promotion{}, err
	}
	return s.Promotion(ctx, p.Key)
}

// Promotion implements promotion.Store.
func (s *Store) Promotion(ctx context.Context, key string) (promotion.Promotion, error) {
	row, err := s.queries.GetPromotion(ctx, key)
	if platform.NoRows(err) {
		return promotion.Promotion{}, promotion.ErrNotFound.New("There is no promotion %s.", key)
	}
	if err != nil {
		return promotion.Promotion{}, fmt.Errorf("get promotion: %w", err)
	}
	return promotionOf(row)
}

// LockPromotion implements promotion.Store.
func (s *Store) LockPromotion(ctx context.Context, key string) (promotion.Promotion, error) {
	if _, err := s.queries.LockPromotion(ctx, key); err != nil && !platform.NoRows(err) {
		return promotion.Promotion{}, fmt.Errorf("lock promotion: %w", err)
	}
	return s.Promotion(ctx, key) // read after the lock was granted, so that it is the last version
}

// UpdatePromotion implements promotion.Store.
func (s *Store) UpdatePromotion(ctx context.Context, p promotion.Promotion) (promotion.Promotion, error) {
	rule, err := json.Marshal(p.Rule)
	if err != nil {
		return promotion.Promotion{}, fmt.Errorf("encode promotion rule: %w", err)
	}
	err = s.queries.UpdatePromotion(ctx, db.UpdatePromotionParams{
		ID: p.ID, Name: p.Name, Rule: rule, Exclusive: p.Exclusive, Priority: p.Priority,
		LimitTotal: p.LimitTotal, LimitPerCustomer: p.LimitPerCustomer, LimitPerCode: p.LimitPerCode,
		ValidFrom: p.ValidFrom, ValidUntil: p.ValidUntil, Active: p.Active,
	})
	if err != nil {
		return promotion.Promotion{}, fmt.Errorf("update promotion: %w", err)
	}
	return s.Promotion(ctx, p.Key)
}

// ArchivePromotion implements promotion.Store.
func (s *Store) ArchivePromotion(ctx context.Context, key string) (promotion.Promotion, error) {
	if err := s.queries.ArchivePromotion(ctx, key); err != nil {
		return promotion.Promotion{}, fmt.Errorf("archive promotion: %w", err)
	}
	return s.Promotion(ctx, key)
}

// Recount implements promotion.Store.
func (s *Store) Recount(ctx context.Context, p promotion.Promotion) error {
	if err := s.queries.DropCounter(ctx, p.ID); err != nil {
		return fmt.Errorf("drop promotion counter: %w", err)
	}
	if err := s.queries.DropCustomers(ctx, p.ID); err != nil {
		return fmt.Errorf("drop customer counters: %w", err)
	}
	if p.LimitTotal > 0 {
		err := s.queries.RecountTotal(ctx, db.RecountTotalParams{PromotionID: p.ID, LimitTotal: p.LimitTotal})
		if platform.IsCheck(err, "promotion_counter_limit") {
			return promotion.ErrLimitBelowUse.At("promotion.limitTotal", "More orders than that use the promotion.")
		}
		if err != nil {
			return fmt.Errorf("recount promotion: %w", err)
		}
	}
	if p.LimitPerCustomer > 0 {
		if err := s.queries.RecountCustomers(ctx, p.ID); err != nil {
			return fmt.Errorf("recount customers: %w", err)
		}
	}
	return nil
}

// Promotions implements promotion.Store.
func (s *Store) Promotions(ctx context.Context, filter promotion.Filter, after string, limit int) ([]promotion.Promotion, error) {
	rows, err := s.queries.ListPromotions(ctx, db.ListPromotionsParams{After: after, State: string(filter), MaxRows: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list promotions: %w", err)
	}
	promotions := make([]promotion.Promotion, len(rows))
	for i, row := range rows {
		if promotions[i], err = promotionOf(db.GetPromotionRow(row)); err != nil {
			return nil, err
		}
	}
	return promotions, nil
}

// CountAutomatic implements promotion.Store.
func (s *Store) CountAutomatic(ctx context.Context) (int, error) {
	n, err := s.queries.CountAutomatic(ctx)
	if err != nil {
		return 0, fmt.Errorf("count automatic promotions: %w", err)
	}
	return int(n), nil
}

func promotionOf(row db.GetPromotionRow) (promotion.Promotion, error) {
	p := promotion.Promotion{
		ID: row.ID, Key: row.Key, Name: row.Name, Trigger: promotion.Trigger(row.Trigger), Exclusive: row.Exclusive,
		Priority: row.Priority, LimitTotal: row.LimitTotal, LimitPerCustomer: row.LimitPerCustomer, LimitPerCode: row.LimitPerCode,
		ValidFrom: row.ValidFrom, ValidUntil: row.ValidUntil, Active: row.Active, Version: row.Version, Used: row.Used,
		ArchivedAt: row.ArchivedAt, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	if err := json.Unmarshal(row.Rule, &p.Rule); err != nil {
		return promotion.Promotion{}, fmt.Errorf("decode rule of promotion %s: %w", row.Key, err)
	}
	return p, nil
}

// CreateCoupons implements promotion.Store. All coupons are of one promotion and on the same terms.
func (s *Store) CreateCoupons(ctx context.Context, coupons []promotion.Coupon) ([]promotion.Coupon, []string, error) {
	codes := make([]string, len(coupons))
	for i, coupon := range coupons {
		codes[i] = coupon.Code
	}
	terms := coupons[0]
	rows, err := s.queries.CreateCoupons(ctx, db.CreateCouponsParams{
		Codes: codes, PromotionID: terms.PromotionID, MaxUses: terms.MaxUses,
		CustomerKey: terms.CustomerKey, ValidUntil: terms.ValidUntil,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("create coupon codes: %w", err)
	}
	created := make([]promotion.Coupon, len(rows))
	inserted := make(map[string]bool, len(rows))
	for i, row := range rows {
		inserted[row.Code] = true
		created[i] = promotion.Coupon{
			Code: row.Code, PromotionID: terms.PromotionID, PromotionKey: terms.PromotionKey, MaxUses: row.MaxUses,
			Used: int64(row.Used), CustomerKey: row.CustomerKey, ValidUntil: row.ValidUntil, DisabledAt: row.DisabledAt,
			CreatedAt: row.CreatedAt,
		}
	}
	var taken []string
	for _, code := range codes {
		if !inserted[code] {
			taken = append(taken, code)
		}
	}
	return created, taken, nil
}

// Coupons implements promotion.Store.
func (s *Store) Coupons(ctx context.Context, p promotion.Promotion, after string, limit int) ([]promotion.Coupon, error) {
	rows, err := s.queries.ListCoupons(ctx, db.ListCouponsParams{PromotionID: p.ID, After: after, MaxRows: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list coupon codes: %w", err)
	}
	coupons := make([]promotion.Coupon, len(rows))
	for i, row := range rows {
		coupons[i] = couponOf(db.GetCouponRow(row))
	}
	return coupons, nil
}

// DisableCoupon implements promotion.Store.
func (s *Store) DisableCoupon(ctx context.Context, code string) (promotion.Coupon, error) {
	n, err := s.queries.DisableCoupon(ctx, code)
	if err != nil {
		return promotion.Coupon{}, fmt.Errorf("disable coupon code: %w", err)
	}
	if n == 0 {
		return promotion.Coupon{}, promotion.ErrCodeNotFound.New("There is no such coupon code.")
	}
	row, err := s.queries.GetCoupon(ctx, code)
	if err != nil {
		return promotion.Coupon{}, fmt.Errorf("get coupon code: %w", err)
	}
	return couponOf(row), nil
}

func couponOf(row db.GetCouponRow) promotion.Coupon {
	return promotion.Coupon{
		Code: row.Code, PromotionID: row.PromotionID, PromotionKey: row.PromotionKey, MaxUses: row.MaxUses, Used: row.Used,
		CustomerKey: row.CustomerKey, ValidUntil: row.ValidUntil, DisabledAt: row.DisabledAt, CreatedAt: row.CreatedAt,
	}
}
