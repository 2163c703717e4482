package rpc

import (
	"context"
	"strconv"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/reconcile"
)

// ListReconciliationFindings lists what does not agree with the providers' books, newest first.
func (s *Server) ListReconciliationFindings(ctx context.Context, r *paymentv1.ListReconciliationFindingsRequest) (*paymentv1.ListReconciliationFindingsResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	var before string
	p, err := pageOf(r.GetPageSize(), r.GetPageToken(), &before, "findings", r.GetProvider(), r.GetClass().String(), strconv.FormatBool(r.GetIncludeClosed()))
	if err != nil {
		return nil, err
	}
	findings, err := s.comparisons.ListFindings(ctx, reconcile.FindingFilter{
		Provider: r.GetProvider(), Class: classNamed(r.GetClass()), Closed: r.GetIncludeClosed(), Before: before, Limit: p.size + 1,
	})
	if err != nil {
		return nil, err
	}
	findings, next, err := cut(p, findings, func(last reconcile.Finding) any { return last.ID })
	if err != nil {
		return nil, err
	}
	response := &paymentv1.ListReconciliationFindingsResponse{NextPageToken: next}
	for _, f := range findings {
		response.Findings = append(response.Findings, findingOf(f))
	}
	return response, nil
}
