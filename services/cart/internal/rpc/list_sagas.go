package rpc

import (
	"context"
	"time"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/operator"
)

// ListSagas answers a page of sagas.
func (s *SagaServer) ListSagas(ctx context.Context, req *cartv1.ListSagasRequest) (*cartv1.ListSagasResponse, error) {
	page, err := s.service.ListSagas(ctx, operator.Filter{
		State: statusOf(sagaStates(), req.GetState()), Kind: statusOf(sagaKinds(), req.GetKind()), Step: req.GetStep(), OrderID: req.GetOrderId(),
		NeedsAttention: req.GetNeedsAttention(), MinAge: time.Duration(req.GetMinAgeSeconds()) * time.Second,
	}, req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	resp := &cartv1.ListSagasResponse{NextPageToken: page.NextToken}
	for _, view := range page.Sagas {
		resp.Sagas = append(resp.Sagas, sagaToProto(view))
	}
	return resp, nil
}
