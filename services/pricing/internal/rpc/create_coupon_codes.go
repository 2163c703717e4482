package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
)

// CreateCouponCodes makes codes of a promotion, all or none.
func (s *Server) CreateCouponCodes(ctx context.Context, req *pricingv1.CreateCouponCodesRequest) (*pricingv1.CreateCouponCodesResponse, error) {
	return once(ctx, s, pricingv1.PricingService_CreateCouponCodes_FullMethodName, req, func(ctx context.Context) (*pricingv1.CreateCouponCodesResponse, error) {
		coupons, err := s.promotions.CreateCouponCodes(ctx, promotion.CodeOrder{
			PromotionKey: req.GetPromotionKey(), Codes: req.GetCodes(), Generate: int(req.GetGenerateCount()), Prefix: req.GetPrefix(),
			MaxUses: req.GetMaxUses(), CustomerKey: req.GetCustomerKey(), ValidUntil: optionalTime(req.GetValidUntil()),
		})
		if err != nil {
			return nil, err
		}
		return &pricingv1.CreateCouponCodesResponse{CouponCodes: mapSlice(coupons, couponToProto)}, nil
	})
}
