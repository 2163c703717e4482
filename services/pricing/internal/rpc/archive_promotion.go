package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// ArchivePromotion ends a promotion for good.
func (s *Server) ArchivePromotion(ctx context.Context, req *pricingv1.ArchivePromotionRequest) (*pricingv1.ArchivePromotionResponse, error) {
	return once(ctx, s, pricingv1.PricingService_ArchivePromotion_FullMethodName, req, func(ctx context.Context) (*pricingv1.ArchivePromotionResponse, error) {
		p, err := s.promotions.ArchivePromotion(ctx, req.GetKey(), req.GetVersion())
		if err != nil {
			return nil, err
		}
		return &pricingv1.ArchivePromotionResponse{Promotion: promotionToProto(p)}, nil
	})
}
