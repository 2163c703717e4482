package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// taxAdminService relays TaxAdminService: the methods have no rules of their own.
type taxAdminService struct {
	adminv1.UnimplementedTaxAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// ListTaxRates implements TaxAdminService.
func (s *taxAdminService) ListTaxRates(ctx context.Context, req *adminv1.ListTaxRatesRequest) (*adminv1.ListTaxRatesResponse, error) {
	return relay.Call[*adminv1.ListTaxRatesResponse](ctx, s.mapper, req, s.peers.Tax.ListTaxRates)
}

// SetTaxRate implements TaxAdminService.
func (s *taxAdminService) SetTaxRate(ctx context.Context, req *adminv1.SetTaxRateRequest) (*adminv1.SetTaxRateResponse, error) {
	return relay.Call[*adminv1.SetTaxRateResponse](ctx, s.mapper, req, s.peers.Tax.SetTaxRate)
}

// DeleteTaxRate implements TaxAdminService.
func (s *taxAdminService) DeleteTaxRate(ctx context.Context, req *adminv1.DeleteTaxRateRequest) (*adminv1.DeleteTaxRateResponse, error) {
	return relay.Call[*adminv1.DeleteTaxRateResponse](ctx, s.mapper, req, s.peers.Tax.DeleteTaxRate)
}

// ListTaxClasses implements TaxAdminService.
func (s *taxAdminService) ListTaxClasses(ctx context.Context, req *adminv1.ListTaxClassesRequest) (*adminv1.ListTaxClassesResponse, error) {
	return relay.Call[*adminv1.ListTaxClassesResponse](ctx, s.mapper, req, s.peers.Tax.ListTaxClasses)
}
