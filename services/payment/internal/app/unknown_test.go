package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// faults are all ways in which an answer can be missing; the work is done in some of them and not in others.
func faults() []string {
	return []string{
		sandboxserver.FaultDropReply, sandboxserver.FaultDropRequest, sandboxserver.FaultError, sandboxserver.FaultErrorAfter,
	}
}

func (s *shop) fault(kind, action string) {
	s.provider.Apply(sandboxserver.Control{Faults: []sandboxserver.Fault{{Kind: kind, Action: action, Count: 1}}})
}

// faultUnresolved also keeps the provider from telling for a second or two what it did.
func (s *shop) faultUnresolved(kind, action string) {
	s.fault(kind, action)
	s.provider.Apply(sandboxserver.Control{
		Faults: []sandboxserver.Fault{{Kind: "query", Action: sandboxserver.FaultError, Count: 4}}, Webhooks: &sandboxserver.WebhookMode{DelayMS: 5_000},
	})
}

// effects counts what the provider did for an order, whatever it answered.
func (s *shop) effects(order, kind string) int {
	n := 0
	for _, attempt := range s.attempts(order) {
		if attempt.Kind == kind && !attempt.Replayed && attempt.Result != "failed" {
			n++
		}
	}
	return n
}

// doubtOrKnown are the outcomes of an operation whose answer was lost, before and after the resolver has asked.
func doubtOrKnown() []paymentv1.OperationStatus {
	return []paymentv1.OperationStatus{paymentv1.OperationStatus_OPERATION_STATUS_UNKNOWN, paymentv1.OperationStatus_OPERATION_STATUS_OK}
}

// A buyer whose payment's answer was lost is charged once and served: fails when an unknown result is guessed, or sent
// again under another key.
func TestUnknownResultsAreResolvedByAsking(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, action := range faults() {
		s.fault("authorize", action)
		r := ask(10_000, "card", "tok_ok_"+action)
		// The resolver may have asked already when the answer is made: in doubt or known, but never failed.
		require.Contains(t, []paymentv1.PaymentState{
			paymentv1.PaymentState_PAYMENT_STATE_PROCESSING, paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED,
		}, s.authorize(r).GetState(), action)
		p := s.becomes(r.GetPaymentId(), paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED)
		require.Equal(t, 1, s.effects(r.GetOrderId(), "authorize"), action)
		require.Eventually(t, func() bool { return s.cart.told(p.GetId()) > 0 }, waitFor, tick, "the order's owner is told")

		s.fault("capture", action)
		captured := s.capture(p.GetId(), 6_000, false)
		require.Contains(t, doubtOrKnown(), captured.GetOperation().GetStatus(), action)
		require.Equal(t, int64(4_000), captured.GetPayment().GetCapturable().GetMinorUnits(), "the doubtful amount stays reserved")
		s.becomes(p.GetId(), paymentv1.PaymentState_PAYMENT_STATE_PARTIALLY_CAPTURED)
		require.Equal(t, int64(6_000), s.books(r.GetOrderId()).Captured, action)

		s.fault("refund", action)
		refunded := s.refund(p.GetId(), 2_000)
		require.Contains(t, doubtOrKnown(), refunded.GetOperation().GetStatus(), action)
		s.becomes(p.GetId(), paymentv1.PaymentState_PAYMENT_STATE_PARTIALLY_REFUNDED)
		require.Equal(t, int64(2_000), s.books(r.GetOrderId()).Refunded, action)

		s.fault("void", action)
		s.void(p.GetId())
		require.Eventually(t, func() bool { return s.get(p.GetId()).GetVoided().GetMinorUnits() == 4_000 }, waitFor, tick, action)
		require.Equal(t, int64(4_000), s.books(r.GetOrderId()).Voided, action)
		for _, kind := range []string{"authorize", "capture", "refund", "void"} {
			require.Equal(t, 1, s.effects(r.GetOrderId(), kind), "%s %s", action, kind)
		}
		require.Equal(t, int64(-4_000), s.due(r.GetOrderId()))
	}
	s.balanced()
}

// A buyer who gave up while the answer was on its way is not charged: fails when an authorization that succeeds after a void
// was asked stays, or a capture that succeeds late is not given back, or is given back twice.
func TestLateSuccessIsUndoneOnce(t *testing.T) {
	t.Parallel()
	for _, action := range faults() {
		t.Run("authorize "+action, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.faultUnresolved("authorize", action)
			r := ask(5_000, "card", "tok_ok")
			s.authorize(r)
			require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_VOIDING, s.void(r.GetPaymentId()).GetState())
			if action == sandboxserver.FaultDropReply || action == sandboxserver.FaultErrorAfter {
				s.becomes(r.GetPaymentId(), paymentv1.PaymentState_PAYMENT_STATE_VOIDED)
				require.Equal(t, int64(5_000), s.books(r.GetOrderId()).Voided)
				require.Equal(t, 1, s.effects(r.GetOrderId(), "void"))
				return
			}
			require.Eventually(t, func() bool { return s.get(r.GetPaymentId()).GetOperations()[0].GetAttempts() > 3 }, waitFor, tick)
			require.Zero(t, s.effects(r.GetOrderId(), "authorize"), "what nobody wants is not sent again")
		})
		t.Run("capture "+action, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			p := s.authorize(ask(5_000, "card", "tok_ok"))
			s.faultUnresolved("capture", action)
			s.capture(p.GetId(), 5_000, true)
			require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_VOIDING, s.void(p.GetId()).GetState())
			s.becomes(p.GetId(), paymentv1.PaymentState_PAYMENT_STATE_REFUNDED)
			require.Equal(t, int64(5_000), s.books(p.GetOrderId()).Refunded)
			require.Equal(t, 1, s.effects(p.GetOrderId(), "refund"))
			require.Zero(t, s.due(p.GetOrderId()))
		})
	}
}

// A buyer who approves a QR payment that the shop has given up gets the money back: fails when the void that did not get
// through is forgotten.
func TestApprovalAfterAVoidIsRefunded(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	qr := s.authorize(ask(5_000, "qr", ""))
	s.fault("void", sandboxserver.FaultDropRequest)
	s.void(qr.GetId())
	s.buyer(qr.GetNextAction().GetUrl(), "approve")
	s.becomes(qr.GetId(), paymentv1.PaymentState_PAYMENT_STATE_REFUNDED)
	require.Equal(t, int64(5_000), s.books(qr.GetOrderId()).Refunded)
	s.balanced()
}

// A slow bank does not cost the buyer a second charge: fails when the retry of a request that is at work does its own.
func TestSlowAndLostCards(t *testing.T) {
	t.Parallel()
	s := newShop(t, "PROVIDER_TIMEOUT=1s")
	slow, lost := ask(5_000, "card", "tok_slow_1"), ask(5_000, "card", "tok_reply_lost_1")
	undecided := []paymentv1.PaymentState{paymentv1.PaymentState_PAYMENT_STATE_PROCESSING, paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED}
	require.Contains(t, undecided, s.authorize(slow).GetState())
	require.Contains(t, undecided, s.authorize(lost).GetState(), "the resolver may be faster than the answer")
	for _, r := range []*paymentv1.AuthorizePaymentRequest{slow, lost} {
		s.becomes(r.GetPaymentId(), paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED)
		require.Equal(t, int64(5_000), s.books(r.GetOrderId()).Authorized)
	}
}

// A capture that the bank decides about later is booked when it is decided: fails when pending money counts as captured.
func TestPendingCaptureAndRefund(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.authorize(ask(5_000, "card", "tok_ok"))
	s.fault("capture", sandboxserver.FaultPending)
	pending := s.capture(p.GetId(), 5_000, true)
	require.Equal(t, paymentv1.OperationStatus_OPERATION_STATUS_PENDING, pending.GetOperation().GetStatus())
	require.Zero(t, pending.GetPayment().GetCaptured().GetMinorUnits())
	s.becomes(p.GetId(), paymentv1.PaymentState_PAYMENT_STATE_CAPTURED)
	s.fault("refund", sandboxserver.FaultPending)
	s.refund(p.GetId(), 5_000)
	s.becomes(p.GetId(), paymentv1.PaymentState_PAYMENT_STATE_REFUNDED)
	require.Zero(t, s.due(p.GetOrderId()))
}

// The shop never places an order on an amount that the provider did not confirm: fails when a lie is believed.
func TestLyingProviderIsNotBelieved(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.fault("authorize", sandboxserver.FaultLieAmount)
	r := ask(5_000, "card", "tok_ok")
	p := s.authorize(r)
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_INTEGRITY_FAILURE, p.GetState())
	require.True(t, p.GetOperations()[0].GetNeedsAttention())
	_, err := s.CapturePayment(t.Context(), &paymentv1.CapturePaymentRequest{PaymentId: p.GetId(), CaptureId: "c", RequestId: "r", Amount: gbp(5_000)})
	require.Error(t, err)
	listed, err := s.ListOperations(staff(), &paymentv1.ListOperationsRequest{NeedsAttention: true})
	require.NoError(t, err)
	require.Len(t, listed.GetOperations(), 1)
	require.Zero(t, s.due(r.GetOrderId()))
}

// An old key is never sent again, because the provider may have forgotten it and would charge twice: fails when a retry after
// the provider's window does work.
func TestKeysOutsideTheProvidersWindowAreNotSentAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.authorize(ask(5_000, "card", "tok_ok"))
	s.provider.Apply(sandboxserver.Control{Faults: []sandboxserver.Fault{
		{Kind: "capture", Action: sandboxserver.FaultDropRequest, Count: 1}, {Kind: "query", Action: sandboxserver.FaultError, Count: 4},
	}})
	s.capture(p.GetId(), 5_000, true)
	_, err := s.db.DB.Exec(t.Context(), "UPDATE operation SET created_at = now() - interval '23 hours 1 minute' WHERE kind = 'capture'")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		op := s.get(p.GetId()).GetOperations()[0] // by its time, which was moved
		return op.GetKind() == paymentv1.OperationKind_OPERATION_KIND_CAPTURE && op.GetStatus() == paymentv1.OperationStatus_OPERATION_STATUS_FAILED && op.GetFailureReason() == "not_found"
	}, waitFor, tick)
	require.Zero(t, s.effects(p.GetOrderId(), "capture"))
	require.Equal(t, int64(5_000), s.get(p.GetId()).GetCapturable().GetMinorUnits(), "its reservation is free again")
}

// What stays in doubt for a day waits for a person, and staff see it: fails when it is asked for in silence for ever.
func TestLongDoubtCallsForAPerson(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.provider.Apply(sandboxserver.Control{Faults: []sandboxserver.Fault{
		{Kind: "authorize", Action: sandboxserver.FaultDropReply, Count: 1}, {Kind: "query", Action: sandboxserver.FaultError, Count: -1},
	}, Webhooks: &sandboxserver.WebhookMode{Hold: true}})
	p := s.authorize(ask(5_000, "card", "tok_ok"))
	_, err := s.db.DB.Exec(t.Context(), "UPDATE operation SET created_at = now() - interval '25 hours'")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.get(p.GetId()).GetOperations()[0].GetNeedsAttention() }, waitFor, tick)
	listed, err := s.ListOperations(staff(), &paymentv1.ListOperationsRequest{NeedsAttention: true})
	require.NoError(t, err)
	require.Len(t, listed.GetOperations(), 1)
	s.provider.Apply(sandboxserver.Control{Reset: true})
	s.becomes(p.GetId(), paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED)
	require.False(t, s.get(p.GetId()).GetOperations()[0].GetNeedsAttention(), "known at last")
}

// A process that died between writing down a request and sending it leaves no buyer waiting: fails when what was never sent
// stays as if it were being sent.
func TestNeverSentOperationIsSentLater(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.authorize(ask(5_000, "card", "tok_ok"))
	s.instance.Stop()
	_, err := s.db.DB.Exec(t.Context(), `
		WITH reserved AS (UPDATE payment SET capture_reserved = 3000 WHERE id = $1 RETURNING id, order_id)
		INSERT INTO operation (id, payment_id, order_id, provider, kind, status, amount, currency, final, caller_id, request_id, actor, next_check_at)
		SELECT 'op-1', id, order_id, 'sandbox', 'capture', 'sending', 3000, 'GBP', false, 'c', 'r', 'a', now() + interval '10 s' FROM reserved`, p.GetId())
	require.NoError(t, err)
	s.start()
	again := &paymentv1.CapturePaymentRequest{PaymentId: p.GetId(), CaptureId: "c", RequestId: "r", Amount: gbp(3_000)}
	_, err = s.CapturePayment(t.Context(), again)
	require.Equal(t, "IDEMPOTENCY_IN_PROGRESS", errs.ReasonOf(err))
	_, err = s.db.DB.Exec(t.Context(), "UPDATE operation SET next_check_at = now() WHERE id = 'op-1'")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.get(p.GetId()).GetCaptured().GetMinorUnits() == 3_000 }, waitFor, tick)
	require.Equal(t, 1, s.effects(p.GetOrderId(), "capture"))
	answer, err := s.CapturePayment(t.Context(), again)
	require.NoError(t, err)
	require.Equal(t, paymentv1.OperationStatus_OPERATION_STATUS_OK, answer.GetOperation().GetStatus())
}
