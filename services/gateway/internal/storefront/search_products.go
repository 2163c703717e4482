package storefront

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/channel"
)

// SearchProducts composes a page of hits with their offers. Facets come with the first page only: they do not change
// from page to page.
func (s *catalogService) SearchProducts(ctx context.Context, req *storefrontv1.SearchProductsRequest) (*storefrontv1.SearchProductsResponse, error) {
	ctx, cancel := s.deps.browse(ctx)
	defer cancel()
	in, err := s.deps.Channels.Resolve(ctx, channel.Wanted{
		Channel: req.GetChannel(), CurrencyCode: req.GetCurrencyCode(), CountryCode: req.GetCountryCode(),
	})
	if err != nil {
		return nil, err
	}
	page, err := s.deps.Peers.Products.SearchProducts(ctx, &productv1.SearchProductsRequest{
		Query: req.GetQuery(), Channel: in.Channel.GetKey(), Locale: req.GetLocale(),
		Filter:        productFilter(req),
		IncludeFacets: req.GetPageToken() == "",
		PageSize:      pageSize(req.GetPageSize()), PageToken: req.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	products, err := s.deps.summaries(ctx, in, page.GetProducts())
	if err != nil {
		return nil, err
	}
	return &storefrontv1.SearchProductsResponse{
		Products: products, Facets: facets(page.GetFacets()), NextPageToken: page.GetNextPageToken(),
		CorrectedQuery: page.GetCorrectedQuery(), Truncated: page.GetTruncated(),
	}, nil
}

func facets(list []*productv1.Facet) []*storefrontv1.Facet {
	out := make([]*storefrontv1.Facet, 0, len(list))
	for _, facet := range list {
		public := &storefrontv1.Facet{Key: facetKey(facet)}
		for _, value := range facet.GetValues() {
			public.Counts = append(public.Counts, &storefrontv1.FacetCount{
				Value: value.GetValue(), Label: value.GetLabel(), Count: value.GetCount(),
			})
		}
		out = append(out, public)
	}
	return out
}

func facetKey(facet *productv1.Facet) string {
	switch facet.GetKind() {
	case productv1.FacetKind_FACET_KIND_CATEGORY:
		return "category"
	case productv1.FacetKind_FACET_KIND_TAG:
		return "tag"
	case productv1.FacetKind_FACET_KIND_VENDOR:
		return "vendor"
	default:
		return "attribute:" + facet.GetKey()
	}
}
