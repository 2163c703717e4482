package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// GetChannelSettings answers the settings in force for a channel.
func (s *SettingsServer) GetChannelSettings(ctx context.Context, req *cartv1.GetChannelSettingsRequest) (*cartv1.GetChannelSettingsResponse, error) {
	if err := requireStaff(ctx); err != nil {
		return nil, err
	}
	settings, err := s.settings.Read(ctx, req.GetChannel())
	if err != nil {
		return nil, err
	}
	return &cartv1.GetChannelSettingsResponse{Settings: settingsToProto(settings)}, nil
}
