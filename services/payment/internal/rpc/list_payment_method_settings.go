package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
)

// ListPaymentMethodSettings lists settings by channel and method.
func (s *Server) ListPaymentMethodSettings(ctx context.Context, r *paymentv1.ListPaymentMethodSettingsRequest) (*paymentv1.ListPaymentMethodSettingsResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	var after [2]string
	p, err := pageOf(r.GetPageSize(), r.GetPageToken(), &after, "settings", r.GetChannel())
	if err != nil {
		return nil, err
	}
	settings, err := s.lister.ListSettings(ctx, r.GetChannel(), after, p.size+1)
	if err != nil {
		return nil, err
	}
	settings, next, err := cut(p, settings, func(m payment.MethodSetting) any { return [2]string{m.Channel, m.Method} })
	if err != nil {
		return nil, err
	}
	response := &paymentv1.ListPaymentMethodSettingsResponse{NextPageToken: next}
	for _, m := range settings {
		response.Settings = append(response.Settings, settingOf(m))
	}
	return response, nil
}
