package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// Reserve grants or refuses a cart and stores the outcome, or returns the outcome stored under its id before.
func (s *Store) Reserve(ctx context.Context, c stock.Cart) (stock.Reservation, error) {
	p := db.ReserveParams{
		ID: c.ID, OrderID: c.OrderID, Channel: c.Channel, Fingerprint: c.Fingerprint, TtlSeconds: int32(c.TTL / time.Second),
		Actor: c.Cause.Actor, RequestID: c.Cause.RequestID, CustomerKey: c.CustomerKey,
	}
	p.Skus, p.Quantities = lineColumns(c.Lines)
	rows, err := s.q.Reserve(ctx, p)
	if err != nil {
		return stock.Reservation{}, fmt.Errorf("decide reservation: %w", err)
	}
	if len(rows) == 0 {
		return s.seenBefore(ctx, c.ID)
	}
	first := rows[0]
	r := stock.Reservation{
		ID: c.ID, OrderID: c.OrderID, Channel: c.Channel, State: stock.State(first.State), Fingerprint: c.Fingerprint,
		ExpiresAt: timeOf(first.ExpiresAt), CreatedAt: first.CreatedAt,
	}
	if r.Shortages, err = shortages(first.Refusal); err != nil {
		return stock.Reservation{}, err
	}
	for _, row := range rows {
		if row.Quantity > 0 {
			r.Allocations = append(r.Allocations, stock.Allocation{
				Key: stock.Key{SKU: row.Sku, Location: row.LocationKey}, Quantity: row.Quantity,
			})
		}
	}
	return r, nil
}

// GetReservation returns a reservation with its allocations; it fails with ErrReservationNotFound.
func (s *Store) GetReservation(ctx context.Context, id string) (stock.Reservation, error) {
	rows, err := s.q.GetReservation(ctx, id)
	if err != nil {
		return stock.Reservation{}, fmt.Errorf("read reservation: %w", err)
	}
	if len(rows) == 0 {
		return stock.Reservation{}, reservationNotFound(id)
	}
	return reservation(rows)
}

// LockReservation locks a reservation and returns it with what it still owes, each SKU's locations by priority and
// backordered units last; it fails with ErrReservationNotFound.
func (s *Store) LockReservation(ctx context.Context, id string) (stock.Reservation, error) {
	row, err := s.q.LockReservation(ctx, id)
	if postgres.NoRows(err) {
		return stock.Reservation{}, reservationNotFound(id)
	}
	if err != nil {
		return stock.Reservation{}, fmt.Errorf("lock reservation: %w", err)
	}
	open, err := s.q.OpenAllocations(ctx, id)
	if err != nil {
		return stock.Reservation{}, fmt.Errorf("read open allocations: %w", err)
	}
	r := stock.Reservation{
		ID: row.ID, OrderID: row.OrderID, Channel: row.Channel, State: stock.State(row.State), Fingerprint: row.Fingerprint,
		ExpiresAt: timeOf(row.ExpiresAt), CreatedAt: row.CreatedAt,
	}
	for _, a := range open {
		r.Allocations = append(r.Allocations, stock.Allocation{
			Key: stock.Key{SKU: a.Sku, Location: a.LocationKey}, Quantity: a.Quantity, Shipped: a.Shipped, Released: a.Released,
		})
	}
	return r, nil
}

// CommitReservation turns held into committed; false when it was not held.
func (s *Store) CommitReservation(ctx context.Context, id string) (stock.Reservation, bool, error) {
	committed, err := s.q.CommitReservation(ctx, id)
	if err != nil {
		return stock.Reservation{}, false, fmt.Errorf("commit reservation: %w", err)
	}
	if len(committed) == 0 {
		return stock.Reservation{}, false, nil
	}
	rows := make([]db.GetReservationRow, len(committed))
	for i, row := range committed {
		rows[i] = db.GetReservationRow(row)
	}
	r, err := reservation(rows)
	return r, err == nil, err
}

// Release ends a held reservation and frees its stock, or leaves a tombstone where none was seen, and returns what is there
// now. A reservation that appears between the two steps is released by the second try; after that it can only be in a final
// state.
func (s *Store) Release(ctx context.Context, r stock.Release) (stock.Reservation, error) {
	for range 2 {
		released, err := s.q.ReleaseReservation(ctx, r.ID)
		if err != nil {
			return stock.Reservation{}, fmt.Errorf("release held reservation: %w", err)
		}
		if released > 0 {
			break
		}
		left, err := s.q.InsertTombstone(ctx, db.InsertTombstoneParams{ID: r.ID, Actor: r.Cause.Actor, RequestID: r.Cause.RequestID})
		if err != nil {
			return stock.Reservation{}, fmt.Errorf("refuse reservation in advance: %w", err)
		}
		if left > 0 {
			break
		}
	}
	return s.seenBefore(ctx, r.ID)
}

// seenBefore returns the reservation of an id that is taken. One that is not there any more came to nothing and was purged: it
// is answered as what it is to every caller, given back.
func (s *Store) seenBefore(ctx context.Context, id string) (stock.Reservation, error) {
	r, err := s.GetReservation(ctx, id)
	if errs.Has(err, stock.ErrReservationNotFound) {
		return purged(id), nil
	}
	return r, err
}

func purged(id string) stock.Reservation { return stock.Reservation{ID: id, State: stock.Released} }

// PurgeReservations deletes at most limit reservations that came to nothing and are older than age.
func (s *Store) PurgeReservations(ctx context.Context, age time.Duration, limit int) (int, error) {
	n, err := s.q.PurgeReservations(ctx, db.PurgeReservationsParams{AgeSeconds: age.Seconds(), Batch: int32(limit)})
	if err != nil {
		return 0, fmt.Errorf("purge reservations: %w", err)
	}
	return int(n), nil
}

// ExpireReservations ends at most limit overdue reservations and frees their stock.
func (s *Store) ExpireReservations(ctx context.Context, limit int) (stock.Expired, error) {
	row, err := s.q.ExpireReservations(ctx, int32(limit))
	if err != nil {
		return stock.Expired{}, fmt.Errorf("expire reservations: %w", err)
	}
	return stock.Expired{
		Reservations: int(row.Expired), Lag: time.Duration(row.OldestSeconds * float64(time.Second)),
	}, nil
}

// FindAllocationRelease returns the fingerprint of a release; false when there is none.
func (s *Store) FindAllocationRelease(ctx context.Context, id string) ([]byte, bool, error) {
	row, err := s.q.FindAllocationRelease(ctx, id)
	if postgres.NoRows(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read release: %w", err)
	}
	return row.Fingerprint, true, nil
}

// InsertAllocationRelease records a release and marks the units; false when the id is taken.
func (s *Store) InsertAllocationRelease(ctx context.Context, r stock.AllocationRelease) (bool, error) {
	inserted, err := s.q.InsertAllocationRelease(ctx, db.InsertAllocationReleaseParams{
		ID: r.ID, ReservationID: r.ReservationID, Fingerprint: r.Fingerprint, Actor: r.Cause.Actor, RequestID: r.Cause.RequestID,
	})
	if err != nil {
		return false, fmt.Errorf("insert release: %w", err)
	}
	if inserted == 0 {
		return false, nil
	}
	skus, locations, quantities := columns(r.Picks)
	err = s.q.InsertAllocationReleaseItems(ctx, db.InsertAllocationReleaseItemsParams{
		ReleaseID: r.ID, Skus: skus, LocationKeys: locations, Quantities: quantities,
	})
	if err != nil {
		return false, fmt.Errorf("insert release items: %w", err)
	}
	err = s.q.MarkReleased(ctx, db.MarkReleasedParams{
		ReservationID: r.ReservationID, Skus: skus, LocationKeys: locations, Quantities: quantities,
	})
	if err != nil {
		return false, fmt.Errorf("mark released units: %w", err)
	}
	return true, nil
}

func reservationNotFound(id string) error {
	return stock.ErrReservationNotFound.At("reservationId", "There is no reservation %s.", id)
}

func reservation(rows []db.GetReservationRow) (stock.Reservation, error) {
	first := rows[0]
	r := stock.Reservation{
		ID: first.ID, OrderID: first.OrderID, Channel: first.Channel, State: stock.State(first.State),
		Fingerprint: first.Fingerprint, ExpiresAt: timeOf(first.ExpiresAt), CreatedAt: first.CreatedAt,
	}
	var err error
	if r.Shortages, err = shortages(first.Refusal); err != nil {
		return stock.Reservation{}, err
	}
	for _, row := range rows {
		if row.Quantity > 0 {
			r.Allocations = append(r.Allocations, stock.Allocation{
				Key:      stock.Key{SKU: row.Sku, Location: row.LocationKey},
				Quantity: row.Quantity, Shipped: row.Shipped, Released: row.Released,
			})
		}
	}
	return r, nil
}

func shortages(refusal []byte) ([]stock.Shortage, error) {
	if refusal == nil {
		return nil, nil
	}
	var list []stock.Shortage
	if err := json.Unmarshal(refusal, &list); err != nil {
		return nil, fmt.Errorf("read stored refusal: %w", err)
	}
	return list, nil
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
