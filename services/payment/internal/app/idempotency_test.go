package app_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// storm sends the same call many times at once, repeats those that met the first one at work, and gives all answers.
func storm[R proto.Message](t *testing.T, n int, call func(ctx context.Context) (R, error)) []R {
	t.Helper()
	answers := make([]R, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			for {
				answer, err := call(t.Context())
				if errs.ReasonOf(err) == "IDEMPOTENCY_IN_PROGRESS" {
					<-time.After(tick)
					continue
				}
				if err != nil {
					t.Error(err)
				}
				answers[i] = answer
				return
			}
		})
	}
	wg.Wait()
	return answers
}

// A double click charges once: fails when one of fifty equal requests has an effect of its own, or an answer of its own.
func TestDuplicatesHaveOneEffect(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := ask(10_000, "card", "tok_ok_dup")
	for _, a := range storm(t, 50, func(ctx context.Context) (*paymentv1.AuthorizePaymentResponse, error) {
		return s.AuthorizePayment(ctx, r)
	}) {
		require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED, a.GetPayment().GetState())
	}
	capture := &paymentv1.CapturePaymentRequest{PaymentId: r.GetPaymentId(), CaptureId: "c-1", RequestId: "r-1", Amount: gbp(4_000)}
	captured := storm(t, 50, func(ctx context.Context) (*paymentv1.CapturePaymentResponse, error) {
		return s.CapturePayment(ctx, capture)
	})
	for _, a := range captured {
		require.Equal(t, captured[0].GetOperation().GetId(), a.GetOperation().GetId())
		require.Equal(t, paymentv1.OperationStatus_OPERATION_STATUS_OK, a.GetOperation().GetStatus())
	}
	void := &paymentv1.VoidPaymentRequest{PaymentId: r.GetPaymentId(), VoidId: "v-1", RequestId: "r-2"}
	storm(t, 50, func(ctx context.Context) (*paymentv1.VoidPaymentResponse, error) { return s.VoidPayment(ctx, void) })
	refund := &paymentv1.RefundPaymentRequest{PaymentId: r.GetPaymentId(), RefundId: "f-1", RequestId: "r-3", Amount: gbp(4_000)}
	for _, a := range storm(t, 50, func(ctx context.Context) (*paymentv1.RefundPaymentResponse, error) {
		return s.RefundPayment(ctx, refund)
	}) {
		require.Equal(t, paymentv1.OperationStatus_OPERATION_STATUS_OK, a.GetOperation().GetStatus())
	}
	require.Len(t, s.attempts(r.GetOrderId()), 4, "authorize, capture, void, refund: one attempt each")
	books := s.books(r.GetOrderId())
	require.Equal(t, []int64{10_000, 4_000, 4_000, 6_000}, []int64{books.Authorized, books.Captured, books.Refunded, books.Voided})
	require.Zero(t, s.due(r.GetOrderId()))
}

// A key means one thing: fails when the same id with another body takes effect, or is answered as if it were the same.
func TestSameIDOtherBodyIsRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := ask(10_000, "card", "tok_ok")
	s.authorize(r)
	other := proto.CloneOf(r)
	other.Amount = gbp(10_001)
	_, err := s.AuthorizePayment(t.Context(), other)
	require.Equal(t, "IDEMPOTENCY_KEY_REUSED", errs.ReasonOf(err))
	require.Equal(t, errs.Unprocessable, errs.CodeOf(err))

	var wg sync.WaitGroup
	var took, refused atomic.Int64
	for i := range 20 {
		wg.Go(func() {
			for {
				_, err := s.CapturePayment(t.Context(), &paymentv1.CapturePaymentRequest{
					PaymentId: r.GetPaymentId(), CaptureId: "c-1", RequestId: "r", Amount: gbp(int64(1_000 + i%2)),
				})
				switch errs.ReasonOf(err) {
				case "":
					took.Add(1)
				case "IDEMPOTENCY_KEY_REUSED":
					refused.Add(1)
				case "IDEMPOTENCY_IN_PROGRESS":
					<-time.After(tick)
					continue
				default:
					t.Error(err)
				}
				return
			}
		})
	}
	wg.Wait()
	require.Equal(t, int64(10), took.Load())
	require.Equal(t, int64(10), refused.Load())
	require.Len(t, s.attempts(r.GetOrderId()), 2)
}

// Two members of staff refund the same order at once and the buyer gets the money once: elsewhere two refunds of 60 on a payment of
// 100 both went out. Fails when the sum of refunds can pass what was captured, in the provider's own log.
func TestConcurrentRefundsNeverExceedTheCapture(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.authorize(ask(10_000, "card", "tok_ok"))
	s.capture(p.GetId(), 10_000, true)
	var wg sync.WaitGroup
	var ok, exceeds atomic.Int64
	for range 100 {
		wg.Go(func() {
			_, err := s.RefundPayment(t.Context(), &paymentv1.RefundPaymentRequest{PaymentId: p.GetId(), RefundId: id.New(), RequestId: "r", Amount: gbp(6_000)})
			switch errs.ReasonOf(err) {
			case "":
				ok.Add(1)
			case "AMOUNT_EXCEEDS":
				exceeds.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, int64(1), ok.Load())
	require.Equal(t, int64(99), exceeds.Load())
	require.Equal(t, int64(6_000), s.books(p.GetOrderId()).Refunded)
	require.Len(t, s.attempts(p.GetOrderId()), 3, "authorize, capture and one refund reached the provider")
	require.Equal(t, int64(4_000), s.get(p.GetId()).GetRefundable().GetMinorUnits())
	require.Equal(t, int64(-4_000), s.due(p.GetOrderId()))
}

// A capture and a void that race leave the money in one place: fails when both win.
func TestCaptureRacesVoid(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for range 30 {
		p := s.authorize(ask(5_000, "card", "tok_ok"))
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := s.CapturePayment(t.Context(), &paymentv1.CapturePaymentRequest{PaymentId: p.GetId(), CaptureId: "c", RequestId: "r", Amount: gbp(5_000), Final: true})
			if reason := errs.ReasonOf(err); reason != "" && reason != "PAYMENT_STATE" {
				t.Error(err)
			}
		})
		wg.Go(func() {
			_, err := s.VoidPayment(t.Context(), &paymentv1.VoidPaymentRequest{PaymentId: p.GetId(), VoidId: "v", RequestId: "r"})
			if reason := errs.ReasonOf(err); reason != "" && reason != "PAYMENT_STATE" {
				t.Error(err)
			}
		})
		wg.Wait()
		require.Eventually(t, func() bool { return s.get(p.GetId()).GetState() != paymentv1.PaymentState_PAYMENT_STATE_VOIDING }, waitFor, tick)
		after, books := s.get(p.GetId()), s.books(p.GetOrderId())
		require.Equal(t, books.Captured, after.GetCaptured().GetMinorUnits())
		require.Equal(t, books.Refunded, after.GetRefunded().GetMinorUnits())
		require.Equal(t, books.Voided, after.GetVoided().GetMinorUnits())
		require.Equal(t, books.Refunded-books.Captured, s.due(p.GetOrderId()))
		if after.GetVoidRequested() {
			require.Equal(t, books.Captured, books.Refunded, "a void that was taken leaves nothing taken")
		}
	}
}

// A restart forgets nothing: fails when a stored payment, its key or a wait for the buyer lives in memory.
func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	done, waiting := ask(5_000, "card", "tok_ok"), ask(5_000, "card", "tok_3ds")
	s.authorize(done)
	action := s.authorize(waiting).GetNextAction().GetUrl()
	s.instance.Stop()
	s.buyer(action, "approve")
	s.start()
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED, s.authorize(done).GetState())
	s.becomes(waiting.GetPaymentId(), paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED)
	require.Len(t, s.attempts(done.GetOrderId()), 1)
}
