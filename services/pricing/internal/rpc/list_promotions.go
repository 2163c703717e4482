package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
)

// ListPromotions reads promotions by key.
func (s *Server) ListPromotions(ctx context.Context, req *pricingv1.ListPromotionsRequest) (*pricingv1.ListPromotionsResponse, error) {
	filter := promotion.All
	switch req.GetState() {
	case pricingv1.PromotionState_PROMOTION_STATE_LIVE:
		filter = promotion.Live
	case pricingv1.PromotionState_PROMOTION_STATE_ARCHIVED:
		filter = promotion.Archived
	case pricingv1.PromotionState_PROMOTION_STATE_UNSPECIFIED:
	}
	promotions, next, err := s.promotions.ListPromotions(ctx, filter, req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &pricingv1.ListPromotionsResponse{Promotions: mapSlice(promotions, promotionToProto), NextPageToken: next}, nil
}
