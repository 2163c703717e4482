package app_test

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// A buyer's card is charged exactly what was captured: fails when captures, voids and refunds do not add up at the
// provider, in the payment and in the ledger alike.
func TestPartialCapturesVoidAndRefundsAddUp(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := ask(10_000, "card", "tok_ok_1")
	p := s.authorize(r)
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED, p.GetState())
	require.Equal(t, int64(10_000), p.GetCapturable().GetMinorUnits())
	require.NotNil(t, p.GetCaptureBefore())
	require.Zero(t, s.due(r.GetOrderId()), "an authorization is not money")

	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_PARTIALLY_CAPTURED, s.capture(p.GetId(), 3_000, false).GetPayment().GetState())
	require.Equal(t, int64(-3_000), s.due(r.GetOrderId()))
	p = s.capture(p.GetId(), 5_000, false).GetPayment()
	require.Equal(t, int64(2_000), p.GetCapturable().GetMinorUnits())

	p = s.void(p.GetId())
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_CAPTURED, p.GetState())
	require.Equal(t, int64(2_000), p.GetVoided().GetMinorUnits())

	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_PARTIALLY_REFUNDED, s.refund(p.GetId(), 2_000).GetPayment().GetState())
	p = s.refund(p.GetId(), 6_000).GetPayment()
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_REFUNDED, p.GetState())
	require.Zero(t, s.due(r.GetOrderId()))

	books := s.books(r.GetOrderId())
	require.Equal(t, []int64{10_000, 8_000, 8_000, 2_000}, []int64{books.Authorized, books.Captured, books.Refunded, books.Voided})
	s.balanced()
}

// A buyer whose bank asks for a challenge pays once: fails when approval, denial or a forged return changes the payment
// in any way but by what the provider says.
func TestChallengeIsBelievedOnlyFromTheProvider(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	approved, denied := ask(5_000, "card", "tok_3ds_a"), ask(5_000, "card", "tok_3ds_b")
	p := s.authorize(approved)
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION, p.GetState())
	require.Equal(t, paymentv1.NextActionType_NEXT_ACTION_TYPE_REDIRECT, p.GetNextAction().GetType())

	resolved, err := s.ResolvePayment(t.Context(), &paymentv1.ResolvePaymentRequest{PaymentId: p.GetId()})
	require.NoError(t, err)
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION, resolved.GetPayment().GetState(), "coming back proves nothing")

	require.Equal(t, approved.GetReturnUrl(), s.buyer(p.GetNextAction().GetUrl(), "approve"))
	p = s.becomes(p.GetId(), paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED)
	require.Nil(t, p.GetNextAction())
	require.Eventually(t, func() bool { return s.cart.told(p.GetId()) > 0 }, waitFor, tick, "the order's owner is told")
	s.buyer(s.web.URL+"/challenge/"+p.GetOperations()[0].GetProviderReference(), "deny")
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED, s.get(p.GetId()).GetState(), "a second click changes nothing")

	q := s.authorize(denied)
	s.buyer(q.GetNextAction().GetUrl(), "deny")
	require.Equal(t, "canceled", s.becomes(q.GetId(), paymentv1.PaymentState_PAYMENT_STATE_DECLINED).GetDeclineReason())
}

// Buyers who pay by wallet, QR code or bank voucher get what they paid for: fails when a method's confirmation is lost or a
// method that captures at once is not captured.
func TestMethodsThatNeedTheBuyer(t *testing.T) {
	t.Parallel()
	s := newShop(t)

	wallet := s.authorize(ask(2_000, "wallet", ""))
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION, wallet.GetState())
	s.buyer(wallet.GetNextAction().GetUrl(), "approve")
	resolved, err := s.ResolvePayment(t.Context(), &paymentv1.ResolvePaymentRequest{PaymentId: wallet.GetId()})
	require.NoError(t, err)
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED, resolved.GetPayment().GetState(), "asked at once, without a webhook")

	qr := s.authorize(ask(3_000, "qr", ""))
	require.Equal(t, paymentv1.NextActionType_NEXT_ACTION_TYPE_QR, qr.GetNextAction().GetType())
	require.NotEmpty(t, qr.GetNextAction().GetData())
	require.False(t, qr.GetSeparatesCapture())
	s.buyer(qr.GetNextAction().GetUrl(), "approve")
	require.Equal(t, int64(3_000), s.becomes(qr.GetId(), paymentv1.PaymentState_PAYMENT_STATE_CAPTURED).GetCaptured().GetMinorUnits())
	require.Equal(t, int64(-3_000), s.due(qr.GetOrderId()))

	voucher := s.authorize(ask(4_000, "voucher", ""))
	require.Equal(t, paymentv1.NextActionType_NEXT_ACTION_TYPE_VOUCHER, voucher.GetNextAction().GetType())
	s.buyer(voucher.GetNextAction().GetUrl(), "pay")
	require.Equal(t, int64(4_000), s.becomes(voucher.GetId(), paymentv1.PaymentState_PAYMENT_STATE_CAPTURED).GetCaptured().GetMinorUnits())
	s.balanced()
}

// A buyer never learns why a card was refused, and the shop does: fails when the reason leaks or a refusal is an error.
func TestRefusedCardsLookAlike(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for token, reason := range map[string]string{"tok_declined": "declined", "tok_insufficient": "insufficient_funds"} {
		p := s.authorize(ask(5_000, "card", token))
		require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_DECLINED, p.GetState())
		require.Equal(t, "declined", p.GetDeclineReason())
		require.Equal(t, reason, p.GetOperations()[0].GetFailureReason())
		require.Zero(t, s.due(p.GetOrderId()))
	}
}

// A payment of nothing asks nobody: fails when a provider is called for amount 0 or an amount below the minimum.
func TestSmallAmounts(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := ask(0, "card", "tok_ok")
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_NOT_NEEDED, s.authorize(r).GetState())
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_NOT_NEEDED, s.authorize(r).GetState(), "again")
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_VOIDED, s.void(r.GetPaymentId()).GetState())
	small := ask(29, "card", "tok_ok")
	_, err := s.AuthorizePayment(t.Context(), small)
	require.Equal(t, "AMOUNT_TOO_SMALL", errs.ReasonOf(err))
	require.Empty(t, s.attempts(r.GetOrderId()))
	require.Empty(t, s.attempts(small.GetOrderId()))
}

// Undo works before, during and after do: fails when a void leaves money reserved or an authorization gets past it.
func TestVoid(t *testing.T) {
	t.Parallel()
	s := newShop(t)

	before := ask(5_000, "card", "tok_ok")
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_VOIDED, s.void(before.GetPaymentId()).GetState())
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_VOIDED, s.void(before.GetPaymentId()).GetState(), "twice is once")
	_, err := s.AuthorizePayment(t.Context(), before)
	require.Equal(t, "PAYMENT_STATE", errs.ReasonOf(err))
	require.Empty(t, s.attempts(before.GetOrderId()))

	after := s.authorize(ask(5_000, "card", "tok_ok"))
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_VOIDED, s.void(after.GetId()).GetState())
	require.Equal(t, int64(5_000), s.books(after.GetOrderId()).Voided)
	_, err = s.CapturePayment(t.Context(), &paymentv1.CapturePaymentRequest{PaymentId: after.GetId(), CaptureId: "c", RequestId: "r", Amount: gbp(1)})
	require.Equal(t, "PAYMENT_STATE", errs.ReasonOf(err))

	pending := s.authorize(ask(5_000, "card", "tok_3ds"))
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_VOIDED, s.void(pending.GetId()).GetState())
	s.buyer(pending.GetNextAction().GetUrl(), "approve")
	require.Zero(t, s.books(pending.GetOrderId()).Authorized, "the buyer's late approval does not count")

	captured := s.authorize(ask(5_000, "card", "tok_ok"))
	s.capture(captured.GetId(), 5_000, true)
	_, err = s.VoidPayment(t.Context(), &paymentv1.VoidPaymentRequest{PaymentId: captured.GetId(), VoidId: "v", RequestId: "r"})
	require.Equal(t, "PAYMENT_STATE", errs.ReasonOf(err))

	atOnce := s.authorize(ask(5_000, "qr", ""))
	s.buyer(atOnce.GetNextAction().GetUrl(), "approve")
	s.becomes(atOnce.GetId(), paymentv1.PaymentState_PAYMENT_STATE_CAPTURED)
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_REFUNDED, s.void(atOnce.GetId()).GetState())
	require.Equal(t, int64(5_000), s.books(atOnce.GetOrderId()).Refunded)
	require.Zero(t, s.due(atOnce.GetOrderId()))

	declined := s.authorize(ask(5_000, "card", "tok_declined"))
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_DECLINED, s.void(declined.GetId()).GetState())
	s.balanced()
}

// A merchant never takes or gives more than there is: fails when an amount guard has a hole or the wrong reason.
func TestAmountGuards(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.authorize(ask(5_000, "card", "tok_ok"))
	capture := func(amount *typev1.Money) error {
		_, err := s.CapturePayment(t.Context(), &paymentv1.CapturePaymentRequest{PaymentId: p.GetId(), CaptureId: id.New(), RequestId: "r", Amount: amount})
		return err
	}
	refund := func(amount *typev1.Money) error {
		_, err := s.RefundPayment(t.Context(), &paymentv1.RefundPaymentRequest{PaymentId: p.GetId(), RefundId: id.New(), RequestId: "r", Amount: amount})
		return err
	}
	require.Equal(t, "PAYMENT_STATE", errs.ReasonOf(refund(gbp(1))), "nothing was captured")
	require.Equal(t, "AMOUNT_EXCEEDS", errs.ReasonOf(capture(gbp(5_001))))
	require.Equal(t, "CURRENCY_MISMATCH", errs.ReasonOf(capture(&typev1.Money{CurrencyCode: "EUR", MinorUnits: 1})))
	require.Equal(t, "AMOUNT_RANGE", errs.ReasonOf(capture(gbp(0))))
	require.Equal(t, "AMOUNT_RANGE", errs.ReasonOf(capture(gbp(-1))))
	require.NoError(t, capture(gbp(5_000)))
	require.Equal(t, "PAYMENT_STATE", errs.ReasonOf(capture(gbp(5_000))), "a second full capture")
	require.Equal(t, "AMOUNT_EXCEEDS", errs.ReasonOf(refund(gbp(5_001))))
	require.Equal(t, "CURRENCY_MISMATCH", errs.ReasonOf(refund(&typev1.Money{CurrencyCode: "USD", MinorUnits: 1})))
	require.Equal(t, "AMOUNT_RANGE", errs.ReasonOf(refund(gbp(0))))
	require.Equal(t, "AMOUNT_RANGE", errs.ReasonOf(refund(gbp(-1))))
	require.NoError(t, refund(gbp(2_000)))
	require.Equal(t, "AMOUNT_EXCEEDS", errs.ReasonOf(refund(gbp(3_001))))
	require.Len(t, s.attempts(p.GetOrderId()), 3, "what is refused never reaches the provider")
}

// A failed refund leaves the order as it was and can be tried again: elsewhere a refund that the provider had refused was counted
// as paid, and the buyer never got the money. Fails when its reservation stays or its amount is counted.
func TestFailedRefundFreesItsReservation(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.authorize(ask(5_000, "card", "tok_ok"))
	s.capture(p.GetId(), 5_000, true)
	s.provider.Apply(sandboxserver.Control{Faults: []sandboxserver.Fault{{Kind: "refund", Action: sandboxserver.FaultRefuse, Count: 1}}})
	first := s.refund(p.GetId(), 5_000)
	require.Equal(t, paymentv1.OperationStatus_OPERATION_STATUS_FAILED, first.GetOperation().GetStatus())
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_CAPTURED, first.GetPayment().GetState())
	require.Equal(t, int64(5_000), first.GetPayment().GetRefundable().GetMinorUnits())
	second := s.refund(p.GetId(), 5_000)
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_REFUNDED, second.GetPayment().GetState())
	require.Equal(t, int64(5_000), s.books(p.GetOrderId()).Refunded)
}

// A thief gets five refused cards for a cart, not more, however fast or with however many orders: fails when refusals are
// not counted, or when a good payment uses up a try.
func TestRefusedCardsAreLimited(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	cartID := id.Secret()
	try := func(token string) error {
		r := ask(5_000, "card", token)
		r.CartId = cartID
		_, err := s.AuthorizePayment(t.Context(), r)
		return err
	}
	for range 6 {
		require.NoError(t, try("tok_ok"), "a success does not count")
	}
	var wg sync.WaitGroup
	var refused, limited atomic.Int64
	for range 40 {
		wg.Go(func() {
			switch err := try("tok_declined"); errs.ReasonOf(err) {
			case "":
				refused.Add(1)
			case "CARD_ATTEMPTS":
				limited.Add(1)
				if errs.RetryAfterOf(err) <= 0 {
					t.Error("no Retry-After")
				}
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, int64(5), refused.Load())
	require.Equal(t, int64(35), limited.Load())
	require.Equal(t, "CARD_ATTEMPTS", errs.ReasonOf(try("tok_ok")), "good cards too, until the window is over")
	r := ask(5_000, "wallet", "")
	r.CartId = cartID
	require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION, s.authorize(r).GetState(), "another method is free")
}

// A buyer is never sent to a stranger's page, and never asked for a card number: fails when bad input gets in.
func TestBadInputIsRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for name, c := range map[string]struct {
		change func(r *paymentv1.AuthorizePaymentRequest)
		reason string
	}{
		"foreign host":       {func(r *paymentv1.AuthorizePaymentRequest) { r.ReturnUrl = "https://evil.test/x" }, "URL_NOT_ALLOWED"},
		"host as user":       {func(r *paymentv1.AuthorizePaymentRequest) { r.ReturnUrl = "https://shop.example.com@evil.test/" }, "URL_NOT_ALLOWED"},
		"host as prefix":     {func(r *paymentv1.AuthorizePaymentRequest) { r.ReturnUrl = "https://shop.example.com.evil.test/" }, "URL_NOT_ALLOWED"},
		"backslash":          {func(r *paymentv1.AuthorizePaymentRequest) { r.ReturnUrl = `https://evil.test\@localhost/` }, "URL_NOT_ALLOWED"},
		"script":             {func(r *paymentv1.AuthorizePaymentRequest) { r.ReturnUrl = "javascript:alert(1)" }, "URL_NOT_ALLOWED"},
		"no scheme":          {func(r *paymentv1.AuthorizePaymentRequest) { r.ReturnUrl = "//localhost/" }, "URL_NOT_ALLOWED"},
		"no token":           {func(r *paymentv1.AuthorizePaymentRequest) { r.Token = "" }, "FIELD_REQUIRED"},
		"unknown token":      {func(r *paymentv1.AuthorizePaymentRequest) { r.Token = "tok_of_somebody_else" }, "TOKEN_REJECTED"},
		"card number":        {func(r *paymentv1.AuthorizePaymentRequest) { r.Token = "4242 4242 4242 4242" }, "PAN_NOT_ACCEPTED"},
		"token form":         {func(r *paymentv1.AuthorizePaymentRequest) { r.Token = "secret" }, "PATTERN_MISMATCH"},
		"unknown method":     {func(r *paymentv1.AuthorizePaymentRequest) { r.Method = "cheque" }, "PAYMENT_METHOD_UNAVAILABLE"},
		"method not there":   {func(r *paymentv1.AuthorizePaymentRequest) { r.Method, r.CountryCode = "voucher", "US" }, "PAYMENT_METHOD_UNAVAILABLE"},
		"currency not taken": {func(r *paymentv1.AuthorizePaymentRequest) { r.Method, r.Amount.CurrencyCode = "voucher", "USD" }, "PAYMENT_METHOD_UNAVAILABLE"},
		"no country":         {func(r *paymentv1.AuthorizePaymentRequest) { r.CountryCode = "ZZ" }, "COUNTRY_INVALID"},
		"no currency":        {func(r *paymentv1.AuthorizePaymentRequest) { r.Amount.CurrencyCode = "XXX" }, "CURRENCY_INVALID"},
		"negative":           {func(r *paymentv1.AuthorizePaymentRequest) { r.Amount.MinorUnits = -1 }, "AMOUNT_RANGE"},
		"smallest integer":   {func(r *paymentv1.AuthorizePaymentRequest) { r.Amount.MinorUnits = math.MinInt64 }, "AMOUNT_RANGE"},
		"no amount":          {func(r *paymentv1.AuthorizePaymentRequest) { r.Amount = nil }, "FIELD_REQUIRED"},
		"no order":           {func(r *paymentv1.AuthorizePaymentRequest) { r.OrderId = "1" }, "ID_INVALID"},
		"no key":             {func(r *paymentv1.AuthorizePaymentRequest) { r.RequestId = "" }, "IDEMPOTENCY_KEY_REQUIRED"},
	} {
		r := ask(5_000, "card", "tok_ok")
		c.change(r)
		_, err := s.AuthorizePayment(t.Context(), r)
		require.Equal(t, c.reason, errs.ReasonOf(err), name)
		require.NotEqual(t, errs.Internal, errs.CodeOf(err), name)
		_, err = s.GetPayment(t.Context(), &paymentv1.GetPaymentRequest{PaymentId: r.GetPaymentId()})
		if c.reason != "TOKEN_REJECTED" {
			require.Equal(t, "PAYMENT_NOT_FOUND", errs.ReasonOf(err), name)
		}
	}
	for _, allowed := range []string{"http://localhost:3000/a?b=c", "https://shop.example.com/", "https://de.example.org/x", "https://SHOP.example.com:8443/"} {
		r := ask(5_000, "card", "tok_ok")
		r.ReturnUrl = allowed
		require.Equal(t, paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED, s.authorize(r).GetState(), allowed)
	}
	r := ask(5_000, "wallet", "")
	r.ReturnUrl = ""
	_, err := s.AuthorizePayment(t.Context(), r)
	require.Equal(t, "FIELD_REQUIRED", errs.ReasonOf(err))
}
