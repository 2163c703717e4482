package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// SetPaymentMethod creates or replaces where a method is offered.
func (s *Server) SetPaymentMethod(ctx context.Context, r *paymentv1.SetPaymentMethodRequest) (*paymentv1.SetPaymentMethodResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	given := r.GetSetting()
	setting := payment.MethodSetting{
		Channel: given.GetChannel(), Method: given.GetMethod(), Title: given.GetTitle(), Enabled: given.GetEnabled(),
		Countries: given.GetCountries(), Currencies: given.GetCurrencies(), Minimums: map[string]int64{},
		Position: int(given.GetPosition()), Version: given.GetVersion(),
	}
	for _, minimum := range given.GetMinimums() {
		setting.Minimums[minimum.GetCurrencyCode()] = minimum.GetMinorUnits()
	}
	call := idempotency.NewCall(ctx, paymentv1.PaymentService_SetPaymentMethod_FullMethodName, r.GetRequestId(), r)
	return idempotency.Do(ctx, s.keeper, call, (*paymentv1.SetPaymentMethodResponse)(nil), func(ctx context.Context) (*paymentv1.SetPaymentMethodResponse, error) {
		saved, err := s.payments.SaveSetting(ctx, setting)
		if err != nil {
			return nil, err
		}
		return &paymentv1.SetPaymentMethodResponse{Setting: settingOf(saved)}, nil
	})
}
