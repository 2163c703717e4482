package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// UpdatePromotion replaces a promotion.
func (s *Server) UpdatePromotion(ctx context.Context, req *pricingv1.UpdatePromotionRequest) (*pricingv1.UpdatePromotionResponse, error) {
	return once(ctx, s, pricingv1.PricingService_UpdatePromotion_FullMethodName, req, func(ctx context.Context) (*pricingv1.UpdatePromotionResponse, error) {
		p, err := s.promotions.UpdatePromotion(ctx, promotionFromProto(req.GetPromotion()))
		if err != nil {
			return nil, err
		}
		return &pricingv1.UpdatePromotionResponse{Promotion: promotionToProto(p)}, nil
	})
}
