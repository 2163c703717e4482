package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
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
