package sandboxserver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// Event is the body of a webhook.
type Event struct {
	// ID is the same in every delivery of the event.
	ID string `json:"id"`
	// Type is the operation's kind and status, such as "authorize.succeeded".
	Type string `json:"type"`
	// CreatedAt is when it happened.
	CreatedAt time.Time `json:"created_at"`
	// Merchant is the account.
	Merchant string `json:"merchant"`
	// Mode is always "sandbox".
	Mode string `json:"mode"`
	// Operation is the operation as it was after the event.
	Operation *Operation `json:"operation"`
}

type pendingEvent struct {
	id    string
	body  []byte
	tries int
}

// Sign makes the headers of a webhook: the signature is the base64 of HMAC-SHA256 over "id.timestamp.body".
func Sign(secret, eventID string, at time.Time, body []byte) map[string]string {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(eventID + "." + timestamp + "."))
	mac.Write(body)
	return map[string]string{
		"webhook-id":        eventID,
		"webhook-timestamp": timestamp,
		"webhook-signature": "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	}
}

// emit makes an event of an operation as it is now. Callers hold the lock.
func (s *Server) emit(op *Operation) {
	if s.cfg.WebhookURL == "" {
		return
	}
	now := s.cfg.Now()
	event := Event{
		ID: "evt_" + id.Secret(), Type: op.Kind + "." + op.Status, CreatedAt: now,
		Merchant: op.Merchant, Mode: op.Mode, Operation: op,
	}
	body, err := json.Marshal(event)
	if err == nil {
		err = s.journal.append(record{At: now, Type: recordEvent, EventID: event.ID, EventBody: body})
	}
	if err != nil {
		s.cfg.Log.Error("event not written", zap.Error(err))
		return
	}
	s.events[event.ID] = &pendingEvent{id: event.ID, body: body}
	if s.webhooks.Hold {
		return
	}
	for range 1 + s.webhooks.Duplicate {
		s.agenda.add(task{at: now.Add(s.webhooks.delay()), deliver: event.ID})
	}
}

// delay is how long an event waits; reordering is a random wait of up to two seconds.
func (m WebhookMode) delay() time.Duration {
	wait := time.Duration(m.DelayMS) * time.Millisecond
	if m.Reorder {
		wait += rand.N(2 * time.Second) //nolint:gosec // disorder, not a secret
	}
	return wait
}

// releaseEvents plans the delivery of all events that were held back. Callers hold the lock.
func (s *Server) releaseEvents() {
	for eventID := range s.events {
		for range 1 + s.webhooks.Duplicate {
			s.agenda.add(task{at: s.cfg.Now().Add(s.webhooks.delay()), deliver: eventID})
		}
	}
}

// deliver sends one event once and plans the next try when it was not taken.
func (s *Server) deliver(ctx context.Context, eventID string) {
	s.mu.Lock()
	event, ok := s.events[eventID]
	target, secret, held := s.cfg.WebhookURL, s.cfg.WebhookSecret, s.webhooks.Hold
	s.mu.Unlock()
	if !ok || held {
		return
	}
	err := s.post(ctx, target, secret, event)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		delete(s.events, eventID)
		err = s.journal.append(record{At: s.cfg.Now(), Type: recordDelivered, EventID: eventID})
		if err != nil {
			s.cfg.Log.Error("delivery not written", zap.Error(err))
		}
		return
	}
	waits := []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 14 * time.Hour}
	if event.tries >= len(waits) {
		s.cfg.Log.Warn("webhook given up", zap.String("event", eventID), zap.Error(err))
		return
	}
	s.agenda.add(task{at: s.cfg.Now().Add(waits[event.tries]), deliver: eventID})
	event.tries++
}

func (s *Server) post(ctx context.Context, target, secret string, event *pendingEvent) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(event.body))
	if err != nil {
		return fmt.Errorf("make webhook request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range Sign(secret, event.id, s.cfg.Now(), event.body) {
		request.Header.Set(name, value)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("send webhook: %w", err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("webhook answered %d", response.StatusCode)
	}
	return nil
}

// Events are the bodies of the events that were not delivered yet, in no order, for tests that deliver them by hand.
func (s *Server) Events() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	bodies := make([][]byte, 0, len(s.events))
	for _, event := range s.events {
		bodies = append(bodies, event.body)
	}
	return bodies
}
