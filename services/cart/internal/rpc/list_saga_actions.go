package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// ListSagaActions answers a page of what people did to a saga.
func (s *SagaServer) ListSagaActions(ctx context.Context, req *cartv1.ListSagaActionsRequest) (*cartv1.ListSagaActionsResponse, error) {
	page, err := s.service.ListSagaActions(ctx, req.GetSagaId(), req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	resp := &cartv1.ListSagaActionsResponse{NextPageToken: page.NextToken}
	for _, action := range page.Actions {
		resp.Actions = append(resp.Actions, actionToProto(action))
	}
	return resp, nil
}
