package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// CreateShippingZone adds a zone.
func (s *ShippingServer) CreateShippingZone(ctx context.Context, req *cartv1.CreateShippingZoneRequest) (*cartv1.CreateShippingZoneResponse, error) {
	if err := requireStaff(ctx); err != nil {
		return nil, err
	}
	zone, err := zoneOf(req.GetZone())
	if err != nil {
		return nil, err
	}
	call := idempotency.NewCall(ctx, shippingService+"CreateShippingZone", req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &cartv1.CreateShippingZoneResponse{}, func(ctx context.Context) (*cartv1.CreateShippingZoneResponse, error) {
		saved, err := s.zones.Create(ctx, zone)
		if err != nil {
			return nil, err
		}
		return &cartv1.CreateShippingZoneResponse{Zone: zoneToProto(saved)}, nil
	})
}
