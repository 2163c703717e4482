package storefront

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/channel"
)

// ListProducts composes a page of products with their offers: one call to product, then one each to pricing and
// inventory side by side.
func (s *catalogService) ListProducts(ctx context.Context, req *storefrontv1.ListProductsRequest) (*storefrontv1.ListProductsResponse, error) {
	ctx, cancel := s.deps.browse(ctx)
	defer cancel()
	in, err := s.deps.Channels.Resolve(ctx, channel.Wanted{
		Channel: req.GetChannel(), CurrencyCode: req.GetCurrencyCode(), CountryCode: req.GetCountryCode(),
	})
	if err != nil {
		return nil, err
	}
	page, err := s.deps.Peers.Products.ListProducts(ctx, &productv1.ListProductsRequest{
		Channel: in.Channel.GetKey(), Locale: req.GetLocale(), Sort: productv1.ProductSort(req.GetSort()),
		Filter:   productFilter(req),
		PageSize: pageSize(req.GetPageSize()), PageToken: req.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	products, err := s.deps.summaries(ctx, in, page.GetProducts())
	if err != nil {
		return nil, err
	}
	return &storefrontv1.ListProductsResponse{Products: products, NextPageToken: page.GetNextPageToken()}, nil
}
