package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

const (
	// parkFor is how long a notification about an operation that is not known is kept and tried.
	parkFor = 24 * time.Hour
	// keepFor is how long applied notifications are kept to recognise late repetitions.
	keepFor = 30 * 24 * time.Hour
	// poisonTries is how often a notification that cannot be applied is tried, in about half an hour.
	poisonTries = 12
)

// Received says what became of a notification.
type Received struct {
	// Duplicate tells that it was there before.
	Duplicate bool
	// Conflict tells that it was there with another body; the first stays.
	Conflict bool
	// Foreign tells that it is for another account or mode and was ignored.
	Foreign bool
}

// ReceiveWebhook verifies and stores a notification; a job applies it. Its answer does not wait for that.
func (s *Service) ReceiveWebhook(ctx context.Context, provider string, headers map[string]string, body []byte) (Received, error) {
	carrier, err := s.provider(provider)
	if err != nil {
		return Received{}, err
	}
	event, err := carrier.ParseWebhook(headers, body, s.clock.Now())
	if err != nil {
		return Received{}, err
	}
	if event.Foreign {
		s.log.Warn("notification for another account or mode", zap.String("provider", provider), zap.String("event", event.ID))
		return Received{Foreign: true}, nil
	}
	if event.Problem != "" {
		s.log.Error("a notification is signed but not understood", zap.String("provider", provider), zap.String("event", event.ID),
			zap.String("problem", event.Problem))
	}
	added, conflict, err := s.store.AddEvent(ctx, InboxEvent{
		Provider: provider, ID: event.ID, Outcome: event.Outcome, Done: event.Problem != "", Problem: event.Problem,
	}, body)
	if err != nil {
		return Received{}, fmt.Errorf("store notification: %w", err)
	}
	if conflict {
		s.log.Warn("EVENT_ID_CONFLICT: an event came again with another body", zap.String("provider", provider), zap.String("event", event.ID))
	}
	return Received{Duplicate: !added, Conflict: conflict}, nil
}

// ApplyEvent takes a stored notification into its payment. One about an operation that is not known yet is parked, because
// it can be faster than our own commit; after a day it is given up for a person to look at. One that cannot be applied is
// parked too and given up after poisonTries, so that it neither is lost nor holds up others.
func (s *Service) ApplyEvent(ctx context.Context, provider, eventID string) error {
	problem := s.applyOnce(ctx, provider, eventID)
	if problem == nil {
		return nil
	}
	err := s.store.Tx(ctx, func(ctx context.Context) error {
		event, err := s.store.LockEvent(ctx, provider, eventID)
		if err != nil || event.Done {
			return err
		}
		event.Problem = problem.Error()
		return s.setAside(ctx, event, event.Tries+1 >= poisonTries)
	})
	if err != nil {
		return errors.Join(problem, err)
	}
	s.log.Warn("notification not applied", zap.String("provider", provider), zap.String("event", eventID), zap.Error(problem))
	return nil
}

// applyOnce tries to apply a notification. A panic is a failure like any other: one notification must not end the process
// that works on all of them.
func (s *Service) applyOnce(ctx context.Context, provider, eventID string) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("applying panicked: %v", cause)
			s.log.Error("applying a notification panicked", zap.String("event", eventID), zap.Any("cause", cause), zap.Stack("stack"))
		}
	}()
	var event InboxEvent
	var owner string
	err = s.store.Tx(ctx, func(ctx context.Context) (err error) {
		owner = ""
		if event, err = s.store.LockEvent(ctx, provider, eventID); err != nil || event.Done {
			return err
		}
		if owner, err = s.store.Owner(ctx, provider, event.Outcome.Key); err != nil || owner != "" {
			return err
		}
		event.Problem = "the operation is not known"
		return s.setAside(ctx, event, false)
	})
	if err != nil || owner == "" {
		return err
	}
	_, err = s.record(ctx, news{
		payment: owner, operation: event.Outcome.Key, outcome: event.Outcome, tell: true,
		also: func(ctx context.Context) error { return s.store.FinishEvent(ctx, event, true) },
	})
	return err
}

// setAside puts a locked notification off, or gives it up when it is old or poison.
func (s *Service) setAside(ctx context.Context, event InboxEvent, poison bool) error {
	if poison || event.Age > parkFor {
		s.log.Error("notification given up", zap.String("provider", event.Provider), zap.String("event", event.ID),
			zap.String("key", event.Outcome.Key), zap.String("problem", event.Problem))
		return s.store.FinishEvent(ctx, event, false)
	}
	return s.store.ParkEvent(ctx, event, min(time.Second<<min(event.Tries, 10), 10*time.Minute))
}

// Replay lets a notification that was given up be read and applied again, and answers it. One that was not given up is
// answered as it is.
func (s *Service) Replay(ctx context.Context, provider, eventID string) (StoredEvent, error) {
	carrier, err := s.provider(provider)
	if err != nil {
		return StoredEvent{}, err
	}
	var stored StoredEvent
	err = s.store.Tx(ctx, func(ctx context.Context) error {
		if stored, err = s.store.Event(ctx, provider, eventID); err != nil || stored.State != EventDead {
			return err
		}
		event := carrier.ReadWebhook(eventID, stored.Body)
		if event.Problem != "" || event.Foreign {
			return ErrUnreadable.New("The notification is still not understood.").Meta("problem", event.Problem)
		}
		if err := s.store.ReviveEvent(ctx, InboxEvent{Provider: provider, ID: eventID, Outcome: event.Outcome}); err != nil {
			return err
		}
		stored, err = s.store.Event(ctx, provider, eventID)
		return err
	})
	return stored, err
}

// ApplyParked tries again what was parked or whose job was lost, and answers how many there were.
func (s *Service) ApplyParked(ctx context.Context) (int, error) {
	events, err := s.store.ParkedEvents(ctx, resolveBatch, s.cfg.lease())
	if err != nil {
		return 0, fmt.Errorf("find parked notifications: %w", err)
	}
	for _, e := range events {
		if err := s.ApplyEvent(ctx, e.Provider, e.ID); err != nil {
			s.log.Warn("parked notification not applied", zap.String("event", e.ID), zap.Error(err))
		}
	}
	return len(events), nil
}

// Purge removes what nothing needs any more.
func (s *Service) Purge(ctx context.Context) error { return s.store.Purge(ctx, keepFor) }
