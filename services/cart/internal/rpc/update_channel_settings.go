package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// UpdateChannelSettings replaces a channel's settings.
func (s *SettingsServer) UpdateChannelSettings(ctx context.Context, req *cartv1.UpdateChannelSettingsRequest) (*cartv1.UpdateChannelSettingsResponse, error) {
	if err := requireStaff(ctx); err != nil {
		return nil, err
	}
	wanted := settingsOf(req.GetSettings())
	call := idempotency.NewCall(ctx, settingsService+"UpdateChannelSettings", req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &cartv1.UpdateChannelSettingsResponse{}, func(ctx context.Context) (*cartv1.UpdateChannelSettingsResponse, error) {
		saved, err := s.settings.Update(ctx, wanted)
		if err != nil {
			return nil, err
		}
		return &cartv1.UpdateChannelSettingsResponse{Settings: settingsToProto(saved)}, nil
	})
}
