// Package providertest is the suite that every provider's adapter must pass, run against the real provider or its sandbox.
//
// It holds an adapter to what the payment rules rely on: one effect per key, refusals that are outcomes, doubt that is an
// error, answers that name the amount that was worked with, and notifications that only the provider can make.
package providertest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// Harness is a provider and what the suite must do outside of its adapter.
type Harness struct {
	// Provider is the adapter.
	Provider payment.Provider
	// GoodToken and BadToken are a card that is accepted and one that is declined.
	GoodToken string
	BadToken  string
	// Approve acts as the buyer on the page of a next action.
	Approve func(t *testing.T, url string)
	// Notification gives a signed notification about an operation, as the provider sends it at a time.
	Notification func(t *testing.T, key string, at time.Time) (headers map[string]string, body []byte)
	// Unreachable is an adapter of the same kind whose provider does not answer.
	Unreachable payment.Provider
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Harness){
		"capture, refund and void":         capturing,
		"one effect per key":               repeating,
		"refusals are outcomes":            refusing,
		"unknown keys":                     unknownKeys,
		"doubt is an error":                doubting,
		"methods that need the buyer":      acting,
		"notifications must be signed now": notifying,
		"void of nothing":                  voidingNothing,
		"reports":                          reporting,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, h)
		})
	}
}

// newCall is an authorization of 100.00 by a method.
func newCall(method, token string) payment.Call {
	return payment.Call{
		Operation: payment.Operation{ID: id.New(), OrderID: id.Secret(), Kind: payment.Authorize, Amount: 10_000, Currency: "GBP"},
		Method:    method, Token: token, ReturnURL: "http://localhost/return",
	}
}

// follow is an operation on an authorization.
func follow(auth payment.Outcome, c payment.Call, kind payment.Kind, amount int64) payment.Call {
	return payment.Call{
		Operation:              payment.Operation{ID: id.New(), OrderID: c.Operation.OrderID, Kind: kind, Amount: amount, Currency: "GBP"},
		AuthorizationReference: auth.Reference,
	}
}

// must fails unless an outcome is what was asked for.
func must(t *testing.T, c payment.Call, status payment.Status, out payment.Outcome, err error) payment.Outcome {
	t.Helper()
	require.NoError(t, err)
	require.Equal(t, status, out.Status, out.Reason)
	require.Equal(t, c.Operation.ID, out.Key)
	require.NotEmpty(t, out.Reference)
	require.Equal(t, c.Operation.Currency, out.Currency)
	if c.Operation.Kind != payment.Void {
		require.Equal(t, c.Operation.Amount, out.Amount)
	}
	return out
}

func authorized(t *testing.T, h Harness) (payment.Call, payment.Outcome) {
	t.Helper()
	c := newCall("card", h.GoodToken)
	out, err := h.Provider.Authorize(t.Context(), c)
	return c, must(t, c, payment.OK, out, err)
}

func capturing(t *testing.T, h Harness) {
	c, auth := authorized(t, h)
	first := follow(auth, c, payment.Capture, 6_000)
	out, err := h.Provider.Capture(t.Context(), first)
	must(t, first, payment.OK, out, err)
	refund := follow(auth, c, payment.Refund, 2_000)
	out, err = h.Provider.Refund(t.Context(), refund)
	must(t, refund, payment.OK, out, err)
	void := follow(auth, c, payment.Void, 4_000)
	out, err = h.Provider.Void(t.Context(), void)
	must(t, void, payment.OK, out, err)
	late := follow(auth, c, payment.Capture, 1)
	out, err = h.Provider.Capture(t.Context(), late)
	must(t, late, payment.Failed, out, err)
	tooMuch := follow(auth, c, payment.Refund, 4_001)
	out, err = h.Provider.Refund(t.Context(), tooMuch)
	must(t, tooMuch, payment.Failed, out, err)
}

func repeating(t *testing.T, h Harness) {
	c, auth := authorized(t, h)
	again, err := h.Provider.Authorize(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, auth.Reference, again.Reference)
	other := c
	other.Operation.Amount++
	_, err = h.Provider.Authorize(t.Context(), other)
	require.Error(t, err, "the same key for another amount is neither done nor refused for good")
	capture := follow(auth, c, payment.Capture, 10_000)
	for range 3 {
		out, err := h.Provider.Capture(t.Context(), capture)
		must(t, capture, payment.OK, out, err)
	}
	asked, err := h.Provider.Query(t.Context(), capture.Operation.ID)
	must(t, capture, payment.OK, asked, err)
}

func refusing(t *testing.T, h Harness) {
	c := newCall("card", h.BadToken)
	out, err := h.Provider.Authorize(t.Context(), c)
	must(t, c, payment.Failed, out, err)
	require.NotEmpty(t, out.Reason)
	unknown := newCall("card", "tok_nobody")
	out, err = h.Provider.Authorize(t.Context(), unknown)
	require.NoError(t, err)
	require.Equal(t, payment.Failed, out.Status)
	require.Equal(t, payment.ReasonTokenRejected, out.Reason)
}

func unknownKeys(t *testing.T, h Harness) {
	_, err := h.Provider.Query(t.Context(), id.New())
	require.ErrorIs(t, err, payment.ErrNoOperation)
	require.Positive(t, h.Provider.KeyWindow())
}

func doubting(t *testing.T, h Harness) {
	c := newCall("card", h.GoodToken)
	_, err := h.Unreachable.Authorize(t.Context(), c)
	require.Error(t, err)
	_, err = h.Unreachable.Query(t.Context(), c.Operation.ID)
	require.Error(t, err)
	require.NotErrorIs(t, err, payment.ErrNoOperation, "no answer is not the answer no")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = h.Provider.Authorize(ctx, c)
	require.Error(t, err)
}

func acting(t *testing.T, h Harness) {
	for _, method := range []string{"wallet", "qr", "voucher"} {
		capabilities, ok := h.Provider.Capabilities(method)
		if !ok {
			continue
		}
		c := newCall(method, "")
		out, err := h.Provider.Authorize(t.Context(), c)
		must(t, c, payment.Pending, out, err)
		require.NotNil(t, out.NextAction, method)
		require.NotEmpty(t, out.NextAction.URL)
		h.Approve(t, out.NextAction.URL)
		require.Eventually(t, func() bool {
			asked, err := h.Provider.Query(t.Context(), c.Operation.ID)
			require.NoError(t, err)
			return asked.Status == payment.OK
		}, 30*time.Second, 20*time.Millisecond, method)
		capture := follow(out, c, payment.Capture, 10_000)
		done, err := h.Provider.Capture(t.Context(), capture)
		want := payment.OK
		if !capabilities.SeparatesCapture {
			want = payment.Failed // it was taken at once
		}
		must(t, capture, want, done, err)
		refund := follow(out, c, payment.Refund, 10_000)
		done, err = h.Provider.Refund(t.Context(), refund)
		must(t, refund, payment.OK, done, err)
	}
}

func notifying(t *testing.T, h Harness) {
	c, _ := authorized(t, h)
	now := time.Now()
	headers, body := h.Notification(t, c.Operation.ID, now)
	event, err := h.Provider.ParseWebhook(headers, body, now)
	require.NoError(t, err)
	require.NotEmpty(t, event.ID)
	require.False(t, event.Foreign)
	must(t, c, payment.OK, event.Outcome, nil)

	for _, skew := range []time.Duration{-6 * time.Minute, 6 * time.Minute} {
		_, err = h.Provider.ParseWebhook(headers, body, now.Add(skew))
		require.Equal(t, "TIMESTAMP_OUT_OF_RANGE", errs.ReasonOf(err))
	}
	for i := range body {
		forged := append([]byte(nil), body...)
		forged[i] ^= 1
		_, err = h.Provider.ParseWebhook(headers, forged, now)
		require.Equal(t, "WEBHOOK_SIGNATURE_INVALID", errs.ReasonOf(err))
	}
	for name := range headers {
		_, err = h.Provider.ParseWebhook(map[string]string{name: headers[name]}, body, now)
		require.Error(t, err, name)
	}
}

func voidingNothing(t *testing.T, h Harness) {
	c := newCall("card", h.BadToken)
	auth, err := h.Provider.Authorize(t.Context(), c)
	require.NoError(t, err)
	void := follow(auth, c, payment.Void, 0)
	out, err := h.Provider.Void(t.Context(), void)
	must(t, void, payment.OK, out, err)
	taken, captured := authorized(t, h)
	capture := follow(captured, taken, payment.Capture, 10_000)
	_, err = h.Provider.Capture(t.Context(), capture)
	require.NoError(t, err)
	tooLate := follow(captured, taken, payment.Void, 0)
	out, err = h.Provider.Void(t.Context(), tooLate)
	must(t, tooLate, payment.Failed, out, err)
	require.Equal(t, payment.ReasonAlreadyCaptured, out.Reason)
}

func reporting(t *testing.T, h Harness) {
	before := time.Now().Add(-time.Minute)
	c, auth := authorized(t, h)
	capture := follow(auth, c, payment.Capture, 6_000)
	_, err := h.Provider.Capture(t.Context(), capture)
	require.NoError(t, err)
	require.GreaterOrEqual(t, h.Provider.ReportLag(), time.Duration(0))
	found := map[string]payment.Reported{}
	read := func(from, until time.Time) {
		for after := ""; ; {
			page, err := h.Provider.Report(t.Context(), from, until, after)
			require.NoError(t, err)
			for _, row := range page.Rows {
				require.False(t, row.At.Before(from) || !row.At.Before(until), "only what was asked for")
				found[row.Key] = row
			}
			if after = page.Next; after == "" {
				return
			}
		}
	}
	require.Eventually(t, func() bool {
		read(before, time.Now().Add(time.Minute))
		return len(found[capture.Operation.ID].Key) > 0
	}, h.Provider.ReportLag()+30*time.Second, 50*time.Millisecond)
	require.Equal(t, payment.Authorize, found[c.Operation.ID].Kind)
	row := found[capture.Operation.ID]
	must(t, capture, payment.OK, row.Outcome, nil)
	require.Equal(t, payment.Capture, row.Kind)
	require.Equal(t, c.Operation.OrderID, row.OrderID)
	clear(found)
	read(before.Add(-time.Hour), before)
	require.Empty(t, found[c.Operation.ID].Key)
	_, err = h.Unreachable.Report(t.Context(), before, time.Now(), "")
	require.Error(t, err, "no report is not an empty report")
}
