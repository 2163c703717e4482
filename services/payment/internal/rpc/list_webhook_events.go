package rpc

import (
	"context"
	"time"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
)

// ListWebhookEvents lists notifications by state, oldest first.
func (s *Server) ListWebhookEvents(ctx context.Context, r *paymentv1.ListWebhookEventsRequest) (*paymentv1.ListWebhookEventsResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	var cursor eventCursor
	p, err := pageOf(r.GetPageSize(), r.GetPageToken(), &cursor, "events", r.GetState().String())
	if err != nil {
		return nil, err
	}
	filter := payment.EventFilter{State: payment.EventDead, AfterTime: cursor.Time, AfterID: cursor.ID, Limit: p.size + 1}
	for _, state := range payment.EventStates() {
		if eventStateOf(state) == r.GetState() {
			filter.State = state
		}
	}
	events, err := s.lister.ListEvents(ctx, filter)
	if err != nil {
		return nil, err
	}
	events, next, err := cut(p, events, func(last payment.StoredEvent) any { return eventCursor{Time: last.ReceivedAt, ID: last.ID} })
	if err != nil {
		return nil, err
	}
	response := &paymentv1.ListWebhookEventsResponse{NextPageToken: next}
	for _, e := range events {
		response.Events = append(response.Events, eventOf(e))
	}
	return response, nil
}

// eventCursor is where the list of notifications goes on.
type eventCursor struct {
	Time time.Time `json:"t"`
	ID   string    `json:"id"`
}
