package storefront

import (
	"context"

	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// addressService relays AddressService: the methods have no rules of their own.
type addressService struct {
	storefrontv1.UnimplementedAddressServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// ListAddresses implements AddressService.
func (s *addressService) ListAddresses(ctx context.Context, req *storefrontv1.ListAddressesRequest) (*storefrontv1.ListAddressesResponse, error) {
	return relay.Call[*storefrontv1.ListAddressesResponse](ctx, s.mapper, req, s.peers.Addresses.ListAddresses)
}

// CreateAddress implements AddressService.
func (s *addressService) CreateAddress(ctx context.Context, req *storefrontv1.CreateAddressRequest) (*storefrontv1.CreateAddressResponse, error) {
	return relay.Call[*storefrontv1.CreateAddressResponse](ctx, s.mapper, req, s.peers.Addresses.CreateAddress)
}

// UpdateAddress implements AddressService.
func (s *addressService) UpdateAddress(ctx context.Context, req *storefrontv1.UpdateAddressRequest) (*storefrontv1.UpdateAddressResponse, error) {
	return relay.Call[*storefrontv1.UpdateAddressResponse](ctx, s.mapper, req, s.peers.Addresses.UpdateAddress)
}

// DeleteAddress implements AddressService.
func (s *addressService) DeleteAddress(ctx context.Context, req *storefrontv1.DeleteAddressRequest) (*storefrontv1.DeleteAddressResponse, error) {
	return relay.Call[*storefrontv1.DeleteAddressResponse](ctx, s.mapper, req, s.peers.Addresses.DeleteAddress)
}
