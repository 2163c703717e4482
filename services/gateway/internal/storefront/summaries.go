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
	lowest := int64(0)
	for _, sku := range product.GetSkus() {
		if band := all.band(sku); bandOrder(band) > bandOrder(out.GetStock()) {
			out.Stock = band
		}
		price := all.price(sku)
		if price == nil {
			continue
		}
		minor := all.prices[sku].GetUnitPrice().GetMinorUnits()
		out.PriceVaries = out.PriceVaries || out.Price != nil && minor != lowest
		if out.Price == nil || minor < lowest {
			out.Price, lowest = price, minor
		}
	}
	return out
}
