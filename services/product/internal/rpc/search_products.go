package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// SearchProducts finds products by text, with facets.
func (s *Server) SearchProducts(ctx context.Context, req *productv1.SearchProductsRequest) (*productv1.SearchProductsResponse, error) {
	r := catalog.SearchRequest{
		View:   catalog.View{Channel: req.GetChannel(), Locale: req.GetLocale(), IncludeUnpublished: req.GetIncludeUnpublished()},
		Filter: filter(req.GetFilter()), Text: req.GetQuery(), Facets: req.GetIncludeFacets(),
	}
	g, err := openGrid(req.GetPageSize(), req.GetPageToken(), "search", r.View, r.Filter, r.Text)
	if err != nil {
		return nil, err
	}
	r.After, r.Limit = g.after, g.limit
	found, err := s.catalog.Search(ctx, r)
	if err != nil {
		return nil, err
	}
	resp := &productv1.SearchProductsResponse{
		Products: mapped(found.Products, summaryToProto), Facets: mapped(found.Facets, facetToProto),
		CorrectedQuery: found.Corrected, Truncated: found.Truncated, Locale: found.Locale, Channel: found.Channel,
	}
	resp.NextPageToken, err = g.next(found.Next)
	return resp, err
}
