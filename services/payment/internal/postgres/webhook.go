package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/payment/internal/tracing"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// AddEvent stores a notification and the job that applies it, or one that was not understood as given up.
func (s *Store) AddEvent(ctx context.Context, e payment.InboxEvent, body []byte) (added, conflict bool, err error) {
	outcome, err := json.Marshal(e.Outcome)
	if err != nil {
		return false, false, fmt.Errorf("encode outcome: %w", err)
	}
	state := payment.EventReceived
	if e.Done {
		state = payment.EventDead
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		n, err := s.q.InsertEvent(ctx, db.InsertEventParams{
			Provider: e.Provider, EventID: e.ID, OperationKey: e.Outcome.Key, Outcome: outcome, Body: body, State: string(state),
			LastError: brief(e.Problem),
		})
		if err != nil {
			return err
		}
		if added = n > 0; added && state == payment.EventDead {
			return nil
		}
		if added {
			return s.jobs.Insert(ctx, payment.Arrived{Provider: e.Provider, EventID: e.ID, Cause: tracing.Cause(ctx)})
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
		Done: row.State == string(payment.EventApplied) || row.State == string(payment.EventDead),
	}
	if err := json.Unmarshal(row.Outcome, &e.Outcome); err != nil {
		return payment.InboxEvent{}, fmt.Errorf("decode notification %s: %w", eventID, err)
	}
	return e, nil
}

// FinishEvent marks a notification as applied, or as given up.
func (s *Store) FinishEvent(ctx context.Context, e payment.InboxEvent, applied bool) error {
	state := payment.EventDead
	if applied {
		state = payment.EventApplied
	}
	err := s.q.FinishEvent(ctx, db.FinishEventParams{
		Provider: e.Provider, EventID: e.ID, State: string(state), LastError: brief(e.Problem),
	})
	if err != nil {
		return fmt.Errorf("finish notification: %w", err)
	}
	return nil
}

// ParkEvent puts a notification off.
func (s *Store) ParkEvent(ctx context.Context, e payment.InboxEvent, wait time.Duration) error {
	err := s.q.ParkEvent(ctx, db.ParkEventParams{
		Provider: e.Provider, EventID: e.ID, WaitSeconds: wait.Seconds(), LastError: brief(e.Problem),
	})
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

// Event reads a notification for staff and keeps others from changing it.
func (s *Store) Event(ctx context.Context, provider, eventID string) (payment.StoredEvent, error) {
	row, err := s.q.GetEvent(ctx, db.GetEventParams{Provider: provider, EventID: eventID})
	if postgres.NoRows(err) {
		return payment.StoredEvent{}, payment.ErrEvent.New("There is no such notification.")
	}
	if err != nil {
		return payment.StoredEvent{}, fmt.Errorf("read notification: %w", err)
	}
	return eventOf(db.ListEventsRow(row)), nil
}

// ReviveEvent makes a notification that was given up one that just came, and plans the job that applies it.
func (s *Store) ReviveEvent(ctx context.Context, e payment.InboxEvent) error {
	outcome, err := json.Marshal(e.Outcome)
	if err != nil {
		return fmt.Errorf("encode outcome: %w", err)
	}
	if err := s.q.ReviveEvent(ctx, db.ReviveEventParams{
		Provider: e.Provider, EventID: e.ID, OperationKey: e.Outcome.Key, Outcome: outcome,
	}); err != nil {
		return fmt.Errorf("revive notification: %w", err)
	}
	return s.jobs.Insert(ctx, payment.Arrived{Provider: e.Provider, EventID: e.ID, Cause: tracing.Cause(ctx)})
}

// ListEvents lists notifications, oldest first.
func (s *Store) ListEvents(ctx context.Context, f payment.EventFilter) ([]payment.StoredEvent, error) {
	rows, err := s.q.ListEvents(ctx, db.ListEventsParams{
		State: string(f.State), AfterTime: f.AfterTime, AfterID: f.AfterID, Batch: int32(f.Limit),
	})
	if err != nil {
		return nil, fmt.Errorf("list notifications: %w", err)
	}
	events := make([]payment.StoredEvent, len(rows))
	for i, row := range rows {
		events[i] = eventOf(row)
	}
	return events, nil
}

func eventOf(row db.ListEventsRow) payment.StoredEvent {
	return payment.StoredEvent{
		Provider: row.Provider, ID: row.EventID, State: payment.EventState(row.State), Operation: row.OperationKey, Body: row.Body,
		Tries: int(row.Tries), Conflicts: int(row.Conflicts), Problem: row.LastError, ReceivedAt: row.ReceivedAt,
	}
}

// brief keeps the reason of a failure from growing with its cause.
func brief(problem string) string {
	const most = 500
	return strings.ToValidUTF8(problem[:min(len(problem), most)], "")
}
