package rpc_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"pgregory.net/rapid"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// Something a client sends would look like a fault of ours, and wake somebody up: whatever it is, the answer has a reason.
func TestGarbageIsNeverInternal(t *testing.T) {
	t.Parallel()
	s, b := busy(t)
	good := seeds(t, s, b)
	file, err := protoregistry.GlobalFiles.FindFileByPath("cartwright/pricing/v1/pricing_service.proto")
	require.NoError(t, err)
	methods := file.Services().Get(0).Methods()
	rapid.Check(t, func(t *rapid.T) {
		method := methods.Get(rapid.IntRange(0, methods.Len()-1).Draw(t, "method"))
		req := message(method.Input())
		if seed, ok := good[method.Input().FullName()]; ok && rapid.Bool().Draw(t, "from a good one") {
			req = proto.Clone(seed)
		}
		for range rapid.IntRange(1, 4).Draw(t, "mutations") {
			mutate(t, req.ProtoReflect(), 0)
		}
		ctx, cancel := context.WithTimeout(staff(), 10*time.Second)
		defer cancel()
		err := s.conn.Invoke(ctx, "/cartwright.pricing.v1.PricingService/"+string(method.Name()), req, message(method.Output()), grpc.StaticMethod())
		if err != nil {
			require.NotEqual(t, errs.Internal, errs.CodeOf(err), "%s %v: %v", method.Name(), req, err)
			require.NotEmpty(t, errs.ReasonOf(err))
		}
	})
}

// seeds are requests that are accepted, to mutate.
func seeds(t testing.TB, s *shop, b *pricingv1.Basket) map[protoreflect.FullName]proto.Message {
	list, err := s.GetPriceList(staff(), &pricingv1.GetPriceListRequest{Key: "gbp-retail"})
	require.NoError(t, err)
	promotion, err := s.GetPromotion(staff(), &pricingv1.GetPromotionRequest{Key: "three-for-two"})
	require.NoError(t, err)
	confirm := s.confirmation(t, "o1", b)
	all := []proto.Message{
		&pricingv1.CreatePriceListRequest{PriceList: list.GetPriceList()}, &pricingv1.UpdatePriceListRequest{PriceList: list.GetPriceList()},
		&pricingv1.SetPricesRequest{RequestId: "r1", PriceListKey: "gbp-retail", Entries: []*pricingv1.Price{{Sku: "A", Amount: gbp(1000)}}},
		&pricingv1.ListPricesRequest{PriceListKey: "gbp-retail"}, &pricingv1.QuoteRequest{Basket: b}, confirm,
		&pricingv1.BatchGetPricesRequest{Skus: []string{"A"}, Context: b.GetContext()},
		&pricingv1.CheckCouponRequest{Basket: b, Code: "FIVE"},
		&pricingv1.CreatePromotionRequest{Promotion: promotion.GetPromotion()}, &pricingv1.UpdatePromotionRequest{Promotion: promotion.GetPromotion()},
		&pricingv1.CreateCouponCodesRequest{RequestId: "r2", PromotionKey: "five", Codes: []string{"SIX"}},
		&pricingv1.ListCouponCodesRequest{PromotionKey: "five"},
	}
	byType := map[protoreflect.FullName]proto.Message{}
	for _, m := range all {
		byType[m.ProtoReflect().Descriptor().FullName()] = m
	}
	return byType
}

func message(d protoreflect.MessageDescriptor) proto.Message {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		panic(err) // every message of the contract is linked
	}
	return kind.New().Interface()
}

// mutate changes one field somewhere in a message.
func mutate(t *rapid.T, m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	if fields.Len() == 0 {
		return
	}
	field := fields.Get(rapid.IntRange(0, fields.Len()-1).Draw(t, "field"))
	switch {
	case field.IsList():
		list := m.Mutable(field).List()
		for range rapid.SampledFrom([]int{1, 1, 2, 12}).Draw(t, "entries") {
			if list.Len() < 20 {
				list.Append(value(t, field, list.NewElement(), depth))
			}
		}
	case field.Kind() == protoreflect.MessageKind:
		if rapid.IntRange(0, 5).Draw(t, "clear") == 0 {
			m.Clear(field)
		} else {
			value(t, field, m.Mutable(field), depth)
		}
	default:
		m.Set(field, value(t, field, m.NewField(field), depth))
	}
}

var (
	texts = rapid.OneOf(
		rapid.SampledFrom([]string{"", "A", "gbp-retail", "five", "GBP", "JPY", "o1", "r1", "uk-web", "\x00", "' OR 1=1 --", "%_\\", "ß", "\u202e", "-1", "2f4a"}),
		rapid.String(), rapid.StringMatching(`[a-z0-9-]{1,63}`), rapid.StringMatching(`[0-9a-f]{64}`), rapid.StringN(100, 3000, -1),
	)
	numbers = rapid.OneOf(rapid.SampledFrom([]int64{-1, 0, 1, 2, 1 << 31, 1<<31 - 1, 1 << 53, 1<<63 - 1, -1 << 63}), rapid.Int64())
)

// value draws a value of a field; messages are filled in place.
func value(t *rapid.T, field protoreflect.FieldDescriptor, fresh protoreflect.Value, depth int) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.MessageKind:
		if depth < 6 {
			for range rapid.IntRange(1, 3).Draw(t, "fields") {
				mutate(t, fresh.Message(), depth+1)
			}
		}
		return fresh
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(texts.Draw(t, "text"))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool"))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.Int32Range(-1, 5).Draw(t, "enum")))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(numbers.Draw(t, "number"))
	default:
		return protoreflect.ValueOfInt32(int32(numbers.Draw(t, "number")))
	}
}
