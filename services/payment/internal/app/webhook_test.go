package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// deliver sends a notification as the gateway does, signed now.
func (s *shop) deliver(eventID string, body []byte) (*paymentv1.ReceiveWebhookResponse, error) {
	return s.ReceiveWebhook(s.t.Context(), &paymentv1.ReceiveWebhookRequest{
		Provider: "sandbox", Headers: sandboxserver.Sign(testSecret, eventID, time.Now(), body), Body: body,
	})
}

// eventOf is a notification about an operation as the provider has it, changed by the test.
func (s *shop) eventOf(op *sandboxserver.Operation) (string, []byte) {
	s.t.Helper()
	eventID := "evt_" + id.Secret()
	body, err := json.Marshal(sandboxserver.Event{ID: eventID, Type: "x", Merchant: "cartwright-demo", Mode: "sandbox", Operation: op})
	require.NoError(s.t, err)
	return eventID, body
}

// A stranger cannot mark an order as paid: fails when a notification without the provider's signature of now is believed
// or stored.
func TestForgedNotificationsAreRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.authorize(ask(5_000, "card", "tok_3ds"))
	auth := p.GetOperations()[0]
	eventID, body := s.eventOf(&sandboxserver.Operation{
		ID: auth.GetProviderReference(), Kind: "authorize", Status: "succeeded", Merchant: "cartwright-demo", Mode: "sandbox",
		MerchantReference: auth.GetId(), Amount: 5_000, Currency: "GBP",
	})
	for name, c := range map[string]struct {
		headers map[string]string
		body    []byte
		reason  string
	}{
		"none":       {map[string]string{}, body, "WEBHOOK_SIGNATURE_INVALID"},
		"other key":  {sandboxserver.Sign("another-secret-of-32-bytes-long!", eventID, time.Now(), body), body, "WEBHOOK_SIGNATURE_INVALID"},
		"empty key":  {sandboxserver.Sign("", eventID, time.Now(), body), body, "WEBHOOK_SIGNATURE_INVALID"},
		"other body": {sandboxserver.Sign(testSecret, eventID, time.Now(), body), append([]byte(" "), body...), "WEBHOOK_SIGNATURE_INVALID"},
		"old":        {sandboxserver.Sign(testSecret, eventID, time.Now().Add(-6*time.Minute), body), body, "TIMESTAMP_OUT_OF_RANGE"},
		"early":      {sandboxserver.Sign(testSecret, eventID, time.Now().Add(6*time.Minute), body), body, "TIMESTAMP_OUT_OF_RANGE"},
	} {
		_, err := s.ReceiveWebhook(t.Context(), &paymentv1.ReceiveWebhookRequest{Provider: "sandbox", Headers: c.headers, Body: c.body})
		require.Equal(t, c.reason, errs.ReasonOf(err), name)
		require.Equal(t, errs.Unauthenticated, errs.CodeOf(err), name)
	}
	_, err := s.ReceiveWebhook(t.Context(), &paymentv1.ReceiveWebhookRequest{Provider: "nobody", Body: body})
	require.Equal(t, "PROVIDER_NOT_FOUND", errs.ReasonOf(err))
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION, s.get(p.GetId()).GetState())

	response, err := s.deliver(eventID, body)
	require.NoError(t, err)
	require.False(t, response.GetDuplicate(), "none of the forged ones was stored")
	s.becomes(p.GetId(), paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED)
	response, err = s.deliver(eventID, body)
	require.NoError(t, err)
	require.True(t, response.GetDuplicate())
	response, err = s.deliver(eventID, append(body, ' '))
	require.NoError(t, err, "the same id with another body: the first stays")
	require.True(t, response.GetDuplicate())
}

// A confirmation of another amount, currency or account never pays an order: fails when only the signature is looked at.
func TestNotificationsMustAgreeWithWhatWasAsked(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for name, c := range map[string]struct {
		change func(op *sandboxserver.Operation)
		state  paymentv1.PaymentState
	}{
		"amount":   {func(op *sandboxserver.Operation) { op.Amount-- }, paymentv1.PaymentState_PAYMENT_STATE_INTEGRITY_FAILURE},
		"currency": {func(op *sandboxserver.Operation) { op.Currency = "USD" }, paymentv1.PaymentState_PAYMENT_STATE_INTEGRITY_FAILURE},
		"id":       {func(op *sandboxserver.Operation) { op.ID = "sbx_other" }, paymentv1.PaymentState_PAYMENT_STATE_INTEGRITY_FAILURE},
		"account":  {func(op *sandboxserver.Operation) { op.Merchant = "somebody" }, paymentv1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION},
		"mode":     {func(op *sandboxserver.Operation) { op.Mode = "live" }, paymentv1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION},
	} {
		p := s.authorize(ask(5_000, "card", "tok_3ds"))
		op := &sandboxserver.Operation{
			ID: p.GetOperations()[0].GetProviderReference(), Kind: "authorize", Status: "succeeded", Merchant: "cartwright-demo",
			Mode: "sandbox", MerchantReference: p.GetOperations()[0].GetId(), Amount: 5_000, Currency: "GBP",
		}
		c.change(op)
		eventID, body := s.eventOf(op)
		_, err := s.deliver(eventID, body)
		require.NoError(t, err, name)
		require.Equal(t, c.state, s.becomes(p.GetId(), c.state).GetState(), name)
	}
}

// A notification that is faster than our own commit is not lost: fails when one about an unknown operation is dropped.
func TestNotificationBeforeItsOperationIsParked(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.authorize(ask(5_000, "card", "tok_3ds"))
	op := p.GetOperations()[0]
	rename := func(from, to string) {
		_, err := s.db.DB.Exec(t.Context(), "UPDATE operation SET id = $2 WHERE id = $1", from, to)
		require.NoError(t, err)
	}
	rename(op.GetId(), "hidden")
	eventID, body := s.eventOf(&sandboxserver.Operation{
		ID: op.GetProviderReference(), Kind: "authorize", Status: "succeeded", Merchant: "cartwright-demo", Mode: "sandbox",
		MerchantReference: op.GetId(), Amount: 5_000, Currency: "GBP",
	})
	_, err := s.deliver(eventID, body)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		var state string
		require.NoError(t, s.db.DB.QueryRow(t.Context(), "SELECT state FROM webhook_event WHERE event_id = $1", eventID).Scan(&state))
		return state == "parked"
	}, waitFor, tick)
	rename("hidden", op.GetId())
	s.becomes(p.GetId(), paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED)
}

// The order in which the provider's news arrives, and how often, changes nothing: fails when two orders of the same six
// events, with repetitions, lead to different payments or books.
func TestOrderOfNotificationsDoesNotMatter(t *testing.T) {
	t.Parallel()
	s := newShopWith(t, sandboxserver.Config{AllEvents: true})
	s.provider.Apply(sandboxserver.Control{Webhooks: &sandboxserver.WebhookMode{Hold: true}})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for round := range 12 {
		p := s.authorize(ask(10_000, "card", "tok_3ds"))
		s.buyer(p.GetNextAction().GetUrl(), "approve")
		for _, step := range []func(){
			func() {
				_, err := s.ResolvePayment(t.Context(), &paymentv1.ResolvePaymentRequest{PaymentId: p.GetId()})
				require.NoError(t, err)
			},
			func() { s.capture(p.GetId(), 3_000, false) },
			func() { s.capture(p.GetId(), 4_000, false) },
			func() { s.void(p.GetId()) },
			func() { s.refund(p.GetId(), 2_000) },
		} {
			step()
		}
		before := s.get(p.GetId())
		var events [][]byte
		for _, body := range s.provider.Events() {
			var e sandboxserver.Event
			require.NoError(t, json.Unmarshal(body, &e))
			if e.Operation.OrderReference == p.GetOrderId() {
				events = append(events, body, body)
			}
		}
		require.GreaterOrEqual(t, len(events), 12)
		random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		for i, body := range events {
			var e sandboxserver.Event
			require.NoError(t, json.Unmarshal(body, &e))
			_, err := s.deliver(fmt.Sprintf("%s-%d-%d", e.ID, round, i), rewritten(t, e, fmt.Sprintf("%s-%d-%d", e.ID, round, i)))
			require.NoError(t, err)
		}
		s.applied()
		after := s.get(p.GetId())
		require.Equal(t, before.GetState(), after.GetState())
		for _, pick := range []func(*paymentv1.Payment) int64{
			func(p *paymentv1.Payment) int64 { return p.GetAuthorized().GetMinorUnits() },
			func(p *paymentv1.Payment) int64 { return p.GetCaptured().GetMinorUnits() },
			func(p *paymentv1.Payment) int64 { return p.GetRefunded().GetMinorUnits() },
			func(p *paymentv1.Payment) int64 { return p.GetVoided().GetMinorUnits() },
		} {
			require.Equal(t, pick(before), pick(after))
		}
		require.Equal(t, int64(-5_000), s.due(p.GetOrderId()))
	}
	s.balanced()
}

// rewritten is an event under an id of its own, so that its repetition is applied again instead of being recognised.
func rewritten(t *testing.T, e sandboxserver.Event, eventID string) []byte {
	t.Helper()
	e.ID = eventID
	body, err := json.Marshal(e)
	require.NoError(t, err)
	return body
}

// applied waits until every stored notification has been taken in.
func (s *shop) applied() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		var open int
		require.NoError(s.t, s.db.DB.QueryRow(s.t.Context(), "SELECT count(*) FROM webhook_event WHERE state <> 'applied'").Scan(&open))
		return open == 0
	}, waitFor, tick)
}
