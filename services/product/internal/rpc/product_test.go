package rpc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// When this fails, merchants lose what they typed: a field comes back different from what was stored.
func TestCreateProductGivesBackEveryField(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web", "en-GB", "de")
	fields := shirt("LS")
	made := s.create(t, fields)
	require.EqualValues(t, 1, made.GetVersion())
	require.Equal(t, "linen-shirt", made.GetHandle())

	got, err := s.GetProduct(s.staff, &productv1.GetProductRequest{
		Key: &productv1.GetProductRequest_Handle{Handle: "linen-shirt"}, IncludeUnpublished: true,
	})
	require.NoError(t, err)
	p := got.GetProduct()
	require.Equal(t, made.GetId(), p.GetId())
	require.Equal(t, made.GetUpdateTime().AsTime(), p.GetUpdateTime().AsTime())
	require.Equal(t, fields.GetDescriptionHtml(), p.GetDescriptionHtml())
	require.Equal(t, "Loom & Co", p.GetVendor())
	require.Equal(t, []string{"linen", "summer"}, p.GetTags())
	require.Equal(t, "S / Red", p.GetVariants()[0].GetTitle())
	require.Equal(t, "standard", p.GetVariants()[0].GetTaxClass())
	require.True(t, p.GetVariants()[0].GetRequiresShipping())
	require.Equal(t, []string{"LS-M"}, p.GetMedia()[1].GetSkus())
	require.True(t, id.Valid(p.GetMedia()[0].GetId()))
	require.Len(t, p.GetAttributes(), 2)
	require.True(t, proto.Equal(fields.GetAttributes()[0], p.GetAttributes()[0]))
	require.True(t, proto.Equal(fields.GetTranslations()[0], p.GetTranslations()[0]))
	require.Equal(t, productv1.PublicationStatus_PUBLICATION_STATUS_DRAFT, p.GetStatus())
}

// When this fails, a buyer sees drafts, or a shop in the wrong language.
func TestGetProductServesOnlyWhatIsPublishedInTheBuyersLanguage(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web", "en-GB", "de")
	made := s.create(t, shirt("LS"))
	get := func(locale string) (*productv1.Product, error) {
		resp, err := s.GetProduct(s.buyer, &productv1.GetProductRequest{Key: &productv1.GetProductRequest_Id{Id: made.GetId()}, Locale: locale})
		return resp.GetProduct(), err
	}
	_, err := get("")
	refused(t, err, "PRODUCT_NOT_FOUND", "")
	s.publish(t, made.GetId(), "uk-web")

	for locale, title := range map[string]string{"": "Linen Shirt", "en": "Linen Shirt", "de": "Leinenhemd", "de-AT": "Leinenhemd", "fr": "Linen Shirt"} {
		p, err := get(locale)
		require.NoError(t, err)
		require.Equal(t, title, p.GetTitle(), locale)
	}
	p, err := get("de-CH")
	require.NoError(t, err)
	require.Equal(t, "de", p.GetLocale())
	require.Equal(t, "Farbe", p.GetOptions()[1].GetName())
	require.Equal(t, "S / Rot", p.GetVariants()[0].GetTitle())
	require.Equal(t, "Leinen", p.GetAttributes()[0].GetValues()[0].GetText())
	require.Empty(t, p.GetTranslations())
	require.Empty(t, p.GetPublications())
	require.Equal(t, productv1.PublicationStatus_PUBLICATION_STATUS_PUBLISHED, p.GetStatus())
	require.NotNil(t, p.GetPublishTime())

	_, err = s.GetProduct(s.buyer, &productv1.GetProductRequest{Key: &productv1.GetProductRequest_Id{Id: made.GetId()}, IncludeUnpublished: true})
	refused(t, err, "STAFF_ONLY", "includeUnpublished")
	_, err = get("xx-YY-" + strings.Repeat("a", 200))
	require.Error(t, err)
	_, err = s.GetProduct(s.buyer, &productv1.GetProductRequest{})
	refused(t, err, "FIELD_REQUIRED", "")
	_, err = s.GetProduct(s.buyer, &productv1.GetProductRequest{Key: &productv1.GetProductRequest_Id{Id: "7"}})
	refused(t, err, "ID_INVALID", "id")
	_, err = s.GetProduct(s.buyer, &productv1.GetProductRequest{Key: &productv1.GetProductRequest_Handle{Handle: "linen-shirt"}, Channel: "nowhere"})
	refused(t, err, "CHANNEL_UNKNOWN", "channel")
}

// When this fails, a merchant's mistake is stored instead of explained.
func TestCreateProductRefusesWhatCannotBeSold(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.create(t, &productv1.ProductFields{Title: "Taken", Handle: "taken", Variants: []*productv1.Variant{{Sku: "TAKEN"}}})
	for name, c := range map[string]struct {
		change       func(f *productv1.ProductFields)
		reason, path string
	}{
		"no title":            {func(f *productv1.ProductFields) { f.Title = " " }, "TEXT_INVALID", "product.title"},
		"empty SKU":           {func(f *productv1.ProductFields) { f.Variants[0].Sku = "" }, "SKU_INVALID", "product.variants[0].sku"},
		"long SKU":            {func(f *productv1.ProductFields) { f.Variants[0].Sku = strings.Repeat("A", 65) }, "SKU_INVALID", "product.variants[0].sku"},
		"emoji SKU":           {func(f *productv1.ProductFields) { f.Variants[1].Sku = "👕" }, "SKU_INVALID", "product.variants[1].sku"},
		"SKU with newline":    {func(f *productv1.ProductFields) { f.Variants[0].Sku = "A\nB" }, "SKU_INVALID", "product.variants[0].sku"},
		"same SKU twice":      {func(f *productv1.ProductFields) { f.Variants[1].Sku = f.Variants[0].Sku }, "VARIANTS_INVALID", "product.variants[1].sku"},
		"SKU of another":      {func(f *productv1.ProductFields) { f.Media, f.Variants[1].Sku = nil, "TAKEN" }, "SKU_TAKEN", "product.variants[1].sku"},
		"handle of another":   {func(f *productv1.ProductFields) { f.Handle = "taken" }, "HANDLE_TAKEN", "product.handle"},
		"bad handle":          {func(f *productv1.ProductFields) { f.Handle = "Not OK" }, "ID_INVALID", "product.handle"},
		"value of no option":  {func(f *productv1.ProductFields) { f.Variants[0].OptionValues[0] = "XXL" }, "VARIANTS_INVALID", "product.variants[0].optionValues[0]"},
		"too few values":      {func(f *productv1.ProductFields) { f.Variants[0].OptionValues = []string{"S"} }, "VARIANTS_INVALID", "product.variants[0].optionValues"},
		"same combination":    {func(f *productv1.ProductFields) { f.Variants[1].OptionValues[0] = "S" }, "VARIANTS_INVALID", "product.variants[1].optionValues"},
		"no variants":         {func(f *productv1.ProductFields) { f.Variants = nil }, "FIELD_REQUIRED", "product.variants"},
		"metadata address":    {func(f *productv1.ProductFields) { f.Media[0].Url = "http://169.254.169.254/" }, "URL_NOT_ALLOWED", "product.media[0].url"},
		"picture of no SKU":   {func(f *productv1.ProductFields) { f.Media[1].Skus = []string{"NOPE"} }, "MEDIA_INVALID", "product.media[1].skus[0]"},
		"unknown category":    {func(f *productv1.ProductFields) { f.CategoryIds = []string{id.New()} }, "CATEGORY_NOT_FOUND", "product.categoryIds[0]"},
		"category no id":      {func(f *productv1.ProductFields) { f.CategoryIds = []string{"x"} }, "ID_INVALID", "product.categoryIds[0]"},
		"attribute twice":     {func(f *productv1.ProductFields) { f.Attributes[1].Key = "material" }, "ATTRIBUTE_INVALID", "product.attributes[1].key"},
		"attribute no value":  {func(f *productv1.ProductFields) { f.Attributes[0].Values[0] = &productv1.AttributeValue{} }, "FIELD_REQUIRED", ""},
		"impossible date":     {func(f *productv1.ProductFields) { f.Attributes[0].Values[0] = date("2026-02-30") }, "ATTRIBUTE_INVALID", "product.attributes[0].values[0]"},
		"locale twice":        {func(f *productv1.ProductFields) { f.Translations = append(f.Translations, f.Translations[0]) }, "TRANSLATION_INVALID", "product.translations[1].locale"},
		"no locale":           {func(f *productv1.ProductFields) { f.Translations[0].Locale = "german!" }, "PATTERN_MISMATCH", "product.translations[0].locale"},
		"option of no name":   {func(f *productv1.ProductFields) { f.Translations[0].Options[0].Option = "Fit" }, "TRANSLATION_INVALID", "product.translations[0].options[0].option"},
		"too long":            {func(f *productv1.ProductFields) { f.DescriptionHtml = strings.Repeat("x", 65537) }, "FIELD_TOO_LONG", "product.descriptionHtml"},
		"control character":   {func(f *productv1.ProductFields) { f.Title = "a\x00b" }, "CHAR_NOT_ALLOWED", "product.title"},
		"line break in title": {func(f *productv1.ProductFields) { f.Title = "a\nb" }, "TEXT_INVALID", "product.title"},
	} {
		fields := shirt("NEW")
		c.change(fields)
		_, err := s.CreateProduct(s.staff, &productv1.CreateProductRequest{Product: fields})
		require.Error(t, err, name)
		refused(t, err, c.reason, c.path)
	}
	_, err := s.CreateProduct(s.staff, &productv1.CreateProductRequest{})
	refused(t, err, "FIELD_REQUIRED", "product")
	var rows int
	require.NoError(t, s.db.DB.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM product) + (SELECT count(*) FROM variant)").Scan(&rows))
	require.Equal(t, 2, rows, "nothing but the first product may be stored")
}

func date(text string) *productv1.AttributeValue {
	return &productv1.AttributeValue{Value: &productv1.AttributeValue_Date{Date: text}}
}

// When this fails, two people editing one product overwrite each other, or a retry doubles the product.
func TestProductsAreWrittenOnceAndInOrder(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	req := &productv1.CreateProductRequest{RequestId: "one", Product: shirt("LS")}
	first, err := s.CreateProduct(s.staff, req)
	require.NoError(t, err)
	again, err := s.CreateProduct(s.staff, req)
	require.NoError(t, err)
	require.Equal(t, first.GetProduct().GetId(), again.GetProduct().GetId())
	_, err = s.CreateProduct(s.staff, &productv1.CreateProductRequest{RequestId: "one", Product: plain("Other", "O")})
	refused(t, err, "IDEMPOTENCY_KEY_REUSED", "")

	p := first.GetProduct()
	fields := shirt("LS")
	fields.Variants = fields.Variants[:1]
	fields.Media = fields.Media[:1]
	fields.Title = "Linen Shirt II"
	updated, err := s.UpdateProduct(s.staff, &productv1.UpdateProductRequest{Id: p.GetId(), Product: fields, Version: 1})
	require.NoError(t, err)
	require.EqualValues(t, 2, updated.GetProduct().GetVersion())
	require.Equal(t, p.GetHandle(), updated.GetProduct().GetHandle(), "an empty handle keeps the handle")
	require.Equal(t, p.GetMedia()[0].GetId(), updated.GetProduct().GetMedia()[0].GetId())
	_, err = s.UpdateProduct(s.staff, &productv1.UpdateProductRequest{Id: p.GetId(), Product: fields, Version: 1})
	refused(t, err, "VERSION_CONFLICT", "")
	_, err = s.UpdateProduct(s.staff, &productv1.UpdateProductRequest{Id: id.New(), Product: fields, Version: 1})
	refused(t, err, "PRODUCT_NOT_FOUND", "")
	variants, err := s.BatchGetVariants(s.buyer, &productv1.BatchGetVariantsRequest{Skus: []string{"LS-M", "LS-S"}})
	require.NoError(t, err)
	require.Len(t, variants.GetVariants(), 1, "the variant left out of the update is gone")

	_, err = s.DeleteProduct(s.staff, &productv1.DeleteProductRequest{Id: p.GetId(), Version: 1})
	refused(t, err, "VERSION_CONFLICT", "")
	_, err = s.DeleteProduct(s.staff, &productv1.DeleteProductRequest{Id: p.GetId(), Version: 2, RequestId: "gone"})
	require.NoError(t, err)
	_, err = s.DeleteProduct(s.staff, &productv1.DeleteProductRequest{Id: p.GetId(), Version: 2, RequestId: "gone"})
	require.NoError(t, err)
	_, err = s.DeleteProduct(s.staff, &productv1.DeleteProductRequest{Id: p.GetId()})
	refused(t, err, "PRODUCT_NOT_FOUND", "")
	var left int
	require.NoError(t, s.db.DB.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM listing) + (SELECT count(*) FROM variant)").Scan(&left))
	require.Zero(t, left)
}

// When this fails, products with the same title cannot both exist.
func TestCreateProductDerivesFreeHandles(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	require.Equal(t, "cafe-creme", s.create(t, plain("Café Crème!", "A")).GetHandle())
	require.Equal(t, "cafe-creme-2", s.create(t, plain("Cafe creme", "B")).GetHandle())
	require.Equal(t, "cafe-creme-3", s.create(t, plain("CAFE CREME", "C")).GetHandle())
	require.Regexp(t, "^item-[0-9a-f]{12}$", s.create(t, plain("茶", "D")).GetHandle())
}

// When this fails, a cart is priced and taxed by wrong facts, or shows lines in the wrong order.
func TestBatchGetVariantsAnswersCarts(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web", "en-GB", "de")
	root, err := s.CreateCategory(s.staff, &productv1.CreateCategoryRequest{Category: &productv1.CategoryFields{Name: "Clothing"}})
	require.NoError(t, err)
	child, err := s.CreateCategory(s.staff, &productv1.CreateCategoryRequest{Category: &productv1.CategoryFields{Name: "Shirts", ParentId: root.GetCategory().GetId()}})
	require.NoError(t, err)
	fields := shirt("LS")
	fields.CategoryIds = []string{child.GetCategory().GetId()}
	p := s.published(t, fields)
	s.create(t, plain("Draft", "DRAFT"))

	resp, err := s.BatchGetVariants(s.buyer, &productv1.BatchGetVariantsRequest{Skus: []string{"LS-M", "NOPE", "DRAFT", "LS-S", "LS-M", "ls-m"}, Locale: "de-DE"})
	require.NoError(t, err)
	require.Len(t, resp.GetVariants(), 3)
	require.Equal(t, "uk-web", resp.GetChannel())
	require.Equal(t, "de", resp.GetLocale())
	m := resp.GetVariants()[0]
	require.True(t, proto.Equal(&productv1.SellableVariant{
		Sku: "LS-M", ProductId: p.GetId(), Handle: "linen-shirt", Title: "Leinenhemd", VariantTitle: "M / Rot",
		CategoryIds: m.GetCategoryIds(), Tags: []string{"linen", "summer"}, TaxClass: "reduced", Published: true,
		RequiresShipping: true, WeightGrams: 220, ImageUrl: "https://cdn.example.com/LS/m.jpg", ImageAltText: "Medium",
		ProductVersion: p.GetVersion(),
	}, m), "%v", m)
	require.ElementsMatch(t, []string{root.GetCategory().GetId(), child.GetCategory().GetId()}, m.GetCategoryIds())
	require.Equal(t, "DRAFT", resp.GetVariants()[1].GetSku())
	require.False(t, resp.GetVariants()[1].GetPublished())
	require.Equal(t, "https://cdn.example.com/LS/front.jpg", resp.GetVariants()[2].GetImageUrl())

	_, err = s.BatchGetVariants(s.buyer, &productv1.BatchGetVariantsRequest{})
	require.Error(t, err)
	_, err = s.BatchGetVariants(s.buyer, &productv1.BatchGetVariantsRequest{Skus: make([]string, 501)})
	refused(t, err, "LIST_TOO_LONG", "skus")
	_, err = s.BatchGetVariants(s.buyer, &productv1.BatchGetVariantsRequest{Skus: []string{"A"}, Channel: "nowhere"})
	refused(t, err, "CHANNEL_UNKNOWN", "channel")
}

// When this fails, product pages that show several products show the wrong ones.
func TestBatchGetProductsKeepsTheOrderAsked(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	a, b := s.published(t, plain("A", "A")), s.published(t, plain("B", "B"))
	draft := s.create(t, plain("C", "C"))
	ids := []string{b.GetId(), draft.GetId(), a.GetId(), b.GetId(), id.New()}
	resp, err := s.BatchGetProducts(s.buyer, &productv1.BatchGetProductsRequest{Ids: ids})
	require.NoError(t, err)
	require.Len(t, resp.GetProducts(), 2)
	require.Equal(t, b.GetId(), resp.GetProducts()[0].GetId())
	resp, err = s.BatchGetProducts(s.staff, &productv1.BatchGetProductsRequest{Ids: ids, IncludeUnpublished: true})
	require.NoError(t, err)
	require.Len(t, resp.GetProducts(), 3)
	_, err = s.BatchGetProducts(s.buyer, &productv1.BatchGetProductsRequest{Ids: ids, IncludeUnpublished: true})
	refused(t, err, "STAFF_ONLY", "includeUnpublished")
	_, err = s.BatchGetProducts(s.buyer, &productv1.BatchGetProductsRequest{Ids: []string{"x"}})
	refused(t, err, "ID_INVALID", "ids[0]")
}

// When this fails, an archived product can still be bought.
func TestSetPublicationDecidesWhoSees(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.channel(t, "uk-web")
	s.channel(t, "eu-web")
	p := s.create(t, plain("Mug", "MUG"))
	published := s.publish(t, p.GetId(), "eu-web")
	require.EqualValues(t, 2, published.GetVersion())
	seen := func(channel string) bool {
		resp, err := s.BatchGetVariants(s.buyer, &productv1.BatchGetVariantsRequest{Skus: []string{"MUG"}, Channel: channel})
		require.NoError(t, err)
		return resp.GetVariants()[0].GetPublished()
	}
	require.True(t, seen("eu-web"))
	require.False(t, seen("uk-web"))
	req := &productv1.SetPublicationRequest{
		ProductId: p.GetId(), Channel: "eu-web", Status: productv1.PublicationStatus_PUBLICATION_STATUS_ARCHIVED, Version: 1,
	}
	_, err := s.SetPublication(s.staff, req)
	refused(t, err, "VERSION_CONFLICT", "")
	req.Version = 2
	archived, err := s.SetPublication(s.staff, req)
	require.NoError(t, err)
	require.Equal(t, published.GetPublishTime().AsTime(), archived.GetProduct().GetPublishTime().AsTime())
	require.False(t, seen("eu-web"))
	req.Channel, req.Version = "nowhere", 0
	_, err = s.SetPublication(s.staff, req)
	refused(t, err, "CHANNEL_UNKNOWN", "channel")
	_, err = s.SetPublication(s.staff, &productv1.SetPublicationRequest{ProductId: p.GetId()})
	require.Error(t, err)
	_, err = s.SetPublication(s.staff, &productv1.SetPublicationRequest{ProductId: id.New(), Status: productv1.PublicationStatus_PUBLICATION_STATUS_DRAFT})
	refused(t, err, "PRODUCT_NOT_FOUND", "")
}
