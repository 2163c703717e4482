package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// GetShippingZone answers one zone.
func (s *ShippingServer) GetShippingZone(ctx context.Context, req *cartv1.GetShippingZoneRequest) (*cartv1.GetShippingZoneResponse, error) {
	if err := requireStaff(ctx); err != nil {
		return nil, err
	}
	zone, err := s.zones.Get(ctx, req.GetKey())
	if err != nil {
		return nil, err
	}
	return &cartv1.GetShippingZoneResponse{Zone: zoneToProto(zone)}, nil
}
