package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// ListCollections lists the collections by handle.
func (s *Server) ListCollections(ctx context.Context, req *productv1.ListCollectionsRequest) (*productv1.ListCollectionsResponse, error) {
	k, err := openKeyed(req.GetPageSize(), req.GetPageToken(), "collections")
	if err != nil {
		return nil, err
	}
	rows, err := s.catalog.ListCollections(ctx, k.after, k.limit+1, req.GetLocale())
	if err != nil {
		return nil, err
	}
	rows, next, err := cutKeyed(k, rows, func(col catalog.Collection) string { return col.Handle })
	if err != nil {
		return nil, err
	}
	return &productv1.ListCollectionsResponse{Collections: mapped(rows, collectionToProto), NextPageToken: next}, nil
}
