package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/fault"
)

// ReserveBatch decides about carts in the order given, in one statement. Those whose ids were seen before are read in a
// second one.
func (s *Store) ReserveBatch(ctx context.Context, carts []stock.Cart) ([]stock.Reservation, error) {
	ctx = fault.Within(ctx, "batch", "reserve")
	if err := fault.Point(ctx, fault.Commit); err != nil {
		return nil, batchFailed("decide batch of reservations", err)
	}
	rows, err := s.q.ReserveBatch(ctx, batchParams(carts))
	if err == nil {
		err = fault.Point(ctx, fault.Committed)
	}
	if err != nil {
		return nil, batchFailed("decide batch of reservations", err)
	}
	decided := make(map[string][]db.ReserveBatchRow, len(carts))
	for len(rows) > 0 { // those of one reservation stand together
		n := 1
		for n < len(rows) && rows[n].ID == rows[0].ID {
			n++
		}
		decided[rows[0].ID] = rows[:n]
		rows = rows[n:]
	}
	answers := make([]stock.Reservation, len(carts))
	var repeated []string
	for i, c := range carts {
		of := decided[c.ID]
		if len(of) == 0 {
			repeated = append(repeated, c.ID)
			continue
		}
		if answers[i], err = decision(c, of); err != nil {
			return nil, err
		}
	}
	if len(repeated) == 0 {
		return answers, nil
	}
	stored, err := s.getReservations(ctx, repeated)
	if err != nil {
		return nil, err
	}
	for i, c := range carts {
		if len(decided[c.ID]) == 0 {
			answers[i] = stored[c.ID]
		}
	}
	return answers, nil
}

func batchParams(carts []stock.Cart) db.ReserveBatchParams {
	var p db.ReserveBatchParams
	for i, c := range carts {
		p.Ids = append(p.Ids, c.ID)
		p.OrderIds = append(p.OrderIds, c.OrderID)
		p.Channels = append(p.Channels, c.Channel)
		p.Fingerprints = append(p.Fingerprints, c.Fingerprint)
		p.TtlSeconds = append(p.TtlSeconds, int32(c.TTL/time.Second))
		p.Actors = append(p.Actors, c.Cause.Actor)
		p.RequestIds = append(p.RequestIds, c.Cause.RequestID)
		p.CustomerKeys = append(p.CustomerKeys, c.CustomerKey)
		for _, l := range c.Lines {
			p.LineCarts = append(p.LineCarts, int32(i+1))
			p.Skus = append(p.Skus, l.SKU)
			p.Quantities = append(p.Quantities, l.Quantity)
		}
	}
	return p
}

// decision is the outcome of a cart from its rows.
func decision(c stock.Cart, rows []db.ReserveBatchRow) (stock.Reservation, error) {
	first := rows[0]
	r := stock.Reservation{
		ID: c.ID, OrderID: c.OrderID, Channel: c.Channel, State: stock.State(first.State), Fingerprint: c.Fingerprint,
		ExpiresAt: timeOf(first.ExpiresAt), CreatedAt: first.CreatedAt,
	}
	var err error
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

// getReservations returns reservations by ids that are taken; see seenBefore.
func (s *Store) getReservations(ctx context.Context, ids []string) (map[string]stock.Reservation, error) {
	rows, err := s.q.GetReservations(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read reservations: %w", err)
	}
	found := make(map[string]stock.Reservation, len(ids))
	for len(rows) > 0 {
		var of []db.GetReservationRow
		for len(of) < len(rows) && rows[len(of)].ID == rows[0].ID {
			of = append(of, db.GetReservationRow(rows[len(of)]))
		}
		r, err := reservation(of)
		if err != nil {
			return nil, err
		}
		found[r.ID] = r
		rows = rows[len(of):]
	}
	for _, id := range ids {
		if _, ok := found[id]; !ok {
			found[id] = purged(id)
		}
	}
	return found, nil
}

// ReleaseBatch ends reservations and leaves tombstones where none was seen, as Release does for one.
func (s *Store) ReleaseBatch(ctx context.Context, releases []stock.Release) ([]stock.Reservation, error) {
	var p db.InsertTombstonesParams
	for _, r := range releases {
		p.Ids = append(p.Ids, r.ID)
		p.Actors = append(p.Actors, r.Cause.Actor)
		p.RequestIds = append(p.RequestIds, r.Cause.RequestID)
	}
	var found map[string]stock.Reservation
	for range 2 { // a reservation that appears between the steps is released by the second try
		if err := s.q.ReleaseReservations(ctx, p.Ids); err != nil {
			return nil, batchFailed("release batch of reservations", err)
		}
		if err := s.q.InsertTombstones(ctx, p); err != nil {
			return nil, batchFailed("refuse batch of reservations in advance", err)
		}
		var err error
		if found, err = s.getReservations(ctx, p.Ids); err != nil {
			return nil, err
		}
		if !anyHeld(found) {
			break
		}
	}
	answers := make([]stock.Reservation, len(releases))
	for i, r := range releases {
		answers[i] = found[r.ID]
	}
	return answers, nil
}

func anyHeld(found map[string]stock.Reservation) bool {
	for _, r := range found {
		if r.State == stock.Held {
			return true
		}
	}
	return false
}

// batchFailed tells apart what may be the fault of one member from what would have failed with any.
func batchFailed(doing string, err error) error {
	if divisible(err) {
		return fmt.Errorf("%s: %w: %w", doing, stock.ErrDivisible, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// divisible says whether the server, or the driver before it sent anything, objected to the statement itself. A lock that
// was not granted, a server that is away or short of something, and an answer that did not come are nobody's fault: to try
// each member alone would only add to it.
func divisible(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code[:min(2, len(pg.Code))] {
		case "08", "25", "28", "3D", "53", "55", "57", "58":
			return pg.Code == "57014" // the whole took longer than a statement may
		}
		return true
	}
	_, ours := errors.AsType[*errs.Error](err)
	_, network := errors.AsType[net.Error](err)
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return !ours && !network && !connecting && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, net.ErrClosed) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && !pgconn.SafeToRetry(err)
}
