package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// CompensateSaga makes a checkout give back what it took.
func (s *SagaServer) CompensateSaga(ctx context.Context, req *cartv1.CompensateSagaRequest) (*cartv1.CompensateSagaResponse, error) {
	return actOnce(ctx, s, req, sagaAct{"CompensateSaga", s.service.CompensateSaga}, func(g *cartv1.Saga, a *cartv1.SagaAction) *cartv1.CompensateSagaResponse {
		return &cartv1.CompensateSagaResponse{Saga: g, Action: a}
	})
}
