package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// DeleteTaxRate removes a rate of the merchant's own.
func (s *TaxServer) DeleteTaxRate(ctx context.Context, req *cartv1.DeleteTaxRateRequest) (*cartv1.DeleteTaxRateResponse, error) {
	if err := requireStaff(ctx); err != nil {
		return nil, err
	}
	call := idempotency.NewCall(ctx, taxService+"DeleteTaxRate", req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &cartv1.DeleteTaxRateResponse{}, func(ctx context.Context) (*cartv1.DeleteTaxRateResponse, error) {
		return &cartv1.DeleteTaxRateResponse{}, s.taxes.Delete(ctx, req.GetId())
	})
}
