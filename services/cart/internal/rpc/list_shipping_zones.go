package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/shipping"
)

// ListShippingZones answers a page of zones by key.
func (s *ShippingServer) ListShippingZones(ctx context.Context, req *cartv1.ListShippingZonesRequest) (*cartv1.ListShippingZonesResponse, error) {
	if err := requireStaff(ctx); err != nil {
		return nil, err
	}
	p, err := pageOf(req, "shipping-zones/"+req.GetChannel())
	if err != nil {
		return nil, err
	}
	zones, err := s.zones.List(ctx, req.GetChannel(), p.after, p.size+1)
	if err != nil {
		return nil, err
	}
	zones, token, err := cut(p, zones, func(z shipping.Zone) string { return z.Key })
	resp := &cartv1.ListShippingZonesResponse{NextPageToken: token}
	for _, zone := range zones {
		resp.Zones = append(resp.Zones, zoneToProto(zone))
	}
	return resp, err
}
