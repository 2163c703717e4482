package rpc

import (
	"context"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
)

// Quote answers what a basket costs and why.
func (s *Server) Quote(ctx context.Context, req *pricingv1.QuoteRequest) (*pricingv1.QuoteResponse, error) {
	q, err := s.quotes.Quote(ctx, basketFromProto(req.GetBasket()))
	if err != nil {
		return nil, err
	}
	return &pricingv1.QuoteResponse{Quote: quoteToProto(q, req.GetOmitSteps())}, nil
}
