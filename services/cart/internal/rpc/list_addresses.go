package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// ListAddresses answers a page of the caller's addresses.
func (s *AddressServer) ListAddresses(ctx context.Context, req *cartv1.ListAddressesRequest) (*cartv1.ListAddressesResponse, error) {
	p, err := pageOf(req, "addresses")
	if err != nil {
		return nil, err
	}
	if p.after != "" && !id.Valid(p.after) {
		return nil, errs.PageTokenInvalid.At("page_token", "The page token is damaged or belongs to another list.")
	}
	saved, err := s.addresses.List(ctx, p.after, p.size+1)
	if err != nil {
		return nil, err
	}
	saved, token, err := cut(p, saved, func(a address.Saved) string { return a.ID })
	resp := &cartv1.ListAddressesResponse{NextPageToken: token}
	for _, one := range saved {
		resp.Addresses = append(resp.Addresses, savedToProto(one))
	}
	return resp, err
}
