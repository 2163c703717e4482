package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// ReleaseCoupons gives the uses of an order back, once.
func (s *Server) ReleaseCoupons(ctx context.Context, req *pricingv1.ReleaseCouponsRequest) (*pricingv1.ReleaseCouponsResponse, error) {
	resp, err := once(ctx, s, pricingv1.PricingService_ReleaseCoupons_FullMethodName, req, func(ctx context.Context) (*pricingv1.ReleaseCouponsResponse, error) {
		use, err := s.uses.ReleaseCoupons(ctx, req.GetOrderId(), req.GetGeneration())
		if err != nil {
			return nil, err
		}
		return &pricingv1.ReleaseCouponsResponse{OrderUse: orderUseToProto(use)}, nil
	})
	s.count("release", err)
	return resp, err
}
