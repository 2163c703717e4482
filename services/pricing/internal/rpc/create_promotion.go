package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// CreatePromotion makes a promotion.
func (s *Server) CreatePromotion(ctx context.Context, req *pricingv1.CreatePromotionRequest) (*pricingv1.CreatePromotionResponse, error) {
	return once(ctx, s, pricingv1.PricingService_CreatePromotion_FullMethodName, req, func(ctx context.Context) (*pricingv1.CreatePromotionResponse, error) {
		p, err := s.promotions.CreatePromotion(ctx, promotionFromProto(req.GetPromotion()))
		if err != nil {
			return nil, err
		}
		return &pricingv1.CreatePromotionResponse{Promotion: promotionToProto(p)}, nil
	})
}
