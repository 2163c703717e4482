package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// GetSaga answers one saga and how it got where it is.
func (s *SagaServer) GetSaga(ctx context.Context, req *cartv1.GetSagaRequest) (*cartv1.GetSagaResponse, error) {
	view, err := s.service.GetSaga(ctx, req.GetSagaId())
	if err != nil {
		return nil, err
	}
	return &cartv1.GetSagaResponse{Saga: sagaToProto(view), History: passesToProto(view.Saga.History)}, nil
}
