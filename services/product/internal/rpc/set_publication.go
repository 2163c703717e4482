package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// SetPublication sets a product's status in one channel.
func (s *Server) SetPublication(ctx context.Context, req *productv1.SetPublicationRequest) (*productv1.SetPublicationResponse, error) {
	call := idempotency.NewCall(ctx, productv1.ProductService_SetPublication_FullMethodName, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &productv1.SetPublicationResponse{}, func(ctx context.Context) (*productv1.SetPublicationResponse, error) {
		p, ch, err := s.catalog.SetPublication(ctx, catalog.Publish{
			ProductID: req.GetProductId(), Channel: req.GetChannel(), Status: statusFromProto(req.GetStatus()), Version: req.GetVersion(),
		})
		if err != nil {
			return nil, err
		}
		return &productv1.SetPublicationResponse{Product: productToProto(catalog.Seen{Product: p, Publication: p.In(ch.Key)})}, nil
	})
}
