package storefront

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/channel"
)

// summaries adds price and stock to a page of products.
func (d Deps) summaries(ctx context.Context, in channel.Context, products []*productv1.ProductSummary) ([]*storefrontv1.ProductSummary, error) {
	var skus []string
	for _, product := range products {
		skus = append(skus, product.GetSkus()...)
	}
	if len(skus) == 0 {
		return withOffers(products, offers{}), nil
	}
	all, err := d.offersFor(ctx, in, skus)
	if err != nil {
		return nil, err
	}
	return withOffers(products, all), nil
}

func withOffers(products []*productv1.ProductSummary, all offers) []*storefrontv1.ProductSummary {
	list := make([]*storefrontv1.ProductSummary, 0, len(products))
	for _, product := range products {
		list = append(list, summary(product, all))
	}
	return list
}

func summary(product *productv1.ProductSummary, all offers) *storefrontv1.ProductSummary {
	out := &storefrontv1.ProductSummary{
		Id: product.GetId(), Handle: product.GetHandle(), Title: product.GetTitle(), Vendor: product.GetVendor(),
		Tags: product.GetTags(),
	}
	if product.GetImageUrl() != "" {
		out.Image = &storefrontv1.Media{Url: product.GetImageUrl(), AltText: product.GetImageAltText(), Position: 1}
	}
	if len(product.GetSkus()) == 1 {
		out.Sku = product.GetSkus()[0]
	}
	for _, sku := range product.GetSkus() {
		if band := all.band(sku); bandOrder(band) > bandOrder(out.GetStock()) {
			out.Stock = band
		}
	}
	out.Price, out.PriceVaries = lowestPrice(product.GetSkus(), all)
	return out
}

// lowestPrice returns the lowest price of one unit among the SKUs and whether they differ in it. When none is sold by the
// unit, it is the first price there is, which shows from what quantity on it counts.
func lowestPrice(skus []string, all offers) (*storefrontv1.Price, bool) {
	cheapest, bulk := "", ""
	lowest, varies := int64(0), false
	for _, sku := range skus {
		unit, ok := all.unitPrice(sku)
		if !ok {
			if bulk == "" && all.prices[sku].GetUnitPrice() != nil {
				bulk = sku
			}
			continue
		}
		varies = varies || cheapest != "" && unit != lowest
		if cheapest == "" || unit < lowest {
			cheapest, lowest = sku, unit
		}
	}
	if cheapest == "" {
		return all.price(bulk), false
	}
	return all.price(cheapest), varies || bulk != ""
}
