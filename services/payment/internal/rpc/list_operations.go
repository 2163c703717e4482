package rpc

import (
	"context"
	"strconv"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
)

// ListOperations lists operations by status, oldest first.
func (s *Server) ListOperations(ctx context.Context, r *paymentv1.ListOperationsRequest) (*paymentv1.ListOperationsResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	var after string
	p, err := pageOf(r.GetPageSize(), r.GetPageToken(), &after, "operations", r.GetStatus().String(), r.GetKind().String(), strconv.FormatBool(r.GetNeedsAttention()))
	if err != nil {
		return nil, err
	}
	filter := payment.OperationFilter{NeedsAttention: r.GetNeedsAttention(), After: after, Limit: p.size + 1}
	for _, status := range payment.Statuses() {
		if statusOf(status) == r.GetStatus() {
			filter.Status = status
		}
	}
	for _, kind := range payment.Kinds() {
		if kindOf(kind) == r.GetKind() {
			filter.Kind = kind
		}
	}
	operations, err := s.lister.ListOperations(ctx, filter)
	if err != nil {
		return nil, err
	}
	operations, next, err := cut(p, operations, func(last payment.Operation) any { return last.ID })
	if err != nil {
		return nil, err
	}
	response := &paymentv1.ListOperationsResponse{NextPageToken: next}
	for _, op := range operations {
		response.Operations = append(response.Operations, operationOf(op))
	}
	return response, nil
}
