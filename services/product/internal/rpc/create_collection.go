package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// CreateCollection adds an empty collection.
func (s *Server) CreateCollection(ctx context.Context, req *productv1.CreateCollectionRequest) (*productv1.CreateCollectionResponse, error) {
	call := idempotency.NewCall(ctx, productv1.ProductService_CreateCollection_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &productv1.CreateCollectionResponse{}, func(ctx context.Context) (*productv1.CreateCollectionResponse, error) {
		col, err := s.catalog.CreateCollection(ctx, collectionFields(req.GetCollection()))
		if err != nil {
			return nil, err
		}
		return &productv1.CreateCollectionResponse{Collection: collectionToProto(col)}, nil
	})
}
