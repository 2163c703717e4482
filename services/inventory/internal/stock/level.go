package stock

import (
	"context"
	"fmt"
	"slices"
)

// Entry is one figure of a change of stock: the count for SetStock, the difference for AdjustStock.
type Entry struct {
	Key
	// Units is the count or the difference.
	Units int32
}

// Correction is a change of stock as it is asked for by a person or an import.
type Correction struct {
	// Entries are the figures, each key once.
	Entries []Entry
	// Reason is why.
	Reason string
	// Reference is what it belongs to.
	Reference string
	// RequestID is the caller's idempotency key, kept with the movements.
	RequestID string
}

// SetStock replaces counted figures, all or none.
func (s *Service) SetStock(ctx context.Context, c Correction) ([]Level, error) {
	levels, err := s.changeStock(ctx, c, MovementSet, func(e Entry, _ Level) int64 { return int64(e.Units) })
	if err != nil {
		return nil, fmt.Errorf("set stock: %w", err)
	}
	return levels, nil
}

// AdjustStock adds and takes units, all or none.
func (s *Service) AdjustStock(ctx context.Context, c Correction) ([]Level, error) {
	levels, err := s.changeStock(ctx, c, MovementAdjust, func(e Entry, now Level) int64 {
		return int64(now.OnHand) + int64(e.Units)
	})
	if err != nil {
		return nil, fmt.Errorf("adjust stock: %w", err)
	}
	return levels, nil
}

func (s *Service) changeStock(ctx context.Context, c Correction, kind MovementKind, target func(Entry, Level) int64) ([]Level, error) {
	keys := sortedKeys(c.Entries, func(e Entry) Key { return e.Key })
	if err := refuseDuplicates(c.Entries, keys); err != nil {
		return nil, err
	}
	locations := make([]string, len(c.Entries))
	for i, e := range c.Entries {
		locations[i] = e.Location
	}
	at := func(i int) string { return fmt.Sprintf("entries[%d].locationKey", i) }
	if err := s.requireLocations(ctx, locations, at); err != nil {
		return nil, err
	}
	field := map[MovementKind]string{MovementSet: "onHand", MovementAdjust: "delta"}[kind]
	after := make(map[Key]Level, len(keys))
	err := s.store.Tx(ctx, func(ctx context.Context) error {
		if err := s.store.EnsureStock(ctx, keys); err != nil {
			return err
		}
		locked, err := s.store.LockStock(ctx, keys)
		if err != nil {
			return err
		}
		changes, err := plan(c.Entries, locked, field, target)
		if err != nil {
			return err
		}
		moved, err := s.store.ApplyChanges(ctx, kind, causeOf(ctx, c.RequestID, c.Reason, c.Reference), changes)
		if err != nil {
			return err
		}
		for _, level := range slices.Concat(locked, moved) {
			after[level.Key] = level
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	levels := make([]Level, len(c.Entries))
	for i, e := range c.Entries {
		levels[i] = after[e.Key]
		s.forget(e.SKU)
	}
	return levels, nil
}

func refuseDuplicates(entries []Entry, distinct []Key) error {
	if len(distinct) == len(entries) {
		return nil
	}
	seen := make(map[Key]bool, len(entries))
	for i, e := range entries {
		if seen[e.Key] {
			return ErrEntryDuplicate.At(fmt.Sprintf("entries[%d]", i), "SKU %q at %q stands twice in the request.", e.SKU, e.Location)
		}
		seen[e.Key] = true
	}
	return nil
}

// plan turns entries into changes of the locked levels. Every entry that breaks a bound is named in the error.
func plan(entries []Entry, locked []Level, field string, target func(Entry, Level) int64) ([]Change, error) {
	now := make(map[Key]Level, len(locked))
	for _, level := range locked {
		now[level.Key] = level
	}
	var changes []Change
	below := ErrBelowReserved.New("Stock cannot go below what is reserved.")
	for i, e := range entries {
		level, path := now[e.Key], fmt.Sprintf("entries[%d].%s", i, field)
		want := target(e, level)
		switch {
		case want > MaxOnHand:
			return nil, ErrQtyRange.At(path, "A location holds at most %d units of a SKU.", MaxOnHand)
		case want < int64(level.Reserved):
			below = below.Field(path, ErrBelowReserved.Reason(), fmt.Sprintf("%d units are on hand and %d of them are reserved.", level.OnHand, level.Reserved))
		case want != int64(level.OnHand):
			changes = append(changes, Change{Key: e.Key, OnHand: int32(want - int64(level.OnHand))})
		}
	}
	if len(below.Fields()) > 0 {
		return nil, below
	}
	return changes, nil
}

// LevelFilter chooses stock levels.
type LevelFilter struct {
	// SKUs limits the list to these; empty for all.
	SKUs []string
	// Location limits the list to one location; empty for all.
	Location string
	// After is the key the list continues behind.
	After Key
}

// ListStock returns levels in key order.
func (s *Service) ListStock(ctx context.Context, f LevelFilter, limit int) ([]Level, error) {
	levels, err := s.store.ListStock(ctx, f, limit)
	if err != nil {
		return nil, fmt.Errorf("list stock: %w", err)
	}
	return levels, nil
}

// MovementFilter chooses movements.
type MovementFilter struct {
	// SKU is the one whose history is wanted.
	SKU string
	// Location limits the list to one location; empty for all.
	Location string
	// Before is the id the list continues below.
	Before int64
}

// ListMovements returns the history of a SKU, newest first.
func (s *Service) ListMovements(ctx context.Context, f MovementFilter, limit int) ([]Movement, error) {
	movements, err := s.store.ListMovements(ctx, f, limit)
	if err != nil {
		return nil, fmt.Errorf("list movements: %w", err)
	}
	return movements, nil
}
