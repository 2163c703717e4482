package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// GetPriceList reads one price list.
func (s *Server) GetPriceList(ctx context.Context, req *pricingv1.GetPriceListRequest) (*pricingv1.GetPriceListResponse, error) {
	list, err := s.lists.GetPriceList(ctx, req.GetKey())
	if err != nil {
		return nil, err
	}
	return &pricingv1.GetPriceListResponse{PriceList: priceListToProto(list)}, nil
}
