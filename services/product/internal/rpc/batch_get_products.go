package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// BatchGetProducts gives several products by id.
func (s *Server) BatchGetProducts(ctx context.Context, req *productv1.BatchGetProductsRequest) (*productv1.BatchGetProductsResponse, error) {
	view := catalog.View{Channel: req.GetChannel(), Locale: req.GetLocale(), IncludeUnpublished: req.GetIncludeUnpublished()}
	found, err := s.catalog.Products(ctx, req.GetIds(), view)
	if err != nil {
		return nil, err
	}
	return &productv1.BatchGetProductsResponse{Products: mapped(found, productToProto)}, nil
}
