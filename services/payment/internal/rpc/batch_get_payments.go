package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
)

// BatchGetPayments gives the payments of many orders.
func (s *Server) BatchGetPayments(ctx context.Context, r *paymentv1.BatchGetPaymentsRequest) (*paymentv1.BatchGetPaymentsResponse, error) {
	payments, err := s.lister.ByOrders(ctx, r.GetOrderIds())
	if err != nil {
		return nil, err
	}
	response := &paymentv1.BatchGetPaymentsResponse{}
	for _, p := range payments {
		response.Payments = append(response.Payments, paymentOf(p))
	}
	return response, nil
}
