package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// GetCategory gives one category by id or handle.
func (s *Server) GetCategory(ctx context.Context, req *productv1.GetCategoryRequest) (*productv1.GetCategoryResponse, error) {
	cat, err := s.catalog.Category(ctx, catalog.Key{ID: req.GetId(), Handle: req.GetHandle()}, req.GetLocale())
	if err != nil {
		return nil, err
	}
	return &productv1.GetCategoryResponse{Category: categoryToProto(cat)}, nil
}
