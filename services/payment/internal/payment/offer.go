package payment

import (
	"context"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/iso"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// Offer gives the methods that a buyer can choose from, in the order to show them.
func (s *Service) Offer(ctx context.Context, channel, country, currency string) ([]Method, error) {
	if _, err := money.New(currency, 0); err != nil {
		return nil, err
	}
	if _, ok := iso.Country(country); country != "" && !ok {
		return nil, ErrCountry.At("countryCode", "%q is not an ISO 3166-1 country code.", country)
	}
	settings, err := s.store.Settings(ctx, channel)
	if err != nil {
		return nil, err
	}
	var offered []Method
	for _, setting := range effective(settings) {
		_, capabilities, ok := s.carrier(setting.Method)
		if ok && setting.Takes(country, currency) {
			offered = append(offered, Method{MethodSetting: setting, Capabilities: capabilities})
		}
	}
	return offered, nil
}

// SaveSetting creates or replaces where a method is offered.
func (s *Service) SaveSetting(ctx context.Context, m MethodSetting) (MethodSetting, error) {
	if _, _, ok := s.carrier(m.Method); !ok {
		return MethodSetting{}, ErrMethod.At("setting.method", "No provider has the method %q.", m.Method)
	}
	for _, code := range m.Countries {
		if _, ok := iso.Country(code); !ok {
			return MethodSetting{}, ErrCountry.At("setting.countries", "%q is not an ISO 3166-1 country code.", code)
		}
	}
	for _, code := range m.Currencies {
		if _, ok := iso.Currency(code); !ok {
			return MethodSetting{}, money.ErrCurrency.At("setting.currencies", "%q is not an ISO 4217 code.", code)
		}
	}
	for code, least := range m.Minimums {
		if _, err := money.New(code, least); err != nil {
			return MethodSetting{}, money.ErrCurrency.At("setting.minimums", "%q is not an ISO 4217 code.", code)
		}
		if least < 0 {
			return MethodSetting{}, money.ErrRange.At("setting.minimums", "A minimum must be 0 or more.")
		}
	}
	m.Title = strings.TrimSpace(m.Title)
	return s.store.SaveSetting(ctx, m)
}
