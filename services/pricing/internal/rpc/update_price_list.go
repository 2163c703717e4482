package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// UpdatePriceList replaces what a price list is for.
func (s *Server) UpdatePriceList(ctx context.Context, req *pricingv1.UpdatePriceListRequest) (*pricingv1.UpdatePriceListResponse, error) {
	return once(ctx, s, pricingv1.PricingService_UpdatePriceList_FullMethodName, req, func(ctx context.Context) (*pricingv1.UpdatePriceListResponse, error) {
		list, err := s.lists.UpdatePriceList(ctx, priceListFromProto(req.GetPriceList()))
		if err != nil {
			return nil, err
		}
		return &pricingv1.UpdatePriceListResponse{PriceList: priceListToProto(list)}, nil
	})
}
