package storefront

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/channel"
)

// maxCategories bounds the part of the tree that one answer carries.
const maxCategories = 1000

// ListCategories puts several of product's pages into one: storefronts read the whole tree and keep it.
func (s *catalogService) ListCategories(ctx context.Context, req *storefrontv1.ListCategoriesRequest) (*storefrontv1.ListCategoriesResponse, error) {
	ctx, cancel := s.deps.browse(ctx)
	defer cancel()
	in, err := s.deps.Channels.Resolve(ctx, channel.Wanted{Channel: req.GetChannel()})
	if err != nil {
		return nil, err
	}
	out := &storefrontv1.ListCategoriesResponse{NextPageToken: req.GetPageToken()}
	for len(out.GetCategories()) < maxCategories {
		page, err := s.deps.Peers.Products.ListCategories(ctx, &productv1.ListCategoriesRequest{
			Locale: in.Locale(req.GetLocale()), PageSize: 200, PageToken: out.GetNextPageToken(),
		})
		if err != nil {
			return nil, err
		}
		for _, category := range page.GetCategories() {
			out.Categories = append(out.Categories, &storefrontv1.Category{
				Id: category.GetId(), Handle: category.GetHandle(), Name: category.GetName(),
				ParentId: category.GetParentId(), Position: category.GetPosition(),
			})
		}
		if out.NextPageToken = page.GetNextPageToken(); out.NextPageToken == "" {
			break
		}
	}
	return out, nil
}
