package stock

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// ReleaseRequest gives back committed units that were not shipped.
type ReleaseRequest struct {
	// ID names the release and makes repeats safe.
	ID string
	// ReservationID is where the units come from.
	ReservationID string
	// Lines are what to give back; none means everything that is left.
	Lines []Line
	// RequestID is the caller's, for the audit.
	RequestID string
}

// AllocationRelease is a release as it is stored.
type AllocationRelease struct {
	// ID names the release.
	ID string
	// ReservationID is where the units come from.
	ReservationID string
	// Fingerprint tells what was asked for.
	Fingerprint []byte
	// Picks are the units by location, in key order.
	Picks []Pick
	// Cause says who asked.
	Cause Cause
}

// ReleaseAllocation puts units of a cancelled or refunded order line back on sale, backordered ones first, and returns the
// reservation after it.
func (s *Service) ReleaseAllocation(ctx context.Context, r ReleaseRequest) (Reservation, error) {
	lines, err := sumLines(r.Lines)
	if err != nil {
		return Reservation{}, err
	}
	sum := fingerprint([]string{"release/1", r.ReservationID}, lines)
	err = s.store.Tx(ctx, func(ctx context.Context) error {
		reservation, err := s.store.LockReservation(ctx, r.ReservationID)
		if err != nil {
			return err
		}
		if done, err := s.releasedBefore(ctx, r.ID, sum); done || err != nil {
			return err
		}
		if err := reservation.requireState(Committed); err != nil {
			return err
		}
		picks, err := pickToRelease(r.Lines, lines, reservation.Allocations)
		if err != nil {
			return err
		}
		release := AllocationRelease{
			ID: r.ID, ReservationID: r.ReservationID, Fingerprint: sum, Picks: picks,
			Cause: causeOf(ctx, r.RequestID, "release", r.ReservationID),
		}
		inserted, err := s.store.InsertAllocationRelease(ctx, release)
		if err != nil {
			return err
		}
		if !inserted { // taken by a release of another reservation: those do not wait for this one's lock
			return reusedID("releaseId")
		}
		return s.putBack(ctx, picks)
	})
	if err != nil {
		return Reservation{}, fmt.Errorf("release allocation: %w", err)
	}
	after, err := s.store.GetReservation(ctx, r.ReservationID)
	if err != nil {
		return Reservation{}, fmt.Errorf("release allocation: %w", err)
	}
	return after, nil
}

func (s *Service) releasedBefore(ctx context.Context, id string, sum []byte) (bool, error) {
	stored, found, err := s.store.FindAllocationRelease(ctx, id)
	if err != nil || !found {
		return false, err
	}
	if !bytes.Equal(stored, sum) {
		return false, reusedID("releaseId")
	}
	return true, nil
}

func reusedID(field string) error {
	return errs.IdempotencyKeyReused.At(field, "This id was used for a different request.")
}

// pickToRelease takes the least useful units first: backordered ones, then those of the locations used last.
func pickToRelease(asked, lines []Line, open []Allocation) ([]Pick, error) {
	backwards := slices.Clone(open)
	slices.Reverse(backwards)
	if len(lines) == 0 {
		picks := make([]Pick, 0, len(open))
		for _, a := range open {
			picks = append(picks, Pick{Key: a.Key, Quantity: a.Open()})
		}
		slices.SortFunc(picks, func(a, b Pick) int { return a.Compare(b.Key) })
		return picks, nil
	}
	return pickOpen(asked, lines, backwards)
}

// pickOpen covers lines from open allocations in their order. Every line that exceeds what is open is named in the error,
// at the place of its SKU's first line in the request as asked.
func pickOpen(asked, lines []Line, open []Allocation) ([]Pick, error) {
	var picks []Pick
	exceeded := ErrQtyExceeds.New("More units than are left.")
	for _, line := range lines {
		left := line.Quantity
		for _, a := range open {
			if quantity := min(left, a.Open()); a.SKU == line.SKU && quantity > 0 {
				picks = append(picks, Pick{Key: a.Key, Quantity: quantity})
				left -= quantity
			}
		}
		if left > 0 {
			exceeded = exceeded.Field(quantityPath(firstLine(asked, line.SKU)), ErrQtyExceeds.Reason(),
				fmt.Sprintf("Only %d of %d units of %q are left.", line.Quantity-left, line.Quantity, line.SKU))
		}
	}
	if len(exceeded.Fields()) > 0 {
		return nil, exceeded
	}
	slices.SortFunc(picks, func(a, b Pick) int { return a.Compare(b.Key) })
	return picks, nil
}

// putBack lowers the counters behind picks: reserved where there is stock, what is owed where there is none.
func (s *Service) putBack(ctx context.Context, picks []Pick) error {
	var changes []Change
	var owed []Pick
	for _, p := range picks {
		if p.Location == "" {
			owed = append(owed, p)
			continue
		}
		changes = append(changes, Change{Key: p.Key, Reserved: -p.Quantity})
	}
	if len(changes) > 0 {
		if _, err := s.store.LockStock(ctx, sortedKeys(changes, func(c Change) Key { return c.Key })); err != nil {
			return err
		}
		if _, err := s.store.ApplyChanges(ctx, MovementAdjust, Cause{}, changes); err != nil {
			return err
		}
	}
	if len(owed) == 0 {
		return nil
	}
	return s.store.ReduceBackorders(ctx, sumBySKU(owed))
}
