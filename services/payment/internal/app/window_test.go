package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// pass lets time go by for the provider and for the store.
func (e *engine) pass(d time.Duration) {
	e.t.Helper()
	e.clock.Advance(d)
	e.exec("UPDATE operation SET created_at = created_at - make_interval(secs => $1), next_check_at = now() WHERE next_check_at IS NOT NULL", d.Seconds())
}

// effects counts what the provider did of a kind for an order.
func (e *engine) effects(order string, kind payment.Kind) int64 {
	e.t.Helper()
	books := e.books(order)
	return map[payment.Kind]int64{
		payment.Authorize: books.Authorized, payment.Capture: books.Captured, payment.Void: books.Voided, payment.Refund: books.Refunded,
	}[kind] / 1_000
}

// doubtful is a payment whose last operation, of a kind and of 10.00, got no answer, and the caller's repetition of it.
func (e *engine) doubtful(kind payment.Kind, fault string) (p *payment.Payment, repeat func(ctx context.Context) error) {
	e.t.Helper()
	r := request(1_000, "tok_ok")
	amount := move(r.PaymentID, "m", 1_000)
	steps := map[payment.Kind]func(ctx context.Context) error{
		payment.Authorize: func(ctx context.Context) error { _, err := e.Authorize(ctx, r); return err },
		payment.Capture:   func(ctx context.Context) error { _, _, err := e.Capture(ctx, amount); return err },
		payment.Refund:    func(ctx context.Context) error { _, _, err := e.Refund(ctx, amount); return err },
		payment.Void: func(ctx context.Context) error {
			_, err := e.Void(ctx, payment.VoidRequest{PaymentID: r.PaymentID, VoidID: "v", RequestID: "r"})
			return err
		},
	}
	before := map[payment.Kind][]payment.Kind{
		payment.Capture: {payment.Authorize}, payment.Void: {payment.Authorize}, payment.Refund: {payment.Authorize, payment.Capture},
	}
	for _, step := range before[kind] {
		require.NoError(e.t, steps[step](e.t.Context()))
	}
	e.provider.Apply(sandboxserver.Control{Faults: []sandboxserver.Fault{{Kind: string(kind), Action: fault, Count: 1}}})
	require.NoError(e.t, steps[kind](e.t.Context()))
	p = e.get(r.PaymentID)
	require.Equal(e.t, payment.Unknown, p.Operations[len(p.Operations)-1].Status)
	return p, steps[kind]
}

// A provider forgets an idempotency key after a day, and a request that is sent again a minute later is a new one: elsewhere
// that charged the buyer a second time. Fails when anything is sent under a key older than the window less an hour, by the
// caller's repetition or by the resolver, or when what was done is not found by asking.
func TestNothingIsSentUnderAKeyThatTheProviderForgot(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{KeyWindow: 24 * time.Hour}, payment.Config{})
	for _, age := range []time.Duration{23*time.Hour + time.Minute, 24*time.Hour + time.Minute, 40 * 24 * time.Hour} {
		for _, kind := range payment.Kinds() {
			for fault, done := range map[string]int64{sandboxserver.FaultDropReply: 1, sandboxserver.FaultErrorAfter: 1, sandboxserver.FaultDropRequest: 0, sandboxserver.FaultError: 0} {
				p, repeat := e.doubtful(kind, fault)
				order := p.OrderID
				require.Equal(t, done, e.effects(order, kind), "%s %s", kind, fault)
				e.pass(age)
				e.provider.Apply(sandboxserver.Control{Faults: []sandboxserver.Fault{{Kind: "query", Action: sandboxserver.FaultError, Count: 2}}})
				require.NoError(t, repeat(t.Context()))
				_, err := e.ResolveDue(t.Context())
				require.NoError(t, err)
				require.Equal(t, done, e.effects(order, kind), "while the provider does not tell: %s %s", kind, fault)
				e.provider.Apply(sandboxserver.Control{Reset: true, Webhooks: &sandboxserver.WebhookMode{Hold: true}})
				after, err := e.Resolve(t.Context(), p.ID)
				require.NoError(t, err)
				last := after.Operations[len(after.Operations)-1]
				for i := range after.Operations { // by its time, which was moved, it may not be the last
					if after.Operations[i].Kind == kind {
						last = after.Operations[i]
					}
				}
				want := payment.Failed
				if done == 1 {
					want = payment.OK
				}
				require.Equal(t, want, last.Status, "%s %s %s", age, kind, fault)
				require.NoError(t, repeat(t.Context()))
				require.Equal(t, done, e.effects(order, kind), "%s %s %s", age, kind, fault)
			}
		}
	}
}

// Within the window a request that never arrived is sent again and does its work once: fails when a lost request is given up
// although it could be repeated, or when the repetition works twice.
func TestLostRequestsAreSentAgainWithinTheWindow(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{KeyWindow: 24 * time.Hour}, payment.Config{})
	for _, kind := range payment.Kinds() {
		p, repeat := e.doubtful(kind, sandboxserver.FaultDropRequest)
		e.pass(22*time.Hour + 59*time.Minute)
		_, err := e.Resolve(t.Context(), p.ID)
		require.NoError(t, err)
		require.NoError(t, repeat(t.Context()))
		require.Equal(t, int64(1), e.effects(p.OrderID, kind), kind)
	}
}

// An operation in doubt for a quarter of an hour is seen by an operator: fails when money whose whereabouts nobody knows makes
// no sound.
func TestLongDoubtIsMeasured(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	require.Eventually(t, func() bool { return s.metric("payment_operations_in_doubt_oldest_seconds") == 0 }, waitFor, tick)
	s.provider.Apply(sandboxserver.Control{Faults: []sandboxserver.Fault{
		{Kind: "authorize", Action: sandboxserver.FaultDropReply, Count: 1}, {Kind: "query", Action: sandboxserver.FaultError, Count: -1},
	}, Webhooks: &sandboxserver.WebhookMode{Hold: true}})
	p := s.authorize(ask(5_000, "card", "tok_ok"))
	s.exec("UPDATE operation SET created_at = now() - interval '15 minutes 1 second' WHERE payment_id = $1", p.GetId())
	require.Eventually(t, func() bool { return s.metric("payment_operations_in_doubt_oldest_seconds") > 900 }, waitFor, tick)
	require.Equal(t, 1, int(s.metric("payment_operations_in_doubt")))
	s.provider.Apply(sandboxserver.Control{Reset: true})
	s.becomes(p.GetId(), paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED)
	require.Eventually(t, func() bool { return s.metric("payment_operations_in_doubt_oldest_seconds") == 0 }, waitFor, tick)
}

// A provider that answers about another amount is not believed, whatever it was asked: fails when a capture, refund or
// authorization of a false amount is booked, or when nobody is called.
func TestFalseAmountsAreNeverBooked(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{})
	for _, kind := range []payment.Kind{payment.Authorize, payment.Capture, payment.Refund} {
		p := &payment.Payment{}
		steps := []payment.Kind{payment.Authorize, payment.Capture, payment.Refund}
		for _, step := range steps {
			if step == kind {
				e.provider.Apply(sandboxserver.Control{Faults: []sandboxserver.Fault{{Kind: string(kind), Action: sandboxserver.FaultLieAmount, Count: 1}}})
			}
			var err error
			switch step {
			case payment.Authorize:
				p = e.authorize(1_000, "tok_ok")
			case payment.Capture:
				_, _, err = e.Capture(t.Context(), move(p.ID, "c", 1_000))
			case payment.Refund:
				_, _, err = e.Refund(t.Context(), move(p.ID, "f", 1_000))
			}
			require.NoError(t, err)
			if step == kind {
				break
			}
		}
		after := e.get(p.ID)
		require.Equal(t, payment.IntegrityFailure, after.State, kind)
		booked := map[payment.Kind]int{payment.Authorize: 0, payment.Capture: 0, payment.Refund: 2}[kind]
		require.Len(t, e.ledger(p.ID), booked, "only what was certain before: %s", kind)
		require.True(t, after.Operations[len(after.Operations)-1].NeedsAttention)
		_, _, err := e.Capture(t.Context(), move(p.ID, "more", 1))
		require.Equal(t, "PAYMENT_STATE", errs.ReasonOf(err), kind)
	}
	_, err := e.Authorize(t.Context(), payment.AuthorizeRequest{PaymentID: "too-much", Amount: money.Money{Currency: "GBP", Minor: 1_000_000_000_000_001}})
	require.Equal(t, "AMOUNT_RANGE", errs.ReasonOf(err))
}
