package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// DeleteCategory removes a category without children.
func (s *Server) DeleteCategory(ctx context.Context, req *productv1.DeleteCategoryRequest) (*productv1.DeleteCategoryResponse, error) {
	call := idempotency.NewCall(ctx, productv1.ProductService_DeleteCategory_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &productv1.DeleteCategoryResponse{}, func(ctx context.Context) (*productv1.DeleteCategoryResponse, error) {
		return &productv1.DeleteCategoryResponse{}, s.catalog.DeleteCategory(ctx, req.GetId(), req.GetVersion())
	})
}
