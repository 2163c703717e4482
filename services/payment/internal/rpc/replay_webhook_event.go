package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
)

// ReplayWebhookEvent lets a notification that was given up be applied again.
func (s *Server) ReplayWebhookEvent(ctx context.Context, r *paymentv1.ReplayWebhookEventRequest) (*paymentv1.ReplayWebhookEventResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	event, err := s.payments.Replay(ctx, r.GetProvider(), r.GetEventId())
	if err != nil {
		return nil, err
	}
	return &paymentv1.ReplayWebhookEventResponse{Event: eventOf(event)}, nil
}
