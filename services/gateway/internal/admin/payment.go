package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// paymentAdminService relays PaymentAdminService: the methods have no rules of their own.
type paymentAdminService struct {
	adminv1.UnimplementedPaymentAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// ListPaymentMethodSettings implements PaymentAdminService.
func (s *paymentAdminService) ListPaymentMethodSettings(ctx context.Context, req *adminv1.ListPaymentMethodSettingsRequest) (*adminv1.ListPaymentMethodSettingsResponse, error) {
	return relay.Call[*adminv1.ListPaymentMethodSettingsResponse](ctx, s.mapper, req, s.peers.Payments.ListPaymentMethodSettings)
}

// SetPaymentMethod implements PaymentAdminService.
func (s *paymentAdminService) SetPaymentMethod(ctx context.Context, req *adminv1.SetPaymentMethodRequest) (*adminv1.SetPaymentMethodResponse, error) {
	return relay.Call[*adminv1.SetPaymentMethodResponse](ctx, s.mapper, req, s.peers.Payments.SetPaymentMethod)
}

// GetPayment implements PaymentAdminService.
func (s *paymentAdminService) GetPayment(ctx context.Context, req *adminv1.GetPaymentRequest) (*adminv1.GetPaymentResponse, error) {
	return relay.Call[*adminv1.GetPaymentResponse](ctx, s.mapper, req, s.peers.Payments.GetPayment)
}

// ListPayments implements PaymentAdminService.
func (s *paymentAdminService) ListPayments(ctx context.Context, req *adminv1.ListPaymentsRequest) (*adminv1.ListPaymentsResponse, error) {
	return relay.Call[*adminv1.ListPaymentsResponse](ctx, s.mapper, req, s.peers.Payments.ListPayments)
}

// ListOperations implements PaymentAdminService.
func (s *paymentAdminService) ListOperations(ctx context.Context, req *adminv1.ListOperationsRequest) (*adminv1.ListOperationsResponse, error) {
	return relay.Call[*adminv1.ListOperationsResponse](ctx, s.mapper, req, s.peers.Payments.ListOperations)
}

// GetTrialBalance implements PaymentAdminService.
func (s *paymentAdminService) GetTrialBalance(ctx context.Context, req *adminv1.GetTrialBalanceRequest) (*adminv1.GetTrialBalanceResponse, error) {
	return relay.Call[*adminv1.GetTrialBalanceResponse](ctx, s.mapper, req, s.peers.Payments.GetTrialBalance)
}

// ListLedgerEntries implements PaymentAdminService.
func (s *paymentAdminService) ListLedgerEntries(ctx context.Context, req *adminv1.ListLedgerEntriesRequest) (*adminv1.ListLedgerEntriesResponse, error) {
	return relay.Call[*adminv1.ListLedgerEntriesResponse](ctx, s.mapper, req, s.peers.Payments.ListLedgerEntries)
}
