package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// BatchGetPrices answers what SKUs cost one buyer, in the order they were first named.
func (s *Server) BatchGetPrices(ctx context.Context, req *pricingv1.BatchGetPricesRequest) (*pricingv1.BatchGetPricesResponse, error) {
	ladders, err := s.lists.BatchGetPrices(ctx, req.GetSkus(), buyerFromProto(req.GetContext()))
	if err != nil {
		return nil, err
	}
	resp := &pricingv1.BatchGetPricesResponse{Prices: make([]*pricingv1.SkuPrice, 0, len(ladders))}
	for _, sku := range req.GetSkus() {
		if ladder, ok := ladders[sku]; ok {
			resp.Prices = append(resp.Prices, skuPriceToProto(sku, ladder))
			delete(ladders, sku)
		}
	}
	return resp, nil
}
