package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
)

// Fails when nobody could see that a provider refuses every card, or stops to answer, before buyers complain.
func TestWhatProvidersAnswerIsCounted(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	taken := s.authorize(ask(5_000, "card", "tok_ok_1"))
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED, taken.GetState())
	s.capture(taken.GetId(), 5_000, true)
	s.authorize(ask(5_000, "card", "tok_declined_1"))
	lost := s.authorize(ask(5_000, "card", "tok_reply_lost_1"))
	s.becomes(lost.GetId(), paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED)
	for labels, want := range map[string]float64{
		`kind="authorize",outcome="ok"`: 1, `kind="authorize",outcome="failed"`: 1, `kind="authorize",outcome="unknown"`: 1, `kind="capture",outcome="ok"`: 1,
	} {
		require.Equal(t, want, s.metric(`payment_provider_calls_total{`+labels+`,provider="sandbox"}`), labels)
	}
	require.Equal(t, 3.0, s.metric(`payment_provider_seconds_count{kind="authorize",provider="sandbox"}`))
}
