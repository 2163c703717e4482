package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// productAdminService relays ProductAdminService: the methods have no rules of their own.
type productAdminService struct {
	adminv1.UnimplementedProductAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// CreateProduct implements ProductAdminService.
func (s *productAdminService) CreateProduct(ctx context.Context, req *adminv1.CreateProductRequest) (*adminv1.CreateProductResponse, error) {
	return relay.Call[*adminv1.CreateProductResponse](ctx, s.mapper, req, s.peers.Products.CreateProduct)
}

// UpdateProduct implements ProductAdminService.
func (s *productAdminService) UpdateProduct(ctx context.Context, req *adminv1.UpdateProductRequest) (*adminv1.UpdateProductResponse, error) {
	return relay.Call[*adminv1.UpdateProductResponse](ctx, s.mapper, req, s.peers.Products.UpdateProduct)
}

// GetProduct implements ProductAdminService.
func (s *productAdminService) GetProduct(ctx context.Context, req *adminv1.GetProductRequest) (*adminv1.GetProductResponse, error) {
	return relay.Call[*adminv1.GetProductResponse](ctx, s.mapper, req, s.peers.Products.GetProduct)
}

// ListProducts implements ProductAdminService.
func (s *productAdminService) ListProducts(ctx context.Context, req *adminv1.ListProductsRequest) (*adminv1.ListProductsResponse, error) {
	return relay.Call[*adminv1.ListProductsResponse](ctx, s.mapper, req, s.peers.Products.ListProducts)
}

// SearchProducts implements ProductAdminService.
func (s *productAdminService) SearchProducts(ctx context.Context, req *adminv1.SearchProductsRequest) (*adminv1.SearchProductsResponse, error) {
	return relay.Call[*adminv1.SearchProductsResponse](ctx, s.mapper, req, s.peers.Products.SearchProducts)
}

// SetPublication implements ProductAdminService.
func (s *productAdminService) SetPublication(ctx context.Context, req *adminv1.SetPublicationRequest) (*adminv1.SetPublicationResponse, error) {
	return relay.Call[*adminv1.SetPublicationResponse](ctx, s.mapper, req, s.peers.Products.SetPublication)
}

// DeleteProduct implements ProductAdminService.
func (s *productAdminService) DeleteProduct(ctx context.Context, req *adminv1.DeleteProductRequest) (*adminv1.DeleteProductResponse, error) {
	return relay.Call[*adminv1.DeleteProductResponse](ctx, s.mapper, req, s.peers.Products.DeleteProduct)
}
