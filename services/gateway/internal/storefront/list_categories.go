package storefront

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// maxCategories bounds the tree that one answer carries.
const maxCategories = 2000

// ListCategories reads the whole tree, which storefronts keep: its pages are put together here.
func (s *catalogService) ListCategories(ctx context.Context, req *storefrontv1.ListCategoriesRequest) (*storefrontv1.ListCategoriesResponse, error) {
	out := &storefrontv1.ListCategoriesResponse{}
	token := ""
	for len(out.GetCategories()) < maxCategories {
		page, err := s.deps.Peers.Products.ListCategories(ctx, &productv1.ListCategoriesRequest{
			Locale: req.GetLocale(), PageSize: 200, PageToken: token,
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
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	return out, nil
}
