package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// ListOrderEvents answers a page of an order's history.
func (s *OrderServer) ListOrderEvents(ctx context.Context, req *cartv1.ListOrderEventsRequest) (*cartv1.ListOrderEventsResponse, error) {
	page, err := s.service.ListOrderEvents(ctx, req.GetOrderId(), req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	resp := &cartv1.ListOrderEventsResponse{NextPageToken: page.NextToken}
	for _, e := range page.Events {
		resp.Events = append(resp.Events, &cartv1.OrderEvent{
			Id: e.ID, OrderId: e.OrderID, Kind: e.Kind, ActorKind: e.Actor.Kind, Actor: e.Actor.Subject,
			RequestId: e.Actor.RequestID, OccurredAt: timestamp(e.At), Data: e.Data,
		})
	}
	return resp, nil
}
