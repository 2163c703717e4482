package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// CreateCategory adds a category to the tree.
func (s *Server) CreateCategory(ctx context.Context, req *productv1.CreateCategoryRequest) (*productv1.CreateCategoryResponse, error) {
	call := idempotency.NewCall(ctx, productv1.ProductService_CreateCategory_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &productv1.CreateCategoryResponse{}, func(ctx context.Context) (*productv1.CreateCategoryResponse, error) {
		cat, err := s.catalog.CreateCategory(ctx, categoryFields(req.GetCategory()))
		if err != nil {
			return nil, err
		}
		return &productv1.CreateCategoryResponse{Category: categoryToProto(cat)}, nil
	})
}
