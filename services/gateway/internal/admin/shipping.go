package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// shippingAdminService relays ShippingAdminService: the methods have no rules of their own.
type shippingAdminService struct {
	adminv1.UnimplementedShippingAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// CreateShippingZone implements ShippingAdminService.
func (s *shippingAdminService) CreateShippingZone(ctx context.Context, req *adminv1.CreateShippingZoneRequest) (*adminv1.CreateShippingZoneResponse, error) {
	return relay.Call[*adminv1.CreateShippingZoneResponse](ctx, s.mapper, req, s.peers.Shipping.CreateShippingZone)
}

// UpdateShippingZone implements ShippingAdminService.
func (s *shippingAdminService) UpdateShippingZone(ctx context.Context, req *adminv1.UpdateShippingZoneRequest) (*adminv1.UpdateShippingZoneResponse, error) {
	return relay.Call[*adminv1.UpdateShippingZoneResponse](ctx, s.mapper, req, s.peers.Shipping.UpdateShippingZone)
}

// GetShippingZone implements ShippingAdminService.
func (s *shippingAdminService) GetShippingZone(ctx context.Context, req *adminv1.GetShippingZoneRequest) (*adminv1.GetShippingZoneResponse, error) {
	return relay.Call[*adminv1.GetShippingZoneResponse](ctx, s.mapper, req, s.peers.Shipping.GetShippingZone)
}

// ListShippingZones implements ShippingAdminService.
func (s *shippingAdminService) ListShippingZones(ctx context.Context, req *adminv1.ListShippingZonesRequest) (*adminv1.ListShippingZonesResponse, error) {
	return relay.Call[*adminv1.ListShippingZonesResponse](ctx, s.mapper, req, s.peers.Shipping.ListShippingZones)
}

// DeleteShippingZone implements ShippingAdminService.
func (s *shippingAdminService) DeleteShippingZone(ctx context.Context, req *adminv1.DeleteShippingZoneRequest) (*adminv1.DeleteShippingZoneResponse, error) {
	return relay.Call[*adminv1.DeleteShippingZoneResponse](ctx, s.mapper, req, s.peers.Shipping.DeleteShippingZone)
}
