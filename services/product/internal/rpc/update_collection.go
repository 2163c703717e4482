package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// UpdateCollection replaces a collection's fields.
func (s *Server) UpdateCollection(ctx context.Context, req *productv1.UpdateCollectionRequest) (*productv1.UpdateCollectionResponse, error) {
	call := idempotency.NewCall(ctx, productv1.ProductService_UpdateCollection_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &productv1.UpdateCollectionResponse{}, func(ctx context.Context) (*productv1.UpdateCollectionResponse, error) {
		col, err := s.catalog.UpdateCollection(ctx, req.GetId(), collectionFields(req.GetCollection()), req.GetVersion())
		if err != nil {
			return nil, err
		}
		return &productv1.UpdateCollectionResponse{Collection: collectionToProto(col)}, nil
	})
}
