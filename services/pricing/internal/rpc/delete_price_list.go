package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// DeletePriceList deletes a price list with its prices.
func (s *Server) DeletePriceList(ctx context.Context, req *pricingv1.DeletePriceListRequest) (*pricingv1.DeletePriceListResponse, error) {
	return once(ctx, s, pricingv1.PricingService_DeletePriceList_FullMethodName, req, func(ctx context.Context) (*pricingv1.DeletePriceListResponse, error) {
		if err := s.lists.DeletePriceList(ctx, req.GetKey(), req.GetVersion()); err != nil {
			return nil, err
		}
		return &pricingv1.DeletePriceListResponse{}, nil
	})
}
