package rpc

import (
	"context"
	"strings"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
)

// ReceiveWebhook stores a provider's notification.
func (s *Server) ReceiveWebhook(ctx context.Context, r *paymentv1.ReceiveWebhookRequest) (*paymentv1.ReceiveWebhookResponse, error) {
	received, err := s.payments.ReceiveWebhook(ctx, r.GetProvider(), lowerKeys(r.GetHeaders()), r.GetBody())
	if err != nil {
		return nil, err
	}
	return &paymentv1.ReceiveWebhookResponse{Duplicate: received.Duplicate}, nil
}

func lowerKeys(headers map[string]string) map[string]string {
	lower := make(map[string]string, len(headers))
	for name, value := range headers {
		lower[strings.ToLower(name)] = value
	}
	return lower
}
