package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
)

// GetTrialBalance sums the ledger by account and currency.
func (s *Server) GetTrialBalance(ctx context.Context, r *paymentv1.GetTrialBalanceRequest) (*paymentv1.GetTrialBalanceResponse, error) {
	if err := staff(ctx); err != nil {
		return nil, err
	}
	balances, err := s.books.TrialBalance(ctx)
	if err != nil {
		return nil, err
	}
	response := &paymentv1.GetTrialBalanceResponse{}
	for _, b := range balances {
		response.Rows = append(response.Rows, &paymentv1.TrialBalanceRow{
			Account: b.Account, CurrencyCode: b.Currency, Debits: amountOf(b.Currency, b.Debits),
			Credits: amountOf(b.Currency, b.Credits), Balance: amountOf(b.Currency, b.Debits-b.Credits),
		})
	}
	return response, nil
}
