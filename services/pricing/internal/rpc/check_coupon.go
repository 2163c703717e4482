package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
)

// CheckCoupon tries a code that a buyer enters.
func (s *Server) CheckCoupon(ctx context.Context, req *pricingv1.CheckCouponRequest) (*pricingv1.CheckCouponResponse, error) {
	q, err := s.quotes.CheckCoupon(ctx, basketFromProto(req.GetBasket()), req.GetCode(), req.GetAttemptKey())
	s.count("check", err)
	if err != nil {
		return nil, err
	}
	return &pricingv1.CheckCouponResponse{Code: promotion.Fold(req.GetCode()), Quote: quoteToProto(q, false)}, nil
}
