package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// channelAdminService relays ChannelAdminService: the methods have no rules of their own.
type channelAdminService struct {
	adminv1.UnimplementedChannelAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// ListChannels implements ChannelAdminService.
func (s *channelAdminService) ListChannels(ctx context.Context, req *adminv1.ListChannelsRequest) (*adminv1.ListChannelsResponse, error) {
	return relay.Call[*adminv1.ListChannelsResponse](ctx, s.mapper, req, s.peers.Products.ListChannels)
}

// GetChannel implements ChannelAdminService.
func (s *channelAdminService) GetChannel(ctx context.Context, req *adminv1.GetChannelRequest) (*adminv1.GetChannelResponse, error) {
	return relay.Call[*adminv1.GetChannelResponse](ctx, s.mapper, req, s.peers.Products.GetChannel)
}

// CreateChannel implements ChannelAdminService.
func (s *channelAdminService) CreateChannel(ctx context.Context, req *adminv1.CreateChannelRequest) (*adminv1.CreateChannelResponse, error) {
	return relay.Call[*adminv1.CreateChannelResponse](ctx, s.mapper, req, s.peers.Products.CreateChannel)
}

// UpdateChannel implements ChannelAdminService.
func (s *channelAdminService) UpdateChannel(ctx context.Context, req *adminv1.UpdateChannelRequest) (*adminv1.UpdateChannelResponse, error) {
	return relay.Call[*adminv1.UpdateChannelResponse](ctx, s.mapper, req, s.peers.Products.UpdateChannel)
}
