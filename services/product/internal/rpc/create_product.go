package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// CreateProduct adds a product, a draft everywhere.
func (s *Server) CreateProduct(ctx context.Context, req *productv1.CreateProductRequest) (*productv1.CreateProductResponse, error) {
	call := idempotency.NewCall(ctx, productv1.ProductService_CreateProduct_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &productv1.CreateProductResponse{}, func(ctx context.Context) (*productv1.CreateProductResponse, error) {
		p, err := s.catalog.CreateProduct(ctx, productFields(req.GetProduct()))
		if err != nil {
			return nil, err
		}
		return &productv1.CreateProductResponse{Product: productToProto(catalog.Seen{Product: p})}, nil
	})
}
