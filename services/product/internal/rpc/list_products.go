package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// ListProducts lists a channel's products, keyset-paged.
func (s *Server) ListProducts(ctx context.Context, req *productv1.ListProductsRequest) (*productv1.ListProductsResponse, error) {
	r := catalog.ListRequest{
		View:   catalog.View{Channel: req.GetChannel(), Locale: req.GetLocale(), IncludeUnpublished: req.GetIncludeUnpublished()},
		Filter: filter(req.GetFilter()), Sort: sorting(req.GetSort()),
	}
	g, err := openGrid(req.GetPageSize(), req.GetPageToken(), "products", r.View, r.Filter, r.Sort)
	if err != nil {
		return nil, err
	}
	r.After, r.Limit = g.after, g.limit
	found, err := s.catalog.List(ctx, r)
	if err != nil {
		return nil, err
	}
	resp := &productv1.ListProductsResponse{
		Products: mapped(found.Products, summaryToProto), Locale: found.Locale, Channel: found.Channel,
	}
	resp.NextPageToken, err = g.next(found.Next)
	return resp, err
}
