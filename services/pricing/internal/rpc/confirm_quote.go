package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/redemption"
)

// ConfirmQuote prices the basket again and reserves the promotions it uses for the order.
func (s *Server) ConfirmQuote(ctx context.Context, req *pricingv1.ConfirmQuoteRequest) (*pricingv1.ConfirmQuoteResponse, error) {
	resp, err := once(ctx, s, pricingv1.PricingService_ConfirmQuote_FullMethodName, req, func(ctx context.Context) (*pricingv1.ConfirmQuoteResponse, error) {
		q, use, err := s.uses.ConfirmQuote(ctx, redemption.Confirmation{
			OrderID: req.GetOrderId(), Generation: req.GetGeneration(), Basket: basketFromProto(req.GetBasket()),
			Expected: req.GetExpectedFingerprint(), TTL: req.GetTtl().AsDuration(),
		})
		if err != nil {
			return nil, err
		}
		return &pricingv1.ConfirmQuoteResponse{Quote: quoteToProto(q, req.GetOmitSteps()), OrderUse: orderUseToProto(use)}, nil
	})
	s.count("confirm", err)
	return resp, err
}
