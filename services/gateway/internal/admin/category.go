package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// categoryAdminService relays CategoryAdminService: the methods have no rules of their own.
type categoryAdminService struct {
	adminv1.UnimplementedCategoryAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// CreateCategory implements CategoryAdminService.
func (s *categoryAdminService) CreateCategory(ctx context.Context, req *adminv1.CreateCategoryRequest) (*adminv1.CreateCategoryResponse, error) {
	return relay.Call[*adminv1.CreateCategoryResponse](ctx, s.mapper, req, s.peers.Products.CreateCategory)
}

// UpdateCategory implements CategoryAdminService.
func (s *categoryAdminService) UpdateCategory(ctx context.Context, req *adminv1.UpdateCategoryRequest) (*adminv1.UpdateCategoryResponse, error) {
	return relay.Call[*adminv1.UpdateCategoryResponse](ctx, s.mapper, req, s.peers.Products.UpdateCategory)
}

// GetCategory implements CategoryAdminService.
func (s *categoryAdminService) GetCategory(ctx context.Context, req *adminv1.GetCategoryRequest) (*adminv1.GetCategoryResponse, error) {
	return relay.Call[*adminv1.GetCategoryResponse](ctx, s.mapper, req, s.peers.Products.GetCategory)
}

// ListCategories implements CategoryAdminService.
func (s *categoryAdminService) ListCategories(ctx context.Context, req *adminv1.ListCategoriesRequest) (*adminv1.ListCategoriesResponse, error) {
	return relay.Call[*adminv1.ListCategoriesResponse](ctx, s.mapper, req, s.peers.Products.ListCategories)
}

// DeleteCategory implements CategoryAdminService.
func (s *categoryAdminService) DeleteCategory(ctx context.Context, req *adminv1.DeleteCategoryRequest) (*adminv1.DeleteCategoryResponse, error) {
	return relay.Call[*adminv1.DeleteCategoryResponse](ctx, s.mapper, req, s.peers.Products.DeleteCategory)
}

// CreateCollection implements CategoryAdminService.
func (s *categoryAdminService) CreateCollection(ctx context.Context, req *adminv1.CreateCollectionRequest) (*adminv1.CreateCollectionResponse, error) {
	return relay.Call[*adminv1.CreateCollectionResponse](ctx, s.mapper, req, s.peers.Products.CreateCollection)
}

// UpdateCollection implements CategoryAdminService.
func (s *categoryAdminService) UpdateCollection(ctx context.Context, req *adminv1.UpdateCollectionRequest) (*adminv1.UpdateCollectionResponse, error) {
	return relay.Call[*adminv1.UpdateCollectionResponse](ctx, s.mapper, req, s.peers.Products.UpdateCollection)
}

// GetCollection implements CategoryAdminService.
func (s *categoryAdminService) GetCollection(ctx context.Context, req *adminv1.GetCollectionRequest) (*adminv1.GetCollectionResponse, error) {
	return relay.Call[*adminv1.GetCollectionResponse](ctx, s.mapper, req, s.peers.Products.GetCollection)
}

// ListCollections implements CategoryAdminService.
func (s *categoryAdminService) ListCollections(ctx context.Context, req *adminv1.ListCollectionsRequest) (*adminv1.ListCollectionsResponse, error) {
	return relay.Call[*adminv1.ListCollectionsResponse](ctx, s.mapper, req, s.peers.Products.ListCollections)
}

// DeleteCollection implements CategoryAdminService.
func (s *categoryAdminService) DeleteCollection(ctx context.Context, req *adminv1.DeleteCollectionRequest) (*adminv1.DeleteCollectionResponse, error) {
	return relay.Call[*adminv1.DeleteCollectionResponse](ctx, s.mapper, req, s.peers.Products.DeleteCollection)
}

// SetCollectionProducts implements CategoryAdminService.
func (s *categoryAdminService) SetCollectionProducts(ctx context.Context, req *adminv1.SetCollectionProductsRequest) (*adminv1.SetCollectionProductsResponse, error) {
	return relay.Call[*adminv1.SetCollectionProductsResponse](ctx, s.mapper, req, s.peers.Products.SetCollectionProducts)
}
