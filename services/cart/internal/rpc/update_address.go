package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// UpdateAddress replaces a saved address.
func (s *AddressServer) UpdateAddress(ctx context.Context, req *cartv1.UpdateAddressRequest) (*cartv1.UpdateAddressResponse, error) {
	saved := address.Saved{
		ID: req.GetId(), Version: req.GetVersion(), Label: req.GetLabel(), Address: *addressOf(req.GetAddress()),
		DefaultShipping: req.GetDefaultShipping(), DefaultBilling: req.GetDefaultBilling(),
	}
	call := idempotency.NewCall(ctx, addressService+"UpdateAddress", req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &cartv1.UpdateAddressResponse{}, func(ctx context.Context) (*cartv1.UpdateAddressResponse, error) {
		kept, err := s.addresses.Update(ctx, saved)
		if err != nil {
			return nil, err
		}
		return &cartv1.UpdateAddressResponse{Address: savedToProto(kept)}, nil
	})
}
