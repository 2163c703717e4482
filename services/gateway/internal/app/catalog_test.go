package app_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/app"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
)

const (
	listProducts   = productv1.ProductService_ListProducts_FullMethodName
	getProduct     = productv1.ProductService_GetProduct_FullMethodName
	searchProducts = productv1.ProductService_SearchProducts_FullMethodName
	batchPrices    = pricingv1.PricingService_BatchGetPrices_FullMethodName
	batchStock     = inventoryv1.InventoryService_BatchGetAvailability_FullMethodName
)

func always(answer proto.Message) answerer {
	return func(context.Context, proto.Message) (proto.Message, error) { return answer, nil }
}

func gbp(minor int64) *typev1.Money { return &typev1.Money{CurrencyCode: "GBP", MinorUnits: minor} }

// goods are three products: one with two prices, one sold by the dozen only, and one without a price.
func goods(s *shop) {
	s.product.on(listProducts, always(&productv1.ListProductsResponse{NextPageToken: "bmV4dA", Products: []*productv1.ProductSummary{
		{Id: "1", Handle: "shirt", Title: "Shirt", Vendor: "Looms", Skus: []string{"S-1", "S-2"}, ImageUrl: "https://cdn.example.com/s.jpg", ImageAltText: "Shirt", Tags: []string{"linen"}},
		{Id: "2", Handle: "candle", Title: "Candle", Skus: []string{"C-12"}},
		{Id: "3", Handle: "ghost", Title: "Ghost", Skus: []string{"G-1"}},
	}}))
	s.pricing.on(batchPrices, always(&pricingv1.BatchGetPricesResponse{Prices: []*pricingv1.SkuPrice{
		{Sku: "S-1", UnitPrice: gbp(4900), CompareAt: gbp(5900), MinQuantity: 1, Tiers: []*pricingv1.PriceTier{
			{MinQuantity: 1, Amount: gbp(4900)}, {MinQuantity: 10, Amount: gbp(4500)},
		}},
		{Sku: "S-2", UnitPrice: gbp(5200), MinQuantity: 1},
		{Sku: "C-12", UnitPrice: gbp(80), CompareAt: gbp(100), MinQuantity: 12, Tiers: []*pricingv1.PriceTier{
			{MinQuantity: 12, Amount: gbp(80)}, {MinQuantity: 144, Amount: gbp(60)},
		}},
	}}))
	s.inventory.on(batchStock, always(&inventoryv1.BatchGetAvailabilityResponse{Availabilities: []*inventoryv1.Availability{
		{Sku: "S-1", Band: inventoryv1.StockBand_STOCK_BAND_OUT}, {Sku: "S-2", Band: inventoryv1.StockBand_STOCK_BAND_LOW},
		{Sku: "C-12", Band: inventoryv1.StockBand_STOCK_BAND_OUT, Backorderable: true}, {Sku: "G-1", Band: inventoryv1.StockBand_STOCK_BAND_IN},
	}}))
}

func list(t testing.TB, s *shop, path string) *storefrontv1.ListProductsResponse {
	t.Helper()
	out := &storefrontv1.ListProductsResponse{}
	s.get(path).message(t, out)
	return out
}

// A list shows each product's lowest price and best stock; a bulk price is never shown as that of one unit.
func TestAListIsOneRequestWithPriceAndStock(t *testing.T) {
	t.Parallel()
	s := open(t)
	goods(s)
	before := len(s.journal.since(0))
	page := list(t, s, "/v1/products?pageSize=1000&pageToken=YQ&tags=linen&tags=men&attributes=material:glass&attributes=material:wood&attributes=size:xl"+
		"&categoryId=01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5&collection=summer&vendors=Looms&sort=PRODUCT_SORT_COLLECTION&locale=en-GB&countryCode=IE&currencyCode=EUR")
	shirt, candle, ghost := page.GetProducts()[0], page.GetProducts()[1], page.GetProducts()[2]
	require.Equal(t, "49.00", shirt.GetPrice().GetAmount().GetAmount())
	require.Equal(t, "59.00", shirt.GetPrice().GetCompareAt().GetAmount())
	require.Len(t, shirt.GetPrice().GetTiers(), 1)
	require.Equal(t, int32(10), shirt.GetPrice().GetTiers()[0].GetMinQuantity())
	require.True(t, shirt.GetPriceVaries())
	require.Equal(t, storefrontv1.StockBand_STOCK_BAND_LOW, shirt.GetStock())
	require.Empty(t, shirt.GetSku(), "there are two to choose from")
	require.Equal(t, "https://cdn.example.com/s.jpg", shirt.GetImage().GetUrl())
	require.Nil(t, candle.GetPrice().GetAmount(), "it is not sold by the unit")
	require.Nil(t, candle.GetPrice().GetCompareAt())
	require.Equal(t, int32(12), candle.GetPrice().GetTiers()[0].GetMinQuantity())
	require.Equal(t, "0.80", candle.GetPrice().GetTiers()[0].GetAmount().GetAmount())
	require.Equal(t, storefrontv1.StockBand_STOCK_BAND_BACKORDER, candle.GetStock())
	require.Equal(t, "C-12", candle.GetSku())
	require.Nil(t, ghost.GetPrice())
	require.Equal(t, storefrontv1.StockBand_STOCK_BAND_IN_STOCK, ghost.GetStock())
	require.Equal(t, "bmV4dA", page.GetNextPageToken())

	calls := s.journal.since(before)
	require.Len(t, calls, 4, "channels, products, and one batch each for prices and stock")
	asked := s.product.last(listProducts).request.(*productv1.ListProductsRequest)
	require.Equal(t, "uk-web", asked.GetChannel())
	require.Equal(t, int32(100), asked.GetPageSize())
	require.Equal(t, productv1.ProductSort_PRODUCT_SORT_COLLECTION, asked.GetSort())
	require.False(t, asked.GetIncludeUnpublished())
	filter := asked.GetFilter()
	require.Equal(t, "summer", filter.GetCollection())
	require.Equal(t, []string{"Looms"}, filter.GetVendors())
	require.Equal(t, []string{"linen", "men"}, filter.GetTags())
	require.Len(t, filter.GetAttributes(), 2)
	require.Equal(t, []string{"glass", "wood"}, filter.GetAttributes()[0].GetValues())
	priced := s.pricing.last(batchPrices).request.(*pricingv1.BatchGetPricesRequest)
	require.Equal(t, []string{"S-1", "S-2", "C-12", "G-1"}, priced.GetSkus())
	require.Equal(t, "EUR", priced.GetContext().GetCurrencyCode())
	require.Equal(t, "IE", priced.GetContext().GetCountryCode())
}

// The price of a customer group must not be shown to others, nor withheld from it.
func TestPricesAreThoseOfTheCallersGroups(t *testing.T) {
	t.Parallel()
	s := open(t)
	goods(s)
	claims := s.issuer.Claims("trader", time.Now())
	claims["groups"] = []string{"trade"}
	got := s.send(request{method: http.MethodGet, path: "/v1/products", token: s.issuer.Sign(claims, nil)})
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "private, no-cache", got.header.Get("Cache-Control"))
	require.Contains(t, got.header.Values("Vary"), "Authorization")
	require.Equal(t, []string{"trade"}, s.pricing.last(batchPrices).request.(*pricingv1.BatchGetPricesRequest).GetContext().GetCustomerGroups())
	require.Equal(t, "public, max-age=30", s.get("/v1/products").header.Get("Cache-Control"))
	require.Empty(t, s.pricing.last(batchPrices).request.(*pricingv1.BatchGetPricesRequest).GetContext().GetCustomerGroups())
}

// A product page finds its product by id and by handle, also by a handle that looks like an id in another form.
func TestAProductPageIsOneRequest(t *testing.T) {
	t.Parallel()
	s := open(t)
	goods(s)
	no := false
	s.product.on(getProduct, always(&productv1.GetProductResponse{Product: &productv1.Product{
		Id: "1", Handle: "shirt", Title: "Shirt", DescriptionHtml: "<p>Linen</p>", Options: []*productv1.Option{{Name: "Size", Values: []string{"M", "L"}}},
		Variants: []*productv1.Variant{
			{Sku: "S-1", Title: "M", OptionValues: []string{"M"}, Barcode: "5012345678900"}, {Sku: "S-2", Title: "L", OptionValues: []string{"L"}, RequiresShipping: &no},
		},
		Media:      []*productv1.Media{{Url: "https://cdn.example.com/a.jpg"}, {Url: "https://cdn.example.com/l.jpg", AltText: "Large", Skus: []string{"S-2"}}},
		Attributes: []*productv1.Attribute{{Key: "washable", Values: []*productv1.AttributeValue{{Value: &productv1.AttributeValue_Flag{Flag: true}}}}},
		Locale:     "en-GB",
	}}))
	out := &storefrontv1.GetProductResponse{}
	s.get("/v1/products/shirt").message(t, out)
	m, l := out.GetProduct().GetVariants()[0], out.GetProduct().GetVariants()[1]
	require.Equal(t, "49.00", m.GetPrice().GetAmount().GetAmount())
	require.True(t, m.GetRequiresShipping())
	require.Equal(t, "Size", m.GetOptions()[0].GetName())
	require.Equal(t, "M", m.GetOptions()[0].GetValue())
	require.Equal(t, storefrontv1.StockBand_STOCK_BAND_OUT, m.GetStock())
	require.False(t, l.GetRequiresShipping())
	require.Equal(t, "https://cdn.example.com/l.jpg", l.GetImageUrl())
	require.Equal(t, int32(2), out.GetProduct().GetMedia()[1].GetPosition())
	require.Equal(t, []string{"true"}, out.GetProduct().GetAttributes()[0].GetValues())
	for path, handle := range map[string]string{
		"shirt": "shirt", "01936e7a5f2b7c3d8e4fa0b1c2d3e4f5": "01936e7a5f2b7c3d8e4fa0b1c2d3e4f5", "01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5": "",
	} {
		s.get("/v1/products/"+path).message(t, out)
		require.Equal(t, handle, s.product.last(getProduct).request.(*productv1.GetProductRequest).GetHandle())
	}
	unknown := errs.Define(errs.NotFound, "PRODUCT_NOT_FOUND", "There is no such product.")
	s.product.on(getProduct, refuse(unknown.New("There is no such product.")))
	got := s.get("/v1/products/shirt")
	got.refused(t, 404, "PRODUCT_NOT_FOUND")
	require.Empty(t, got.header.Get("ETag"))
}

// A search shows what it corrected, and counts facets on the first page only.
func TestASearchSaysWhatItDid(t *testing.T) {
	t.Parallel()
	s := open(t)
	goods(s)
	s.product.on(searchProducts, always(&productv1.SearchProductsResponse{
		Products: []*productv1.ProductSummary{{Id: "1", Handle: "shirt", Skus: []string{"S-1"}}}, CorrectedQuery: "shirt", Truncated: true,
		Facets: []*productv1.Facet{
			{Kind: productv1.FacetKind_FACET_KIND_CATEGORY, Values: []*productv1.FacetValue{{Value: "c1", Label: "Clothes", Count: 3}}},
			{Kind: productv1.FacetKind_FACET_KIND_TAG}, {Kind: productv1.FacetKind_FACET_KIND_VENDOR}, {Kind: productv1.FacetKind_FACET_KIND_ATTRIBUTE, Key: "size"},
		},
	}))
	out := &storefrontv1.SearchProductsResponse{}
	s.get("/v1/search?query=shrit").message(t, out)
	require.Equal(t, "shirt", out.GetCorrectedQuery())
	require.True(t, out.GetTruncated())
	require.Equal(t, "49.00", out.GetProducts()[0].GetPrice().GetAmount().GetAmount())
	var keys []string
	for _, facet := range out.GetFacets() {
		keys = append(keys, facet.GetKey())
	}
	require.Equal(t, []string{"category", "tag", "vendor", "attribute:size"}, keys)
	require.True(t, s.product.last(searchProducts).request.(*productv1.SearchProductsRequest).GetIncludeFacets())
	s.get("/v1/search?query=shrit&pageToken=YQ").message(t, out)
	require.False(t, s.product.last(searchProducts).request.(*productv1.SearchProductsRequest).GetIncludeFacets())
	s.get("/v1/search").message(t, out)
	s.get(fmt.Sprintf("/v1/search?query=%0257d", 1)).refused(t, 400, "QUERY_TOO_LONG", "query")
}

// The category tree comes in one answer although product gives it in pages, and very large trees come in parts.
func TestTheCategoryTreeIsPutTogether(t *testing.T) {
	t.Parallel()
	s := open(t)
	const method = productv1.ProductService_ListCategories_FullMethodName
	pages := func(last int) answerer {
		return func(_ context.Context, request proto.Message) (proto.Message, error) {
			asked := request.(*productv1.ListCategoriesRequest)
			from := 0
			if asked.GetPageToken() != "" {
				if _, err := fmt.Sscanf(asked.GetPageToken(), "p%d", &from); err != nil {
					return nil, err
				}
			}
			out := &productv1.ListCategoriesResponse{}
			for n := from; n < min(from+200, last); n++ {
				out.Categories = append(out.Categories, &productv1.Category{Id: fmt.Sprint(n), Handle: fmt.Sprint("c", n)})
			}
			if from+200 < last {
				out.NextPageToken = fmt.Sprintf("p%d", from+200)
			}
			return out, nil
		}
	}
	out := &storefrontv1.ListCategoriesResponse{}
	s.product.on(method, pages(450))
	s.get("/v1/categories").message(t, out)
	require.Len(t, out.GetCategories(), 450)
	require.Empty(t, out.GetNextPageToken())
	require.Equal(t, "en-GB", s.product.last(method).request.(*productv1.ListCategoriesRequest).GetLocale(), "the default channel's language")
	s.product.on(method, pages(1100))
	s.get("/v1/categories?channel=eu-web").message(t, out)
	require.Len(t, out.GetCategories(), 1000)
	require.Equal(t, "de-DE", s.product.last(method).request.(*productv1.ListCategoriesRequest).GetLocale())
	s.get("/v1/categories?pageToken="+out.GetNextPageToken()).message(t, out)
	require.Len(t, out.GetCategories(), 100)
}

// A storefront that names a channel, currency or country that is none gets to know which part is wrong.
func TestContextsAreResolvedByChannel(t *testing.T) {
	t.Parallel()
	s := open(t)
	goods(s)
	channels := &storefrontv1.ListChannelsResponse{}
	s.get("/v1/channels").message(t, channels)
	require.Equal(t, "uk-web", channels.GetChannels()[0].GetKey(), "the default one comes first")
	require.True(t, channels.GetChannels()[0].GetIsDefault())
	list(t, s, "/v1/products?channel=eu-web")
	require.Equal(t, "EUR", s.pricing.last(batchPrices).request.(*pricingv1.BatchGetPricesRequest).GetContext().GetCurrencyCode())
	s.get("/v1/products?channel=moon").refused(t, 404, "CHANNEL_UNKNOWN", "channel")
	s.get("/v1/products?currencyCode=USD").refused(t, 400, "CURRENCY_NOT_OFFERED", "currencyCode")
	s.get("/v1/payment-methods?countryCode=US").refused(t, 400, "COUNTRY_NOT_SERVED", "countryCode")
	s.get("/v1/products?currencyCode=usd").refused(t, 400, "CURRENCY_INVALID", "currencyCode")
	s.get("/v1/products?pageSize=-1").refused(t, 400, "PAGE_SIZE_INVALID", "pageSize")
}

// A shopper can look while inventory is down or hangs; without prices there is no page, and the answer says when to come
// back.
func TestPagesWithoutInventoryAndWithoutPricing(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *app.Config) { c.BrowseDeadline = 2 * time.Second })
	goods(s)
	s.inventory.on(batchStock, hang)
	began := time.Now()
	page := list(t, s, "/v1/products")
	require.Less(t, time.Since(began), 2*time.Second)
	require.Equal(t, "49.00", page.GetProducts()[0].GetPrice().GetAmount().GetAmount())
	require.Equal(t, storefrontv1.StockBand_STOCK_BAND_UNSPECIFIED, page.GetProducts()[0].GetStock())
	s.inventory.stop()
	page = list(t, s, "/v1/products")
	require.Equal(t, storefrontv1.StockBand_STOCK_BAND_UNSPECIFIED, page.GetProducts()[0].GetStock())

	s.pricing.on(batchPrices, replay(nil, errs.DeadlineReached.New("The time given for the call is over.")))
	s.get("/v1/products").refused(t, 503, "DEPENDENCY_UNAVAILABLE")
	s.pricing.on(batchPrices, hang)
	began = time.Now()
	got := s.get("/v1/products")
	got.refused(t, 503, "DEPENDENCY_UNAVAILABLE")
	require.Less(t, time.Since(began), 4*time.Second)
	require.NotContains(t, got.body, "127.0.0.1")
	s.pricing.stop()
	s.get("/v1/products").refused(t, 503, "DEPENDENCY_UNAVAILABLE")
	s.product.stop()
	s.get("/v1/products").refused(t, 503, "DEPENDENCY_UNAVAILABLE")
	s.get("/v1/products/shirt").refused(t, 503, "DEPENDENCY_UNAVAILABLE")
	s.get("/v1/channels").message(t, &storefrontv1.ListChannelsResponse{})
}

// The gateway starts and says what is wrong while every service is down.
func TestTheGatewayServesWithoutServices(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *app.Config) {
		for _, addr := range []*string{&c.ProductAddr, &c.PricingAddr, &c.InventoryAddr, &c.PaymentAddr, &c.CartAddr} {
			*addr = "127.0.0.1:1"
		}
	})
	s.get("/v1/products").refused(t, 503, "DEPENDENCY_UNAVAILABLE")
	s.get("/v1/carts/mfrggzdfmztwq2lknnwg23tpoa").refused(t, 503, "DEPENDENCY_UNAVAILABLE")
	require.Equal(t, http.StatusOK, s.get("/docs").status)
	require.Equal(t, http.StatusOK, s.get("/openapi.json").status)
}

// The list of channels is asked for once by a crowd, and a channel that was just made is found.
func TestChannelsAreReadOnceForAll(t *testing.T) {
	t.Parallel()
	s := open(t)
	goods(s)
	var reads atomic.Int64
	var more atomic.Bool
	s.product.on(productv1.ProductService_ListChannels_FullMethodName, func(context.Context, proto.Message) (proto.Message, error) {
		reads.Add(1)
		answer := channels()
		if more.Load() {
			fresh := proto.Clone(answer.GetChannels()[1]).(*productv1.Channel)
			fresh.Key, fresh.IsDefault = "us-web", false
			answer.Channels = append(answer.Channels, fresh)
		}
		return answer, nil
	})
	done := make(chan answer, 40)
	for range cap(done) {
		go func() {
			got, err := s.trySend(request{method: http.MethodGet, path: "/v1/products"})
			require.NoError(t, err)
			done <- got
		}()
	}
	for range cap(done) {
		require.Equal(t, http.StatusOK, (<-done).status)
	}
	require.LessOrEqual(t, reads.Load(), int64(2))
	more.Store(true)
	require.Eventually(t, func() bool { return s.get("/v1/products?channel=us-web").status == http.StatusOK }, 4*time.Second, 50*time.Millisecond)
}

// Guests are told a gift card's worth, and their tries are counted by where they are.
func TestGiftCardTriesAreCountedByAddress(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *app.Config) { c.TrustedProxies = []string{"127.0.0.0/8"} })
	header := http.Header{"X-Forwarded-For": {"198.51.100.9"}}
	got := s.send(request{method: "POST", path: "/v1/gift-cards/lookup", body: `{"code":"ABCD-EFGH"}`, header: header})
	require.Equal(t, http.StatusOK, got.status, got.body)
	require.NotContains(t, got.body, "giftCardId")
	require.Contains(t, s.payment.last("/cartwright.payment.v1.PaymentService/LookupGiftCard").request.(fmt.Stringer).String(), "198.51.100.9")
}
