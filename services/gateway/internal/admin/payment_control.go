package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// paymentControlAdminService relays PaymentControlAdminService: the methods have no rules of their own.
type paymentControlAdminService struct {
	adminv1.UnimplementedPaymentControlAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// RunReconciliation implements PaymentControlAdminService.
func (s *paymentControlAdminService) RunReconciliation(ctx context.Context, req *adminv1.RunReconciliationRequest) (*adminv1.RunReconciliationResponse, error) {
	return relay.Call[*adminv1.RunReconciliationResponse](ctx, s.mapper, req, s.peers.Payments.RunReconciliation)
}

// ListReconciliations implements PaymentControlAdminService.
func (s *paymentControlAdminService) ListReconciliations(ctx context.Context, req *adminv1.ListReconciliationsRequest) (*adminv1.ListReconciliationsResponse, error) {
	return relay.Call[*adminv1.ListReconciliationsResponse](ctx, s.mapper, req, s.peers.Payments.ListReconciliations)
}

// ListReconciliationFindings implements PaymentControlAdminService.
func (s *paymentControlAdminService) ListReconciliationFindings(ctx context.Context, req *adminv1.ListReconciliationFindingsRequest) (*adminv1.ListReconciliationFindingsResponse, error) {
	return relay.Call[*adminv1.ListReconciliationFindingsResponse](ctx, s.mapper, req, s.peers.Payments.ListReconciliationFindings)
}

// ListWebhookEvents implements PaymentControlAdminService.
func (s *paymentControlAdminService) ListWebhookEvents(ctx context.Context, req *adminv1.ListWebhookEventsRequest) (*adminv1.ListWebhookEventsResponse, error) {
	return relay.Call[*adminv1.ListWebhookEventsResponse](ctx, s.mapper, req, s.peers.Payments.ListWebhookEvents)
}

// ReplayWebhookEvent implements PaymentControlAdminService.
func (s *paymentControlAdminService) ReplayWebhookEvent(ctx context.Context, req *adminv1.ReplayWebhookEventRequest) (*adminv1.ReplayWebhookEventResponse, error) {
	return relay.Call[*adminv1.ReplayWebhookEventResponse](ctx, s.mapper, req, s.peers.Payments.ReplayWebhookEvent)
}
