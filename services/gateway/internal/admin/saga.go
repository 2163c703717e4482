package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// sagaAdminService relays SagaAdminService: the methods have no rules of their own.
type sagaAdminService struct {
	adminv1.UnimplementedSagaAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// ListSagas implements SagaAdminService.
func (s *sagaAdminService) ListSagas(ctx context.Context, req *adminv1.ListSagasRequest) (*adminv1.ListSagasResponse, error) {
	return relay.Call[*adminv1.ListSagasResponse](ctx, s.mapper, req, s.peers.Sagas.ListSagas)
}

// GetSaga implements SagaAdminService.
func (s *sagaAdminService) GetSaga(ctx context.Context, req *adminv1.GetSagaRequest) (*adminv1.GetSagaResponse, error) {
	return relay.Call[*adminv1.GetSagaResponse](ctx, s.mapper, req, s.peers.Sagas.GetSaga)
}

// ListSagaActions implements SagaAdminService.
func (s *sagaAdminService) ListSagaActions(ctx context.Context, req *adminv1.ListSagaActionsRequest) (*adminv1.ListSagaActionsResponse, error) {
	return relay.Call[*adminv1.ListSagaActionsResponse](ctx, s.mapper, req, s.peers.Sagas.ListSagaActions)
}

// ResumeSaga implements SagaAdminService.
func (s *sagaAdminService) ResumeSaga(ctx context.Context, req *adminv1.ResumeSagaRequest) (*adminv1.ResumeSagaResponse, error) {
	return relay.Call[*adminv1.ResumeSagaResponse](ctx, s.mapper, req, s.peers.Sagas.ResumeSaga)
}

// CompensateSaga implements SagaAdminService.
func (s *sagaAdminService) CompensateSaga(ctx context.Context, req *adminv1.CompensateSagaRequest) (*adminv1.CompensateSagaResponse, error) {
	return relay.Call[*adminv1.CompensateSagaResponse](ctx, s.mapper, req, s.peers.Sagas.CompensateSaga)
}

// MarkSagaHandled implements SagaAdminService.
func (s *sagaAdminService) MarkSagaHandled(ctx context.Context, req *adminv1.MarkSagaHandledRequest) (*adminv1.MarkSagaHandledResponse, error) {
	return relay.Call[*adminv1.MarkSagaHandledResponse](ctx, s.mapper, req, s.peers.Sagas.MarkSagaHandled)
}
