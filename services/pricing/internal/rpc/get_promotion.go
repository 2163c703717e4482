package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// GetPromotion reads one promotion.
func (s *Server) GetPromotion(ctx context.Context, req *pricingv1.GetPromotionRequest) (*pricingv1.GetPromotionResponse, error) {
	p, err := s.promotions.GetPromotion(ctx, req.GetKey())
	if err != nil {
		return nil, err
	}
	return &pricingv1.GetPromotionResponse{Promotion: promotionToProto(p)}, nil
}
