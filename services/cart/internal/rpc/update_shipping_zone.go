package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// UpdateShippingZone replaces a zone.
func (s *ShippingServer) UpdateShippingZone(ctx context.Context, req *cartv1.UpdateShippingZoneRequest) (*cartv1.UpdateShippingZoneResponse, error) {
	if err := requireStaff(ctx); err != nil {
		return nil, err
	}
	zone, err := zoneOf(req.GetZone())
	if err != nil {
		return nil, err
	}
	call := idempotency.NewCall(ctx, shippingService+"UpdateShippingZone", req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &cartv1.UpdateShippingZoneResponse{}, func(ctx context.Context) (*cartv1.UpdateShippingZoneResponse, error) {
		saved, err := s.zones.Replace(ctx, zone)
		if err != nil {
			return nil, err
		}
		return &cartv1.UpdateShippingZoneResponse{Zone: zoneToProto(saved)}, nil
	})
}
