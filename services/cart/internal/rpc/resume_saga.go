package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// ResumeSaga makes a saga act now.
func (s *SagaServer) ResumeSaga(ctx context.Context, req *cartv1.ResumeSagaRequest) (*cartv1.ResumeSagaResponse, error) {
	return actOnce(ctx, s, req, sagaAct{"ResumeSaga", s.service.ResumeSaga}, func(g *cartv1.Saga, a *cartv1.SagaAction) *cartv1.ResumeSagaResponse {
		return &cartv1.ResumeSagaResponse{Saga: g, Action: a}
	})
}
