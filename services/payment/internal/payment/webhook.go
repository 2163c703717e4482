package payment

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
)

const (
	// parkFor is how long a notification about an operation that is not known is kept and tried.
	parkFor = 24 * time.Hour
	// keepFor is how long applied notifications are kept to recognise late repetitions.
	keepFor = 30 * 24 * time.Hour
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
	added, conflict, err := s.store.AddEvent(ctx, InboxEvent{Provider: provider, ID: event.ID, Outcome: event.Outcome}, body)
	if err != nil {
		return Received{}, fmt.Errorf("store notification: %w", err)
	}
	if conflict {
		s.log.Warn("EVENT_ID_CONFLICT: an event came again with another body", zap.String("provider", provider), zap.String("event", event.ID))
	}
	return Received{Duplicate: !added, Conflict: conflict}, nil
}

// ApplyEvent takes a stored notification into its payment. One about an operation that is not known yet is parked, because
// it can be faster than our own commit; after a day it is given up for a person to look at.
func (s *Service) ApplyEvent(ctx context.Context, provider, eventID string) error {
	var event InboxEvent
	var owner string
	err := s.store.Tx(ctx, func(ctx context.Context) (err error) {
		owner = ""
		if event, err = s.store.LockEvent(ctx, provider, eventID); err != nil || event.Done {
			return err
		}
		if owner, err = s.store.Owner(ctx, provider, event.Outcome.Key); err != nil || owner != "" {
			return err
		}
		if event.Age > parkFor {
			s.log.Error("notification about an unknown operation given up", zap.String("event", event.ID), zap.String("key", event.Outcome.Key))
			return s.store.FinishEvent(ctx, event, false)
		}
		return s.store.ParkEvent(ctx, event, min(time.Second<<min(event.Tries, 10), 10*time.Minute))
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

// ApplyParked tries again what was parked, and answers how many there were.
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
