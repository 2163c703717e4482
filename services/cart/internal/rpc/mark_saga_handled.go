package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// MarkSagaHandled takes the call for a person off a saga.
func (s *SagaServer) MarkSagaHandled(ctx context.Context, req *cartv1.MarkSagaHandledRequest) (*cartv1.MarkSagaHandledResponse, error) {
	return actOnce(ctx, s, req, sagaAct{"MarkSagaHandled", s.service.MarkSagaHandled}, func(g *cartv1.Saga, a *cartv1.SagaAction) *cartv1.MarkSagaHandledResponse {
		return &cartv1.MarkSagaHandledResponse{Saga: g, Action: a}
	})
}
