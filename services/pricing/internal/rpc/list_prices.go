package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
)

// ListPrices reads the prices of a list by SKU and tier.
func (s *Server) ListPrices(ctx context.Context, req *pricingv1.ListPricesRequest) (*pricingv1.ListPricesResponse, error) {
	prices, next, err := s.lists.ListPrices(ctx, pricelist.PriceQuery{
		ListKey: req.GetPriceListKey(), SKUs: req.GetSkus(), PageSize: req.GetPageSize(), PageToken: req.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	return &pricingv1.ListPricesResponse{Prices: mapSlice(prices, priceToProto), NextPageToken: next}, nil
}
