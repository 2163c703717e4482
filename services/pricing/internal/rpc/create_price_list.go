package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// CreatePriceList makes a price list.
func (s *Server) CreatePriceList(ctx context.Context, req *pricingv1.CreatePriceListRequest) (*pricingv1.CreatePriceListResponse, error) {
	return once(ctx, s, pricingv1.PricingService_CreatePriceList_FullMethodName, req, func(ctx context.Context) (*pricingv1.CreatePriceListResponse, error) {
		list, err := s.lists.CreatePriceList(ctx, priceListFromProto(req.GetPriceList()))
		if err != nil {
			return nil, err
		}
		return &pricingv1.CreatePriceListResponse{PriceList: priceListToProto(list)}, nil
	})
}
