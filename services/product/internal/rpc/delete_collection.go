package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// DeleteCollection removes a collection; its products stay.
func (s *Server) DeleteCollection(ctx context.Context, req *productv1.DeleteCollectionRequest) (*productv1.DeleteCollectionResponse, error) {
	call := idempotency.NewCall(ctx, productv1.ProductService_DeleteCollection_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &productv1.DeleteCollectionResponse{}, func(ctx context.Context) (*productv1.DeleteCollectionResponse, error) {
		return &productv1.DeleteCollectionResponse{}, s.catalog.DeleteCollection(ctx, req.GetId(), req.GetVersion())
	})
}
