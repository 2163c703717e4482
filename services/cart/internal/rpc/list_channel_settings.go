package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/settings"
)

// ListChannelSettings answers a page of settings by channel.
func (s *SettingsServer) ListChannelSettings(ctx context.Context, req *cartv1.ListChannelSettingsRequest) (*cartv1.ListChannelSettingsResponse, error) {
	if err := requireStaff(ctx); err != nil {
		return nil, err
	}
	p, err := pageOf(req, "channel-settings")
	if err != nil {
		return nil, err
	}
	list, err := s.settings.List(ctx, p.after, p.size+1)
	if err != nil {
		return nil, err
	}
	list, token, err := cut(p, list, func(one settings.Settings) string { return one.Channel })
	resp := &cartv1.ListChannelSettingsResponse{NextPageToken: token}
	for _, one := range list {
		resp.Settings = append(resp.Settings, settingsToProto(one))
	}
	return resp, err
}
