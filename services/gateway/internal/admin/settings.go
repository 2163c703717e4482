package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// channelSettingsAdminService relays ChannelSettingsAdminService: the methods have no rules of their own.
type channelSettingsAdminService struct {
	adminv1.UnimplementedChannelSettingsAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// GetChannelSettings implements ChannelSettingsAdminService.
func (s *channelSettingsAdminService) GetChannelSettings(ctx context.Context, req *adminv1.GetChannelSettingsRequest) (*adminv1.GetChannelSettingsResponse, error) {
	return relay.Call[*adminv1.GetChannelSettingsResponse](ctx, s.mapper, req, s.peers.Settings.GetChannelSettings)
}

// ListChannelSettings implements ChannelSettingsAdminService.
func (s *channelSettingsAdminService) ListChannelSettings(ctx context.Context, req *adminv1.ListChannelSettingsRequest) (*adminv1.ListChannelSettingsResponse, error) {
	return relay.Call[*adminv1.ListChannelSettingsResponse](ctx, s.mapper, req, s.peers.Settings.ListChannelSettings)
}

// UpdateChannelSettings implements ChannelSettingsAdminService.
func (s *channelSettingsAdminService) UpdateChannelSettings(ctx context.Context, req *adminv1.UpdateChannelSettingsRequest) (*adminv1.UpdateChannelSettingsResponse, error) {
	return relay.Call[*adminv1.UpdateChannelSettingsResponse](ctx, s.mapper, req, s.peers.Settings.UpdateChannelSettings)
}
