package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/page"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// ListProducts lists a channel's products, keyset-paged.
func (s *Server) ListProducts(ctx context.Context, req *productv1.ListProductsRequest) (*productv1.ListProductsResponse, error) {
	r := catalog.ListRequest{
		View:   catalog.View{Channel: req.GetChannel(), Locale: req.GetLocale(), IncludeUnpublished: req.GetIncludeUnpublished()},
		Filter: filter(req.GetFilter()), Sort: sorting(req.GetSort()),
	}
	text, err := scope("products", r.View, r.Filter, r.Sort)
	if err != nil {
		return nil, err
	}
	if r.Limit, err = page.Size(req.GetPageSize(), productPage, maxPage); err != nil {
		return nil, err
	}
	if err := page.Decode(text, req.GetPageToken(), &r.After); err != nil {
		return nil, err
	}
	found, err := s.catalog.List(ctx, r)
	if err != nil {
		return nil, err
	}
	resp := &productv1.ListProductsResponse{
		Products: mapped(found.Products, summaryToProto), Locale: found.Locale, Channel: found.Channel,
	}
	if found.Next != nil {
		resp.NextPageToken, err = page.Encode(text, found.Next)
	}
	return resp, err
}
