package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// DeleteProduct removes a product for good.
func (s *Server) DeleteProduct(ctx context.Context, req *productv1.DeleteProductRequest) (*productv1.DeleteProductResponse, error) {
	call := idempotency.NewCall(ctx, productv1.ProductService_DeleteProduct_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &productv1.DeleteProductResponse{}, func(ctx context.Context) (*productv1.DeleteProductResponse, error) {
		return &productv1.DeleteProductResponse{}, s.catalog.DeleteProduct(ctx, req.GetId(), req.GetVersion())
	})
}
