package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// UpdateProduct replaces a product's fields.
func (s *Server) UpdateProduct(ctx context.Context, req *productv1.UpdateProductRequest) (*productv1.UpdateProductResponse, error) {
	call := idempotency.NewCall(ctx, productv1.ProductService_UpdateProduct_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &productv1.UpdateProductResponse{}, func(ctx context.Context) (*productv1.UpdateProductResponse, error) {
		p, err := s.catalog.UpdateProduct(ctx, req.GetId(), productFields(req.GetProduct()), req.GetVersion())
		if err != nil {
			return nil, err
		}
		return &productv1.UpdateProductResponse{Product: productToProto(catalog.Seen{Product: p})}, nil
	})
}
