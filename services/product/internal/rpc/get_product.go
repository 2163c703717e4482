package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// GetProduct gives one product by id or handle.
func (s *Server) GetProduct(ctx context.Context, req *productv1.GetProductRequest) (*productv1.GetProductResponse, error) {
	view := catalog.View{Channel: req.GetChannel(), Locale: req.GetLocale(), IncludeUnpublished: req.GetIncludeUnpublished()}
	seen, err := s.catalog.Product(ctx, catalog.Key{ID: req.GetId(), Handle: req.GetHandle()}, view)
	if err != nil {
		return nil, err
	}
	return &productv1.GetProductResponse{Product: productToProto(seen)}, nil
}
