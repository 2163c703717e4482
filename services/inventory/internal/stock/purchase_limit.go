package stock

import (
	"context"
	"fmt"
	"time"
)

// PurchaseLimit is the rule of one SKU for how much one customer may have.
type PurchaseLimit struct {
	// SKU is the stock keeping unit.
	SKU string
	// Quantity is the most units of one customer in open reservations and orders; 0 for no limit.
	Quantity int32
	// WindowDays limits what counts to what was reserved in the last so many days; 0 for all of it.
	WindowDays int32
	// UpdatedAt is when it last changed.
	UpdatedAt time.Time
}

// SetPurchaseLimit stores a rule. Units a customer has already stay, also when they are more than the new limit.
func (s *Service) SetPurchaseLimit(ctx context.Context, l PurchaseLimit) (PurchaseLimit, error) {
	switch {
	case l.Quantity < 0 || l.Quantity > MaxQuantity:
		return PurchaseLimit{}, ErrPurchaseLimitRange.At("quantity", "A purchase limit is 0 to %d units; 0 is no limit.", MaxQuantity)
	case l.WindowDays < 0 || l.WindowDays > MaxWindowDays:
		return PurchaseLimit{}, ErrPurchaseLimitRange.At("windowDays", "A purchase limit looks back 0 to %d days; 0 is for ever.", MaxWindowDays)
	case l.Quantity == 0 && l.WindowDays != 0:
		return PurchaseLimit{}, ErrPurchaseLimitRange.At("windowDays", "Where there is no limit the window is 0.")
	}
	stored, err := s.store.PutPurchaseLimit(ctx, l)
	if err != nil {
		return PurchaseLimit{}, fmt.Errorf("set purchase limit: %w", err)
	}
	return stored, nil
}

// GetPurchaseLimit returns the rule in force; where none was set, nobody is limited.
func (s *Service) GetPurchaseLimit(ctx context.Context, sku string) (PurchaseLimit, error) {
	l, err := s.store.GetPurchaseLimit(ctx, sku)
	if err != nil {
		return PurchaseLimit{}, fmt.Errorf("get purchase limit: %w", err)
	}
	return l, nil
}
