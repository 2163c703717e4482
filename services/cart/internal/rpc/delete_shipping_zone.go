package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// DeleteShippingZone removes a zone.
func (s *ShippingServer) DeleteShippingZone(ctx context.Context, req *cartv1.DeleteShippingZoneRequest) (*cartv1.DeleteShippingZoneResponse, error) {
	if err := requireStaff(ctx); err != nil {
		return nil, err
	}
	call := idempotency.NewCall(ctx, shippingService+"DeleteShippingZone", req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &cartv1.DeleteShippingZoneResponse{}, func(ctx context.Context) (*cartv1.DeleteShippingZoneResponse, error) {
		return &cartv1.DeleteShippingZoneResponse{}, s.zones.Remove(ctx, req.GetKey(), req.GetVersion())
	})
}
