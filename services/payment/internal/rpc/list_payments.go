package rpc

import (
	"context"
	"time"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
)

// ListPayments lists payments, newest first.
func (s *Server) ListPayments(ctx context.Context, r *paymentv1.ListPaymentsRequest) (*paymentv1.ListPaymentsResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	var cursor paymentCursor
	p, err := pageOf(r.GetPageSize(), r.GetPageToken(), &cursor, "payments", r.GetOrderId(), r.GetState().String(), r.GetMethod(),
		r.GetCreateTimeFrom().String(), r.GetCreateTimeUntil().String())
	if err != nil {
		return nil, err
	}
	from, err := givenTime("createTimeFrom", r.GetCreateTimeFrom())
	if err != nil {
		return nil, err
	}
	until, err := givenTime("createTimeUntil", r.GetCreateTimeUntil())
	if err != nil {
		return nil, err
	}
	payments, err := s.lister.ListPayments(ctx, payment.Filter{
		OrderID: r.GetOrderId(), State: stateNamed(r.GetState()), Method: r.GetMethod(), From: from, Until: until,
		BeforeTime: cursor.Time, BeforeID: cursor.ID, Limit: p.size + 1,
	})
	if err != nil {
		return nil, err
	}
	payments, next, err := cut(p, payments, func(last *payment.Payment) any { return paymentCursor{Time: last.CreatedAt, ID: last.ID} })
	if err != nil {
		return nil, err
	}
	response := &paymentv1.ListPaymentsResponse{NextPageToken: next}
	for _, p := range payments {
		response.Payments = append(response.Payments, paymentOf(p))
	}
	return response, nil
}

// paymentCursor is where the list of payments goes on.
type paymentCursor struct {
	Time time.Time `json:"t"`
	ID   string    `json:"id"`
}

// stateNamed is the domain's name of a state; empty for UNSPECIFIED.
func stateNamed(state paymentv1.PaymentState) payment.State {
	for _, s := range payment.States() {
		if state != paymentv1.PaymentState_PAYMENT_STATE_UNSPECIFIED && stateOf(s) == state {
			return s
		}
	}
	return ""
}
