package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/ledger"
)

// ListLedgerEntries lists the entries of an order, a payment or a gift card.
func (s *Server) ListLedgerEntries(ctx context.Context, r *paymentv1.ListLedgerEntriesRequest) (*paymentv1.ListLedgerEntriesResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	var after string
	p, err := pageOf(r.GetPageSize(), r.GetPageToken(), &after, "ledger", r.GetOrderId(), r.GetPaymentId(), r.GetGiftCardId())
	if err != nil {
		return nil, err
	}
	filter := ledger.Filter{OrderID: r.GetOrderId(), PaymentID: r.GetPaymentId(), GiftCardID: r.GetGiftCardId(), After: after, Limit: p.size + 1}
	if err := filter.Validate(); err != nil {
		return nil, err
	}
	entries, err := s.books.ListEntries(ctx, filter)
	if err != nil {
		return nil, err
	}
	entries, next, err := cut(p, entries, func(last ledger.Entry) any { return last.ID })
	if err != nil {
		return nil, err
	}
	response := &paymentv1.ListLedgerEntriesResponse{NextPageToken: next}
	for _, e := range entries {
		response.Entries = append(response.Entries, entryOf(e))
	}
	return response, nil
}

func entryOf(e ledger.Entry) *paymentv1.LedgerEntry {
	message := &paymentv1.LedgerEntry{
		Id: e.ID, Kind: e.Kind, OrderId: e.OrderID, PaymentId: e.PaymentID, OperationId: e.OperationID, GiftCardId: e.GiftCardID,
		Actor: e.Actor, CreateTime: timeOf(e.CreatedAt),
	}
	for _, p := range e.Postings {
		message.Postings = append(message.Postings, &paymentv1.LedgerPosting{Account: p.Account, Subject: p.Subject, Amount: amountOf(p.Currency, p.Amount)})
	}
	return message
}
