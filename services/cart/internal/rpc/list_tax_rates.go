package rpc

import (
	"context"
	"strings"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/page"
)

// ListTaxRates answers a page of rates.
func (s *TaxServer) ListTaxRates(ctx context.Context, req *cartv1.ListTaxRatesRequest) (*cartv1.ListTaxRatesResponse, error) {
	size, err := page.Size(req.GetPageSize(), defaultPage, maxPage)
	if err != nil {
		return nil, err
	}
	on, err := dayOf("on", req.GetOn())
	if err != nil {
		return nil, err
	}
	scope := strings.Join([]string{"tax-rates", req.GetCountryCode(), req.GetRegion(), req.GetTaxClass(), req.GetOn()}, "/")
	var after tax.Rate
	if err := page.Decode(scope, req.GetPageToken(), &after); err != nil {
		return nil, err
	}
	if after.ID != "" && !id.Valid(after.ID) {
		return nil, errs.PageTokenInvalid.At("page_token", "The page token is damaged or belongs to another list.")
	}
	filter := tax.Filter{Country: req.GetCountryCode(), Region: req.GetRegion(), Class: req.GetTaxClass(), On: on}
	rates, err := s.taxes.List(ctx, filter, after, size+1)
	if err != nil {
		return nil, err
	}
	resp := &cartv1.ListTaxRatesResponse{}
	if len(rates) > size {
		rates = rates[:size]
		if resp.NextPageToken, err = page.Encode(scope, rates[size-1].Place()); err != nil {
			return nil, err
		}
	}
	for _, rate := range rates {
		resp.Rates = append(resp.Rates, rateToProto(rate))
	}
	return resp, nil
}
