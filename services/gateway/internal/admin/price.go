package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// priceAdminService relays PriceAdminService: the methods have no rules of their own.
type priceAdminService struct {
	adminv1.UnimplementedPriceAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// CreatePriceList implements PriceAdminService.
func (s *priceAdminService) CreatePriceList(ctx context.Context, req *adminv1.CreatePriceListRequest) (*adminv1.CreatePriceListResponse, error) {
	return relay.Call[*adminv1.CreatePriceListResponse](ctx, s.mapper, req, s.peers.Pricing.CreatePriceList)
}

// UpdatePriceList implements PriceAdminService.
func (s *priceAdminService) UpdatePriceList(ctx context.Context, req *adminv1.UpdatePriceListRequest) (*adminv1.UpdatePriceListResponse, error) {
	return relay.Call[*adminv1.UpdatePriceListResponse](ctx, s.mapper, req, s.peers.Pricing.UpdatePriceList)
}

// GetPriceList implements PriceAdminService.
func (s *priceAdminService) GetPriceList(ctx context.Context, req *adminv1.GetPriceListRequest) (*adminv1.GetPriceListResponse, error) {
	return relay.Call[*adminv1.GetPriceListResponse](ctx, s.mapper, req, s.peers.Pricing.GetPriceList)
}

// ListPriceLists implements PriceAdminService.
func (s *priceAdminService) ListPriceLists(ctx context.Context, req *adminv1.ListPriceListsRequest) (*adminv1.ListPriceListsResponse, error) {
	return relay.Call[*adminv1.ListPriceListsResponse](ctx, s.mapper, req, s.peers.Pricing.ListPriceLists)
}

// DeletePriceList implements PriceAdminService.
func (s *priceAdminService) DeletePriceList(ctx context.Context, req *adminv1.DeletePriceListRequest) (*adminv1.DeletePriceListResponse, error) {
	return relay.Call[*adminv1.DeletePriceListResponse](ctx, s.mapper, req, s.peers.Pricing.DeletePriceList)
}

// SetPrices implements PriceAdminService.
func (s *priceAdminService) SetPrices(ctx context.Context, req *adminv1.SetPricesRequest) (*adminv1.SetPricesResponse, error) {
	return relay.Call[*adminv1.SetPricesResponse](ctx, s.mapper, req, s.peers.Pricing.SetPrices)
}

// DeletePrices implements PriceAdminService.
func (s *priceAdminService) DeletePrices(ctx context.Context, req *adminv1.DeletePricesRequest) (*adminv1.DeletePricesResponse, error) {
	return relay.Call[*adminv1.DeletePricesResponse](ctx, s.mapper, req, s.peers.Pricing.DeletePrices)
}

// ListPrices implements PriceAdminService.
func (s *priceAdminService) ListPrices(ctx context.Context, req *adminv1.ListPricesRequest) (*adminv1.ListPricesResponse, error) {
	return relay.Call[*adminv1.ListPricesResponse](ctx, s.mapper, req, s.peers.Pricing.ListPrices)
}
