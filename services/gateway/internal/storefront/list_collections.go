package storefront

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/channel"
)

// ListCollections lists the merchant's collections in the language asked for.
func (s *catalogService) ListCollections(ctx context.Context, req *storefrontv1.ListCollectionsRequest) (*storefrontv1.ListCollectionsResponse, error) {
	ctx, cancel := s.deps.browse(ctx)
	defer cancel()
	in, err := s.deps.Channels.Resolve(ctx, channel.Wanted{Channel: req.GetChannel()})
	if err != nil {
		return nil, err
	}
	page, err := s.deps.Peers.Products.ListCollections(ctx, &productv1.ListCollectionsRequest{
		Locale: in.Locale(req.GetLocale()), PageSize: pageSize(req.GetPageSize()), PageToken: req.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	out := &storefrontv1.ListCollectionsResponse{NextPageToken: page.GetNextPageToken()}
	for _, collection := range page.GetCollections() {
		out.Collections = append(out.Collections, publicCollection(collection))
	}
	return out, nil
}

// publicCollection leaves out how many products staff have put in: some may not be published.
func publicCollection(c *productv1.Collection) *storefrontv1.Collection {
	return &storefrontv1.Collection{Id: c.GetId(), Handle: c.GetHandle(), Name: c.GetName(), DescriptionHtml: c.GetDescriptionHtml()}
}
