package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// UpdateCategory replaces a category's fields; it may move in the tree.
func (s *Server) UpdateCategory(ctx context.Context, req *productv1.UpdateCategoryRequest) (*productv1.UpdateCategoryResponse, error) {
	call := idempotency.NewCall(ctx, productv1.ProductService_UpdateCategory_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &productv1.UpdateCategoryResponse{}, func(ctx context.Context) (*productv1.UpdateCategoryResponse, error) {
		cat, err := s.catalog.UpdateCategory(ctx, req.GetId(), categoryFields(req.GetCategory()), req.GetVersion())
		if err != nil {
			return nil, err
		}
		return &productv1.UpdateCategoryResponse{Category: categoryToProto(cat)}, nil
	})
}
