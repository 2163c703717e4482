package rpc

import (
	"context"
	"time"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/cart/internal/settings"
	"github.com/cartwright-shop/cartwright/services/cart/internal/shipping"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/page"
)

// What the names of the services' methods begin with.
const (
	shippingService = "cartwright.cart.v1.ShippingService/"
	taxService      = "cartwright.cart.v1.TaxService/"
	addressService  = "cartwright.cart.v1.AddressService/"
	settingsService = "cartwright.cart.v1.ChannelSettingsService/"
)

// Sizes of pages.
const (
	defaultPage = 50
	maxPage     = 200
)

// ShippingServer serves ShippingService.
type ShippingServer struct {
	cartv1.UnimplementedShippingServiceServer
	zones  *shipping.Service
	keeper *idempotency.Keeper
}

// NewShippingServer makes the server.
func NewShippingServer(zones *shipping.Service, keeper *idempotency.Keeper) *ShippingServer {
	return &ShippingServer{zones: zones, keeper: keeper}
}

// TaxServer serves TaxService.
type TaxServer struct {
	cartv1.UnimplementedTaxServiceServer
	taxes  *tax.Service
	keeper *idempotency.Keeper
}

// NewTaxServer makes the server.
func NewTaxServer(taxes *tax.Service, keeper *idempotency.Keeper) *TaxServer {
	return &TaxServer{taxes: taxes, keeper: keeper}
}

// AddressServer serves AddressService.
type AddressServer struct {
	cartv1.UnimplementedAddressServiceServer
	addresses *address.Service
	keeper    *idempotency.Keeper
}

// NewAddressServer makes the server.
func NewAddressServer(addresses *address.Service, keeper *idempotency.Keeper) *AddressServer {
	return &AddressServer{addresses: addresses, keeper: keeper}
}

// SettingsServer serves ChannelSettingsService.
type SettingsServer struct {
	cartv1.UnimplementedChannelSettingsServiceServer
	settings *settings.Service
	keeper   *idempotency.Keeper
}

// NewSettingsServer makes the server.
func NewSettingsServer(s *settings.Service, keeper *idempotency.Keeper) *SettingsServer {
	return &SettingsServer{settings: s, keeper: keeper}
}

// requireStaff refuses callers who are neither staff nor services of ours.
func requireStaff(ctx context.Context) error {
	switch identity.From(ctx).Kind {
	case identity.Staff, identity.Service:
		return nil
	case identity.Anonymous:
		return errs.Unauthorized.New("The call needs an identity.")
	default:
		return errs.Forbidden.New("The call is for staff.")
	}
}

// dayOf reads a day; zero for an empty text.
func dayOf(path, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(tax.Day, text)
	if err != nil || day.Year() < 1 {
		return time.Time{}, tax.ErrDate.At(path, "Must be a day, such as 2026-01-31.")
	}
	return day, nil
}

// paged is a list that goes on after a key.
type paged struct {
	scope, after string
	size         int
}

func pageOf(req interface {
	GetPageSize() int32
	GetPageToken() string
}, scope string,
) (paged, error) {
	p := paged{scope: scope}
	var err error
	if p.size, err = page.Size(req.GetPageSize(), defaultPage, maxPage); err != nil {
		return paged{}, err
	}
	return p, page.Decode(scope, req.GetPageToken(), &p.after)
}

// cut takes the page off a list that was read one longer, and makes the token of the next page when there is more.
func cut[T any](p paged, list []T, key func(T) string) ([]T, string, error) {
	if len(list) <= p.size {
		return list, "", nil
	}
	token, err := page.Encode(p.scope, key(list[p.size-1]))
	return list[:p.size], token, err
}
