package moneypb_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/platform/moneypb"
)

// When it fails, an amount changes on its way between two services or to the client.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	for _, m := range []money.Money{
		{Currency: "GBP", Minor: 1999}, {Currency: "JPY", Minor: -3}, {Currency: "KWD", Minor: 1}, {Currency: "USD", Minor: math.MaxInt64},
	} {
		got, err := moneypb.FromProto(moneypb.ToProto(m))
		require.NoError(t, err)
		require.Equal(t, m, got)
		got, err = moneypb.FromAmount("price", moneypb.ToAmount(m))
		require.NoError(t, err)
		require.Equal(t, m, got)
	}
}

// When it fails, the client is not told which field is wrong.
func TestErrorsNameTheField(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount       *typev1.Amount
		path, reason string
	}{
		{&typev1.Amount{CurrencyCode: "XXX", Amount: "1"}, "lines[0].price.currencyCode", "CURRENCY_INVALID"},
		{&typev1.Amount{CurrencyCode: "USD", Amount: "1.999"}, "lines[0].price.amount", "AMOUNT_SCALE"},
		{&typev1.Amount{CurrencyCode: "USD", Amount: "x"}, "lines[0].price.amount", "AMOUNT_INVALID"},
		{nil, "lines[0].price.currencyCode", "CURRENCY_INVALID"},
	} {
		_, err := moneypb.FromAmount("lines[0].price", c.amount)
		require.Equal(t, c.reason, errs.ReasonOf(err))
		require.Equal(t, errs.Invalid, errs.CodeOf(err))
		fields := errs.FieldsOf(err)
		require.Len(t, fields, 1)
		require.Equal(t, c.path, fields[0].Path)
		require.NotContains(t, fields[0].Message, c.reason, "the message is for people")
	}
	_, err := moneypb.FromProto(nil)
	require.Equal(t, "CURRENCY_INVALID", errs.ReasonOf(err))
	_, err = moneypb.FromProto(&typev1.Money{CurrencyCode: "GBP", MinorUnits: math.MinInt64})
	require.Equal(t, "AMOUNT_RANGE", errs.ReasonOf(err))
}
