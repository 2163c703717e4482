package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/reconcile"
)

// ListReconciliations lists comparisons, newest first.
func (s *Server) ListReconciliations(ctx context.Context, r *paymentv1.ListReconciliationsRequest) (*paymentv1.ListReconciliationsResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	var before string
	p, err := pageOf(r.GetPageSize(), r.GetPageToken(), &before, "reconciliations", r.GetProvider())
	if err != nil {
		return nil, err
	}
	runs, err := s.comparisons.ListRuns(ctx, reconcile.RunFilter{Provider: r.GetProvider(), Before: before, Limit: p.size + 1})
	if err != nil {
		return nil, err
	}
	runs, next, err := cut(p, runs, func(last reconcile.Run) any { return last.ID })
	if err != nil {
		return nil, err
	}
	response := &paymentv1.ListReconciliationsResponse{NextPageToken: next}
	for _, run := range runs {
		response.Reconciliations = append(response.Reconciliations, runOf(run))
	}
	return response, nil
}
