package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// RedeemCoupons makes the reserved uses of a placed order final.
func (s *Server) RedeemCoupons(ctx context.Context, req *pricingv1.RedeemCouponsRequest) (*pricingv1.RedeemCouponsResponse, error) {
	resp, err := once(ctx, s, pricingv1.PricingService_RedeemCoupons_FullMethodName, req, func(ctx context.Context) (*pricingv1.RedeemCouponsResponse, error) {
		use, err := s.uses.RedeemCoupons(ctx, req.GetOrderId(), req.GetGeneration())
		if err != nil {
			return nil, err
		}
		return &pricingv1.RedeemCouponsResponse{OrderUse: orderUseToProto(use)}, nil
	})
	s.count("redeem", err)
	return resp, err
}
