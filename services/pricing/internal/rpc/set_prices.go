package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// SetPrices sets prices of a list, all or none.
func (s *Server) SetPrices(ctx context.Context, req *pricingv1.SetPricesRequest) (*pricingv1.SetPricesResponse, error) {
	return once(ctx, s, pricingv1.PricingService_SetPrices_FullMethodName, req, func(ctx context.Context) (*pricingv1.SetPricesResponse, error) {
		changed, err := s.lists.SetPrices(ctx, req.GetPriceListKey(), mapSlice(req.GetEntries(), priceFromProto))
		if err != nil {
			return nil, err
		}
		return &pricingv1.SetPricesResponse{ChangedCount: int32(changed)}, nil
	})
}
