package rpc

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/platform/moneypb"
)

func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func optionalTimestamp(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}

func optionalTime(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	result := t.AsTime()
	return &result
}

func optionalMoney(m *money.Money) *typev1.Money {
	if m == nil {
		return nil
	}
	return moneypb.ToProto(*m)
}

func mapSlice[A, B any](in []A, convert func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = convert(a)
	}
	return out
}

// plainMoney reads an amount without a check: the domain checks it against what it is for, with a path.
func plainMoney(m *typev1.Money) money.Money {
	return money.Money{Currency: m.GetCurrencyCode(), Minor: m.GetMinorUnits()}
}
