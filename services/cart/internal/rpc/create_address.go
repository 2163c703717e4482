package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// CreateAddress saves an address.
func (s *AddressServer) CreateAddress(ctx context.Context, req *cartv1.CreateAddressRequest) (*cartv1.CreateAddressResponse, error) {
	saved := address.Saved{
		Label: req.GetLabel(), Address: *addressOf(req.GetAddress()),
		DefaultShipping: req.GetDefaultShipping(), DefaultBilling: req.GetDefaultBilling(),
	}
	call := idempotency.NewCall(ctx, addressService+"CreateAddress", req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &cartv1.CreateAddressResponse{}, func(ctx context.Context) (*cartv1.CreateAddressResponse, error) {
		kept, err := s.addresses.Create(ctx, saved)
		if err != nil {
			return nil, err
		}
		return &cartv1.CreateAddressResponse{Address: savedToProto(kept)}, nil
	})
}
