package app_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/app"
	"github.com/stretchr/testify/require"
)

// shelf makes the services answer with a page of 24 products of three variants each.
func shelf(s *shop) {
	page := &productv1.ListProductsResponse{NextPageToken: "bmV4dA"}
	prices, stock := &pricingv1.BatchGetPricesResponse{}, &inventoryv1.BatchGetAvailabilityResponse{}
	for i := range 24 {
		product := &productv1.ProductSummary{
			Id: fmt.Sprintf("01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4%02d", i), Handle: fmt.Sprintf("white-hanging-heart-t-light-holder-%d", i),
			Title: "White Hanging Heart T-Light Holder", Vendor: "Heartwares", ImageUrl: "https://cdn.example.com/85123a.jpg",
			ImageAltText: "White hanging heart t-light holder", Tags: []string{"candles", "hearts"},
		}
		for v := range 3 {
			sku := fmt.Sprintf("SKU-%d-%d", i, v)
			product.Skus = append(product.Skus, sku)
			prices.Prices = append(prices.Prices, &pricingv1.SkuPrice{Sku: sku, UnitPrice: gbp(int64(1275 + v)), MinQuantity: 1, PriceListKey: "gbp"})
			stock.Availabilities = append(stock.Availabilities, &inventoryv1.Availability{Sku: sku, Band: inventoryv1.StockBand_STOCK_BAND_IN, Available: 120})
		}
		page.Products = append(page.Products, product)
	}
	s.product.on(listProducts, always(page))
	s.pricing.on(batchPrices, always(prices))
	s.inventory.on(batchStock, always(stock))
}

// BenchmarkProductList is a list of 24 products over HTTP, with the stand-ins and the client in the same process.
func BenchmarkProductList(b *testing.B) {
	s := open(b)
	shelf(s)
	b.ReportAllocs()
	size := int64(0)
	for b.Loop() {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, s.url+"/v1/products", nil)
		require.NoError(b, err)
		response, err := s.web.Do(request)
		require.NoError(b, err)
		size, err = io.Copy(io.Discard, response.Body)
		require.NoError(b, err)
		require.NoError(b, response.Body.Close())
	}
	b.ReportMetric(float64(size), "answer-bytes")
}

// BenchmarkRefusal is a page that is refused because there is too much to do: what it costs is lost to those who are let in.
func BenchmarkRefusal(b *testing.B) {
	s := open(b, func(c *app.Config) { c.MaxConcurrent = 1 })
	s.cart.on("/cartwright.cart.v1.CartService/GetCart", hang)
	go func() { _, _ = s.trySend(request{method: http.MethodGet, path: cartPath}) }()
	require.Eventually(b, func() bool { return len(s.cart.got("/cartwright.cart.v1.CartService/GetCart")) == 1 }, 10*time.Second, time.Millisecond)
	b.ReportAllocs()
	for b.Loop() {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, s.url+"/v1/products", nil)
		require.NoError(b, err)
		response, err := s.web.Do(request)
		require.NoError(b, err)
		_, err = io.Copy(io.Discard, response.Body)
		require.NoError(b, err)
		require.NoError(b, response.Body.Close())
		require.Equal(b, http.StatusServiceUnavailable, response.StatusCode)
	}
}
