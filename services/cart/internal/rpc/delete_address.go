package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// DeleteAddress removes a saved address.
func (s *AddressServer) DeleteAddress(ctx context.Context, req *cartv1.DeleteAddressRequest) (*cartv1.DeleteAddressResponse, error) {
	call := idempotency.NewCall(ctx, addressService+"DeleteAddress", req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, &cartv1.DeleteAddressResponse{}, func(ctx context.Context) (*cartv1.DeleteAddressResponse, error) {
		return &cartv1.DeleteAddressResponse{}, s.addresses.Delete(ctx, req.GetId())
	})
}
