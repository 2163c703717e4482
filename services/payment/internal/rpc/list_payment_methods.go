package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
)

// ListPaymentMethods gives the methods that a buyer can be offered.
func (s *Server) ListPaymentMethods(ctx context.Context, r *paymentv1.ListPaymentMethodsRequest) (*paymentv1.ListPaymentMethodsResponse, error) {
	methods, err := s.payments.Offer(ctx, r.GetChannel(), r.GetCountryCode(), r.GetCurrencyCode())
	if err != nil {
		return nil, err
	}
	response := &paymentv1.ListPaymentMethodsResponse{}
	for _, m := range methods {
		response.Methods = append(response.Methods, &paymentv1.PaymentMethod{
			Key: m.Method, Title: m.Title, SeparatesCapture: m.SeparatesCapture, NeedsAction: m.Redirect, Async: m.Async,
			Minimum: amountOf(r.GetCurrencyCode(), m.Minimums[r.GetCurrencyCode()]),
		})
	}
	return response, nil
}
