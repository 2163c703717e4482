package rpc_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// mutate changes one field somewhere in a message.
func mutate(r *rand.Rand, m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	fd := fields.Get(r.IntN(fields.Len()))
	switch {
	case fd.IsMap():
		m.Clear(fd)
	case fd.IsList():
		mutateList(r, m.Mutable(fd).List(), fd)
	case fd.Message() != nil:
		if !m.Has(fd) && r.IntN(4) > 0 {
			return
		}
		mutate(r, m.Mutable(fd).Message())
	default:
		m.Set(fd, scalar(r, fd))
	}
}

func mutateList(r *rand.Rand, list protoreflect.List, fd protoreflect.FieldDescriptor) {
	switch n := list.Len(); {
	case n > 0 && r.IntN(4) == 0:
		list.Truncate(r.IntN(n))
	case n > 0 && r.IntN(3) == 0:
		list.Append(list.Get(r.IntN(n)))
	case fd.Message() != nil && n > 0:
		mutate(r, list.Get(r.IntN(n)).Message())
	case fd.Message() != nil:
		list.AppendMutable()
	case n > 0:
		list.Set(r.IntN(n), scalar(r, fd))
	default:
		list.Append(scalar(r, fd))
	}
}

func scalar(r *rand.Rand, fd protoreflect.FieldDescriptor) protoreflect.Value {
	texts := []string{
		"", " ", "x", "\x00", "a\nb", "'; DROP TABLE product; --", "👕", "\u202e", "%_\\", "=1+1", strings.Repeat("ä", 300), strings.Repeat("x", 70_000),
		"00000000-0000-0000-0000-000000000000", strings.ToUpper(id.New()), id.New(), "uk-web", "UK", "en-GB", "xx-YY-zz-11", "GBP", "USD", "XXX",
		"http://[::1]/", "https://cdn.example.com/z.jpg", "a & b | !c:*", `"unclosed`, "-", "1e400", "eyJhIjoxfQ", "Zm9yZ2Vk",
	}
	ints := []int64{0, 1, -1, 2, 200, 1_000_000, math.MaxInt32, math.MinInt32, math.MaxInt64}
	switch fd.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(texts[r.IntN(len(texts))])
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(texts[r.IntN(len(texts))]))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(r.IntN(2) == 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(r.IntN(7) - 1))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(ints[r.IntN(len(ints))]))
	default:
		return protoreflect.ValueOfInt64(ints[r.IntN(len(ints))])
	}
}

// When this fails, something a client sends breaks the service instead of being refused.
func TestNoRequestBreaksTheService(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web", "en-GB", "de")
	category := s.category(t, "Clothing", "")
	fields := shirt("LS")
	fields.CategoryIds = []string{category.GetId()}
	p := s.published(t, fields)
	made, err := s.CreateCollection(s.staff, &productv1.CreateCollectionRequest{Collection: &productv1.CollectionFields{Name: "Sale"}})
	require.NoError(t, err)
	collection := made.GetCollection().GetId()
	filter := &productv1.ProductFilter{
		Category: "clothing", Tags: []string{"summer"}, Vendors: []string{"Loom & Co", "B"},
		Attributes: []*productv1.AttributeFilter{{Key: "material", Values: []string{"linen", "wool"}}},
	}
	names := &productv1.CategoryFields{Name: "Shirts", ParentId: category.GetId(), Translations: []*productv1.CategoryTranslation{{Locale: "de", Name: "Hemden"}}}
	valid := map[string]proto.Message{
		"ListChannels": &productv1.ListChannelsRequest{}, "GetChannel": &productv1.GetChannelRequest{Key: "uk-web"},
		"CreateChannel":    &productv1.CreateChannelRequest{Key: "eu-web", Channel: channelFields("de")},
		"UpdateChannel":    &productv1.UpdateChannelRequest{Key: "uk-web", Channel: channelFields("en-GB", "de"), Version: 1},
		"CreateProduct":    &productv1.CreateProductRequest{RequestId: "r", Product: shirt("NEW")},
		"UpdateProduct":    &productv1.UpdateProductRequest{Id: p.GetId(), Product: fields, Version: p.GetVersion()},
		"GetProduct":       &productv1.GetProductRequest{Key: &productv1.GetProductRequest_Id{Id: p.GetId()}, Locale: "de", Channel: "uk-web"},
		"BatchGetProducts": &productv1.BatchGetProductsRequest{Ids: []string{p.GetId()}, Locale: "de"},
		"ListProducts":     &productv1.ListProductsRequest{Filter: filter, Locale: "de", IncludeUnpublished: true},
		"SearchProducts":   &productv1.SearchProductsRequest{Query: "shirt", Filter: filter, IncludeFacets: true},
		"SetPublication": &productv1.SetPublicationRequest{
			ProductId: p.GetId(), Channel: "uk-web", Status: productv1.PublicationStatus_PUBLICATION_STATUS_PUBLISHED,
		},
		"DeleteProduct":         &productv1.DeleteProductRequest{Id: id.New()},
		"BatchGetVariants":      &productv1.BatchGetVariantsRequest{Skus: []string{"LS-S", "LS-M"}, Locale: "de"},
		"CreateCategory":        &productv1.CreateCategoryRequest{Category: names},
		"UpdateCategory":        &productv1.UpdateCategoryRequest{Id: category.GetId(), Category: &productv1.CategoryFields{Name: "Clothing"}, Version: 1},
		"GetCategory":           &productv1.GetCategoryRequest{Key: &productv1.GetCategoryRequest_Handle{Handle: "clothing"}},
		"ListCategories":        &productv1.ListCategoriesRequest{ParentId: category.GetId(), Locale: "de"},
		"DeleteCategory":        &productv1.DeleteCategoryRequest{Id: id.New()},
		"CreateCollection":      &productv1.CreateCollectionRequest{Collection: &productv1.CollectionFields{Name: "New"}},
		"UpdateCollection":      &productv1.UpdateCollectionRequest{Id: collection, Collection: &productv1.CollectionFields{Name: "Sale"}, Version: 1},
		"GetCollection":         &productv1.GetCollectionRequest{Key: &productv1.GetCollectionRequest_Id{Id: collection}},
		"ListCollections":       &productv1.ListCollectionsRequest{Locale: "de"},
		"DeleteCollection":      &productv1.DeleteCollectionRequest{Id: id.New()},
		"SetCollectionProducts": &productv1.SetCollectionProductsRequest{Id: collection, ProductIds: []string{p.GetId()}},
	}
	methods := productv1.File_cartwright_product_v1_product_service_proto.Services().ByName("ProductService").Methods()
	require.Len(t, valid, methods.Len()-2, "every RPC but the two streams")
	r := rand.New(rand.NewPCG(1, 2))

	for range 2500 {
		method := methods.Get(r.IntN(methods.Len()))
		template, ok := valid[string(method.Name())]
		if !ok {
			continue
		}
		req := proto.Clone(template)
		for range 1 + r.IntN(3) {
			mutate(r, req.ProtoReflect())
		}
		answer, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
		require.NoError(t, err)
		ctx := s.staff
		if r.IntN(3) == 0 {
			ctx = s.buyer
		}
		err = s.conn.Invoke(ctx, "/cartwright.product.v1.ProductService/"+string(method.Name()), req, answer.New().Interface())
		code := status.Code(err)
		require.NotContains(t, []codes.Code{codes.Internal, codes.Unknown, codes.DataLoss}, code, "%s %v: %v", method.Name(), req, err)
	}
}
