package storefront

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/channel"
)

// GetCollection returns a collection by id or handle in the language asked for.
func (s *catalogService) GetCollection(ctx context.Context, req *storefrontv1.GetCollectionRequest) (*storefrontv1.GetCollectionResponse, error) {
	ctx, cancel := s.deps.browse(ctx)
	defer cancel()
	in, err := s.deps.Channels.Resolve(ctx, channel.Wanted{Channel: req.GetChannel()})
	if err != nil {
		return nil, err
	}
	query := &productv1.GetCollectionRequest{Locale: in.Locale(req.GetLocale())}
	if isID(req.GetCollection()) {
		query.Key = &productv1.GetCollectionRequest_Id{Id: req.GetCollection()}
	} else {
		query.Key = &productv1.GetCollectionRequest_Handle{Handle: req.GetCollection()}
	}
	answer, err := s.deps.Peers.Products.GetCollection(ctx, query)
	if err != nil {
		return nil, err
	}
	return &storefrontv1.GetCollectionResponse{Collection: publicCollection(answer.GetCollection())}, nil
}
