package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// GetCollection gives one collection by id or handle.
func (s *Server) GetCollection(ctx context.Context, req *productv1.GetCollectionRequest) (*productv1.GetCollectionResponse, error) {
	col, err := s.catalog.Collection(ctx, catalog.Key{ID: req.GetId(), Handle: req.GetHandle()}, req.GetLocale())
	if err != nil {
		return nil, err
	}
	return &productv1.GetCollectionResponse{Collection: collectionToProto(col)}, nil
}
