package stock

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// BackorderPolicy is the rule of one SKU for selling without stock.
type BackorderPolicy struct {
	// SKU is the stock keeping unit.
	SKU string
	// Allowed says whether units may be sold that are not there.
	Allowed bool
	// Limit is the most units owed at one time.
	Limit int32
	// Backordered is the units owed now.
	Backordered int32
	// UpdatedAt is when it last changed.
	UpdatedAt time.Time
}

// SetBackorderPolicy stores a rule. Units already owed stay owed, also when they are more than the new limit.
func (s *Service) SetBackorderPolicy(ctx context.Context, p BackorderPolicy) (BackorderPolicy, error) {
	switch {
	case p.Allowed && (p.Limit < 1 || p.Limit > MaxBackorder):
		return BackorderPolicy{}, ErrLimitRange.At("limit", "Where backorders are allowed the limit is 1 to %d.", MaxBackorder)
	case !p.Allowed && p.Limit != 0:
		return BackorderPolicy{}, ErrLimitRange.At("limit", "Where backorders are not allowed the limit is 0.")
	}
	stored, err := s.store.PutBackorderPolicy(ctx, p)
	if err != nil {
		return BackorderPolicy{}, fmt.Errorf("set backorder policy: %w", err)
	}
	s.forget(p.SKU)
	return stored, nil
}

// GetBackorderPolicy returns the rule in force; where none was set, nothing is sold without stock.
func (s *Service) GetBackorderPolicy(ctx context.Context, sku string) (BackorderPolicy, error) {
	p, err := s.store.GetBackorderPolicy(ctx, sku)
	if err != nil {
		return BackorderPolicy{}, fmt.Errorf("get backorder policy: %w", err)
	}
	return p, nil
}

const fillBatch = 100

// FillBackorders gives free stock to committed reservations that wait for it, the oldest first, and returns how many units
// it gave. It runs beside new reservations: between the arrival of stock and its next run a newcomer may be faster.
func (s *Service) FillBackorders(ctx context.Context) (int, error) {
	total := 0
	for {
		waiting, err := s.store.FillableReservations(ctx, fillBatch)
		if err != nil {
			return total, fmt.Errorf("fill backorders: %w", err)
		}
		progress := 0
		for _, id := range waiting {
			units, err := s.fill(ctx, id)
			if err != nil {
				return total, fmt.Errorf("fill backorders of reservation %s: %w", id, err)
			}
			progress += units
		}
		total += progress
		if progress == 0 || len(waiting) < fillBatch {
			return total, nil
		}
	}
}

func (s *Service) fill(ctx context.Context, id string) (int, error) {
	units := 0
	err := s.store.Tx(ctx, func(ctx context.Context) error {
		units = 0
		r, err := s.store.LockReservation(ctx, id)
		if err != nil {
			return err
		}
		var waiting []Line
		for _, a := range r.Allocations {
			if r.State == Committed && a.Backordered() {
				waiting = append(waiting, Line{SKU: a.SKU, Quantity: a.Open()})
			}
		}
		if len(waiting) == 0 {
			return nil
		}
		free, err := s.store.LockFreeStock(ctx, r.Channel, skusOf(waiting))
		if err != nil {
			return err
		}
		picks := coverByPriority(waiting, free)
		for _, p := range picks {
			units += int(p.Quantity)
		}
		return s.giveToReservation(ctx, id, picks)
	})
	return units, err
}

// coverByPriority takes free units from each SKU's levels in their order.
func coverByPriority(wanted []Line, free map[string][]Level) []Pick {
	var picks []Pick
	for _, line := range wanted {
		left := line.Quantity
		for _, level := range free[line.SKU] {
			if quantity := min(left, level.Free()); quantity > 0 {
				picks = append(picks, Pick{Key: level.Key, Quantity: quantity})
				left -= quantity
			}
		}
	}
	slices.SortFunc(picks, func(a, b Pick) int { return a.Compare(b.Key) })
	return picks
}

func (s *Service) giveToReservation(ctx context.Context, id string, picks []Pick) error {
	if len(picks) == 0 {
		return nil
	}
	changes := make([]Change, len(picks))
	for i, p := range picks {
		changes[i] = Change{Key: p.Key, Reserved: p.Quantity}
	}
	if _, err := s.store.ApplyChanges(ctx, MovementAdjust, Cause{}, changes); err != nil {
		return err
	}
	if err := s.store.ReduceBackorders(ctx, sumBySKU(picks)); err != nil {
		return err
	}
	return s.store.MoveBackordered(ctx, id, picks)
}
