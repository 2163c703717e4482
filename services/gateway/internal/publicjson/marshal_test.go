package publicjson_test

import (
	"encoding/json"
	"math"
	"testing"

	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/contract"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/openapi/example"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/publicjson"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"pgregory.net/rapid"
)

// same holds the form of a message against that of protobuf's own encoder.
func same(t require.TestingT, message proto.Message) {
	want, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(message)
	require.NoError(t, err)
	got, err := new(publicjson.Marshaler).Marshal(message)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(got))
	again, err := new(publicjson.Marshaler).Marshal(message)
	require.NoError(t, err)
	require.Equal(t, string(got), string(again), "equal messages give equal bytes")
	back := message.ProtoReflect().New().Interface()
	require.NoError(t, protojson.Unmarshal(got, back))
	require.True(t, proto.Equal(message, back))
}

// messages are the types of all requests and answers, filled in every way that their oneofs allow, and empty.
func messages(t *testing.T) []proto.Message {
	t.Helper()
	var all []proto.Message
	for _, route := range contract.Routes() {
		for _, descriptor := range []protoreflect.MessageDescriptor{route.Method.Input(), route.Method.Output()} {
			kind, err := protoregistry.GlobalTypes.FindMessageByName(descriptor.FullName())
			require.NoError(t, err)
			all = append(all, kind.New().Interface())
			for choice := range 4 {
				text, err := json.Marshal(example.Maker{Full: true, Choice: choice}.Message(descriptor, nil))
				require.NoError(t, err)
				message := kind.New().Interface()
				require.NoError(t, protojson.Unmarshal(text, message))
				all = append(all, message)
			}
		}
	}
	return all
}

// A client reads another answer than before when this form differs from protobuf's, which every client library knows.
func TestTheFormIsThatOfProtobuf(t *testing.T) {
	t.Parallel()
	for _, message := range messages(t) {
		same(t, message)
	}
	same(t, &storefrontv1.Cart{State: 99})
	same(t, timestamppb.New(timestamppb.Now().AsTime()))
	same(t, &structpb.Struct{Fields: map[string]*structpb.Value{"b": structpb.NewNumberValue(1), "a": structpb.NewStringValue("x")}})
	same(t, wrapperspb.Double(math.Inf(1)))
}

// A title with a quote or a line break in it must not break the page it is on.
func TestAnyTextIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		line := &storefrontv1.Cart{
			Note: rapid.String().Draw(t, "note"), Version: rapid.Int32().Draw(t, "version"),
			Lines: []*storefrontv1.CartLine{{Title: rapid.StringMatching(`["\\/<>&\x00-\x20\x7f-\x{2100}]*`).Draw(t, "title")}},
		}
		same(t, line)
	})
	_, err := new(publicjson.Marshaler).Marshal(&storefrontv1.Cart{Note: "\xff"})
	require.Error(t, err, "what is no text is not sent")
}

// BenchmarkMarshal writes a list of 24 products.
func BenchmarkMarshal(b *testing.B) {
	page := &storefrontv1.ListProductsResponse{NextPageToken: "bmV4dA"}
	kind := (&storefrontv1.ProductSummary{}).ProtoReflect().Type()
	text, err := json.Marshal(example.Maker{}.Message(kind.Descriptor(), nil))
	require.NoError(b, err)
	for range 24 {
		product := &storefrontv1.ProductSummary{}
		require.NoError(b, protojson.Unmarshal(text, product))
		page.Products = append(page.Products, product)
	}
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		m := new(publicjson.Marshaler)
		for b.Loop() {
			_, err := m.Marshal(page)
			require.NoError(b, err)
		}
	})
	b.Run("protojson", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(page)
			require.NoError(b, err)
		}
	})
}
