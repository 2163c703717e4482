package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/reconcile"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// RunReconciliation compares our operations with a provider's report.
func (s *Server) RunReconciliation(ctx context.Context, r *paymentv1.RunReconciliationRequest) (*paymentv1.RunReconciliationResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	from, err := givenTime("from", r.GetFrom())
	if err != nil {
		return nil, err
	}
	until, err := givenTime("until", r.GetUntil())
	if err != nil {
		return nil, err
	}
	if from == nil || until == nil {
		return nil, errs.InvalidField.New("The time to compare is missing.").Field("from", "FIELD_REQUIRED", "Set from and until.")
	}
	run, err := s.comparer.Run(ctx, reconcile.Request{RequestID: r.GetRequestId(), Provider: r.GetProvider(), From: *from, Until: *until})
	if err != nil {
		return nil, err
	}
	return &paymentv1.RunReconciliationResponse{Reconciliation: runOf(run)}, nil
}
