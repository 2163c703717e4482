package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres/db"
)

// AddEvent stores a notification and the job that applies it.
func (s *Store) AddEvent(ctx context.Context, e payment.InboxEvent, body []byte) (added, conflict bool, err error) {
	outcome, err := json.Marshal(e.Outcome)
	if err != nil {
		return false, false, fmt.Errorf("encode outcome: %w", err)
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		n, err := s.q.InsertEvent(ctx, db.InsertEventParams{
			Provider: e.Provider, EventID: e.ID, OperationKey: e.Outcome.Key, Outcome: outcome, Body: body,
		})
		if err != nil {
			return err
		}
		if added = n > 0; added {
			return s.jobs.Insert(ctx, payment.Arrived{Provider: e.Provider, EventID: e.ID})
		}
		n, err = s.q.NoteConflict(ctx, db.NoteConflictParams{Provider: e.Provider, EventID: e.ID, Body: body})
		conflict = n > 0
		return err
	})
	return added, conflict, err
}

// LockEvent reads a stored notification and keeps others from applying it.
func (s *Store) LockEvent(ctx context.Context, provider, eventID string) (payment.InboxEvent, error) {
	row, err := s.q.LockEvent(ctx, db.LockEventParams{Provider: provider, EventID: eventID})
	if err != nil {
		return payment.InboxEvent{}, fmt.Errorf("read notification: %w", err)
	}
	e := payment.InboxEvent{
		Provider: provider, ID: eventID, Age: seconds(row.AgeSeconds), Tries: int(row.Tries),
		Done: row.State == "applied" || row.State == "dead",
	}
	if err := json.Unmarshal(row.Outcome, &e.Outcome); err != nil {
		return payment.InboxEvent{}, fmt.Errorf("decode notification %s: %w", eventID, err)
	}
	return e, nil
}

// FinishEvent marks a notification as applied, or as given up.
func (s *Store) FinishEvent(ctx context.Context, e payment.InboxEvent, applied bool) error {
	state := "dead"
	if applied {
		state = "applied"
	}
	if err := s.q.FinishEvent(ctx, db.FinishEventParams{Provider: e.Provider, EventID: e.ID, State: state}); err != nil {
		return fmt.Errorf("finish notification: %w", err)
	}
	return nil
}

// ParkEvent puts a notification off.
func (s *Store) ParkEvent(ctx context.Context, e payment.InboxEvent, wait time.Duration) error {
	err := s.q.ParkEvent(ctx, db.ParkEventParams{Provider: e.Provider, EventID: e.ID, WaitSeconds: wait.Seconds()})
	if err != nil {
		return fmt.Errorf("park notification: %w", err)
	}
	return nil
}

// ParkedEvents takes notifications whose time has come again.
func (s *Store) ParkedEvents(ctx context.Context, limit int, lease time.Duration) ([]payment.InboxEvent, error) {
	rows, err := s.q.ClaimParkedEvents(ctx, db.ClaimParkedEventsParams{LeaseSeconds: lease.Seconds(), Batch: int32(limit)})
	if err != nil {
		return nil, err
	}
	events := make([]payment.InboxEvent, len(rows))
	for i, row := range rows {
		events[i] = payment.InboxEvent{Provider: row.Provider, ID: row.EventID}
	}
	return events, nil
}
