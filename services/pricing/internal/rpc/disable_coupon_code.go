package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// DisableCouponCode makes a code unusable.
func (s *Server) DisableCouponCode(ctx context.Context, req *pricingv1.DisableCouponCodeRequest) (*pricingv1.DisableCouponCodeResponse, error) {
	return once(ctx, s, pricingv1.PricingService_DisableCouponCode_FullMethodName, req, func(ctx context.Context) (*pricingv1.DisableCouponCodeResponse, error) {
		coupon, err := s.promotions.DisableCouponCode(ctx, req.GetCode())
		if err != nil {
			return nil, err
		}
		return &pricingv1.DisableCouponCodeResponse{CouponCode: couponToProto(coupon)}, nil
	})
}
