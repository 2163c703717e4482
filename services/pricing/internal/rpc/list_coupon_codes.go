package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// ListCouponCodes reads the codes of a promotion in byte order.
func (s *Server) ListCouponCodes(ctx context.Context, req *pricingv1.ListCouponCodesRequest) (*pricingv1.ListCouponCodesResponse, error) {
	coupons, next, err := s.promotions.ListCouponCodes(ctx, req.GetPromotionKey(), req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &pricingv1.ListCouponCodesResponse{CouponCodes: mapSlice(coupons, couponToProto), NextPageToken: next}, nil
}
