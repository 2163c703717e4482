package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// SetTaxRate adds or replaces a rate of the merchant's own.
func (s *TaxServer) SetTaxRate(ctx context.Context, req *cartv1.SetTaxRateRequest) (*cartv1.SetTaxRateResponse, error) {
	if err := requireStaff(ctx); err != nil {
		return nil, err
	}
	from, err := dayOf("validFrom", req.GetValidFrom())
	if err != nil {
		return nil, err
	}
	until, err := dayOf("validUntil", req.GetValidUntil())
	if err != nil {
		return nil, err
	}
	rate := tax.Rate{
		Country: req.GetCountryCode(), Region: req.GetRegion(), PostcodePattern: req.GetPostcodePattern(), Class: req.GetTaxClass(),
		Rate: money.Rate(req.GetRatePpm()), Name: req.GetName(), ValidFrom: from, ValidUntil: until, Version: req.GetVersion(),
	}
	call := idempotency.NewCall(ctx, taxService+"SetTaxRate", req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &cartv1.SetTaxRateResponse{}, func(ctx context.Context) (*cartv1.SetTaxRateResponse, error) {
		saved, err := s.taxes.Set(ctx, rate)
		if err != nil {
			return nil, err
		}
		return &cartv1.SetTaxRateResponse{Rate: rateToProto(saved)}, nil
	})
}
