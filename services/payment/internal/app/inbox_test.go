package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// dead lists the notifications that were given up.
func (s *shop) dead() []*paymentv1.WebhookEvent {
	s.t.Helper()
	response, err := s.ListWebhookEvents(staff(), &paymentv1.ListWebhookEventsRequest{})
	require.NoError(s.t, err)
	return response.GetEvents()
}

// authorizedEvent is the provider's news that a payment is authorized.
func authorizedEvent(p *paymentv1.Payment, reference string) *sandboxserver.Operation {
	return &sandboxserver.Operation{
		ID: reference, Kind: "authorize", Status: "succeeded", Merchant: "cartwright-demo", Mode: "sandbox",
		MerchantReference: p.GetOperations()[0].GetId(), OrderReference: p.GetOrderId(), Amount: 5_000, Currency: "GBP",
	}
}

// A notification that cannot be applied is neither lost nor in the way: elsewhere one late webhook answered 500 for days, and
// what came behind it was not heard. Fails when a poison event stops others, disappears, is not shown, or cannot be applied
// after the cause is mended.
func TestPoisonNotificationsGoToADeadLetterAndCanBeReplayed(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	taken, p, other := s.authorize(ask(5_000, "card", "tok_ok")), s.authorize(ask(5_000, "card", "tok_3ds")), s.authorize(ask(5_000, "card", "tok_3ds"))
	reference := taken.GetOperations()[0].GetProviderReference()
	// The provider's id of the news is in our books at another operation: storing it fails each time.
	s.exec("UPDATE operation SET provider_reference = '' WHERE id = $1", p.GetOperations()[0].GetId())
	poisonID, poison := s.eventOf(authorizedEvent(p, reference))
	_, err := s.deliver(poisonID, poison)
	require.NoError(t, err)
	state := func() (state, problem string) {
		require.NoError(t, s.db.DB.QueryRow(t.Context(), "SELECT state, last_error FROM webhook_event WHERE event_id = $1", poisonID).Scan(&state, &problem))
		return state, problem
	}
	require.Eventually(t, func() bool { now, problem := state(); return now == "parked" && problem != "" }, waitFor, tick)
	goodID, good := s.eventOf(authorizedEvent(other, other.GetOperations()[0].GetProviderReference()))
	_, err = s.deliver(goodID, good)
	require.NoError(t, err)
	s.becomes(other.GetId(), paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED)

	s.exec("UPDATE webhook_event SET tries = 11, next_try_at = now() WHERE event_id = $1", poisonID)
	require.Eventually(t, func() bool { return len(s.dead()) == 1 }, waitFor, tick)
	require.Contains(t, s.dead()[0].GetLastError(), "operation_provider_reference")
	require.Eventually(t, func() bool { return s.metric("payment_webhooks_dead") == 1 }, waitFor, tick, "an operator sees it")
	again, err := s.deliver(poisonID, poison)
	require.NoError(t, err)
	require.True(t, again.GetDuplicate(), "the provider need not repeat it")

	s.exec("UPDATE operation SET provider_reference = 'mended' WHERE id = $1", taken.GetOperations()[0].GetId())
	replay := &paymentv1.ReplayWebhookEventRequest{Provider: "sandbox", EventId: poisonID, RequestId: "r"}
	replayed, err := s.ReplayWebhookEvent(staff(), replay)
	require.NoError(t, err)
	require.Equal(t, paymentv1.WebhookEventState_WEBHOOK_EVENT_STATE_RECEIVED, replayed.GetEvent().GetState())
	s.becomes(p.GetId(), paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED)
	require.Eventually(t, func() bool { now, _ := state(); return now == "applied" }, waitFor, tick)
	replayed, err = s.ReplayWebhookEvent(staff(), replay)
	require.NoError(t, err)
	require.Equal(t, paymentv1.WebhookEventState_WEBHOOK_EVENT_STATE_APPLIED, replayed.GetEvent().GetState(), "twice is once")
	replay.EventId = "evt_unknown"
	_, err = s.ReplayWebhookEvent(staff(), replay)
	require.Equal(t, "WEBHOOK_EVENT_NOT_FOUND", errs.ReasonOf(err))
}

// What the provider signed and we do not understand is kept for the release that does: fails when a new kind of news is
// dropped, makes the provider repeat it for days, or is applied as something else.
func TestNotificationsNotUnderstoodAreKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.authorize(ask(5_000, "card", "tok_3ds"))
	op := authorizedEvent(p, p.GetOperations()[0].GetProviderReference())
	op.Status = "half_succeeded"
	newsID, news := s.eventOf(op)
	_, err := s.deliver(newsID, news)
	require.NoError(t, err)
	noiseID := "evt_" + id.Secret()
	_, err = s.deliver(noiseID, []byte(`{"id": 5`))
	require.NoError(t, err)
	require.Len(t, s.dead(), 2)
	for _, event := range s.dead() {
		require.NotEmpty(t, event.GetLastError())
		require.Empty(t, event.GetOperationId())
		_, err = s.ReplayWebhookEvent(staff(), &paymentv1.ReplayWebhookEventRequest{Provider: "sandbox", EventId: event.GetEventId(), RequestId: "r"})
		require.Equal(t, "WEBHOOK_EVENT_UNREADABLE", errs.ReasonOf(err))
	}
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION, s.get(p.GetId()).GetState())
	first, err := s.ListWebhookEvents(staff(), &paymentv1.ListWebhookEventsRequest{PageSize: 1})
	require.NoError(t, err)
	rest, err := s.ListWebhookEvents(staff(), &paymentv1.ListWebhookEventsRequest{PageSize: 1, PageToken: first.GetNextPageToken()})
	require.NoError(t, err)
	require.NotEqual(t, first.GetEvents()[0].GetEventId(), rest.GetEvents()[0].GetEventId())
}

// A stored notification is applied although its job is gone, and one about an operation that never shows up is given up after
// a day: fails when news is lost between two tables, or waits in silence for ever.
func TestNotificationsWithoutTheirJobAreApplied(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{AllEvents: true}, payment.Config{})
	p := e.authorize(5_000, "tok_3ds")
	body := e.provider.Events()[0]
	_, err := e.ReceiveWebhook(t.Context(), "sandbox", sandboxserver.Sign(testSecret, eventID(t, body), time.Now(), body), body)
	require.NoError(t, err)
	n, err := e.ApplyParked(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "its job has a minute")
	e.exec("UPDATE webhook_event SET next_try_at = now()")
	n, err = e.ApplyParked(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	m, err := e.Measure(t.Context())
	require.NoError(t, err)
	require.Zero(t, m.ParkedEvents+m.DeadEvents)

	e.exec("UPDATE webhook_event SET state = 'parked', next_try_at = now(), received_at = now() - interval '25 hours'")
	e.exec("UPDATE operation SET id = 'hidden' WHERE payment_id = $1", p.ID)
	_, err = e.ApplyParked(t.Context())
	require.NoError(t, err)
	m, err = e.Measure(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(1), m.DeadEvents)
}
