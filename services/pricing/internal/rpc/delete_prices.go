package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
)

// DeletePrices deletes prices of a list.
func (s *Server) DeletePrices(ctx context.Context, req *pricingv1.DeletePricesRequest) (*pricingv1.DeletePricesResponse, error) {
	return once(ctx, s, pricingv1.PricingService_DeletePrices_FullMethodName, req, func(ctx context.Context) (*pricingv1.DeletePricesResponse, error) {
		keys := mapSlice(req.GetPrices(), func(k *pricingv1.PriceKey) pricelist.PriceKey {
			return pricelist.PriceKey{SKU: k.GetSku(), MinQuantity: k.GetMinQuantity()}
		})
		deleted, err := s.lists.DeletePrices(ctx, req.GetPriceListKey(), keys)
		if err != nil {
			return nil, err
		}
		return &pricingv1.DeletePricesResponse{DeletedCount: int32(deleted)}, nil
	})
}
