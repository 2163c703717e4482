package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// SetCollectionProducts replaces the ordered products of a collection.
func (s *Server) SetCollectionProducts(ctx context.Context, req *productv1.SetCollectionProductsRequest) (*productv1.SetCollectionProductsResponse, error) {
	call := idempotency.NewCall(ctx, productv1.ProductService_SetCollectionProducts_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &productv1.SetCollectionProductsResponse{}, func(ctx context.Context) (*productv1.SetCollectionProductsResponse, error) {
		col, err := s.catalog.SetCollectionProducts(ctx, req.GetId(), req.GetProductIds(), req.GetVersion())
		if err != nil {
			return nil, err
		}
		return &productv1.SetCollectionProductsResponse{Collection: collectionToProto(col)}, nil
	})
}
