package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// ListPriceLists reads price lists by key.
func (s *Server) ListPriceLists(ctx context.Context, req *pricingv1.ListPriceListsRequest) (*pricingv1.ListPriceListsResponse, error) {
	lists, next, err := s.lists.ListPriceLists(ctx, req.GetCurrencyCode(), req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &pricingv1.ListPriceListsResponse{PriceLists: mapSlice(lists, priceListToProto), NextPageToken: next}, nil
}
