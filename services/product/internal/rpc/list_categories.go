package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// ListCategories gives the tree as a flat list, parents before their children.
func (s *Server) ListCategories(ctx context.Context, req *productv1.ListCategoriesRequest) (*productv1.ListCategoriesResponse, error) {
	k, err := openKeyed(req.GetPageSize(), req.GetPageToken(), "categories", req.GetParentId())
	if err != nil {
		return nil, err
	}
	rows, err := s.catalog.ListCategories(ctx, catalog.CategoryQuery{Below: req.GetParentId(), After: k.after, Limit: k.limit + 1}, req.GetLocale())
	if err != nil {
		return nil, err
	}
	rows, next, err := cutKeyed(k, rows, func(cat catalog.Category) string { return cat.SortPath })
	if err != nil {
		return nil, err
	}
	return &productv1.ListCategoriesResponse{Categories: mapped(rows, categoryToProto), NextPageToken: next}, nil
}
