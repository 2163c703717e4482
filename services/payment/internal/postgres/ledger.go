package postgres

import (
	"context"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/payment/internal/ledger"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres/db"
)

// Post stores a balanced entry, once for each source.
func (s *Store) Post(ctx context.Context, e ledger.Entry) error { return post(ctx, s.q, e) }

func post(ctx context.Context, q *db.Queries, e ledger.Entry) error {
	if err := e.Balanced(); err != nil {
		return fmt.Errorf("post: %w", err)
	}
	params := db.PostEntryParams{
		ID: e.ID, Kind: e.Kind, Source: e.Source, OrderID: e.OrderID, PaymentID: e.PaymentID, OperationID: e.OperationID,
		GiftCardID: e.GiftCardID, Actor: e.Actor, RequestID: e.RequestID,
	}
	for _, p := range e.Postings {
		params.Accounts = append(params.Accounts, p.Account)
		params.Subjects = append(params.Subjects, p.Subject)
		params.Currencies = append(params.Currencies, p.Currency)
		params.Amounts = append(params.Amounts, p.Amount)
	}
	if err := q.PostEntry(ctx, params); err != nil {
		return fmt.Errorf("post entry: %w", err)
	}
	return nil
}

// TrialBalance sums the ledger by account and currency.
func (s *Store) TrialBalance(ctx context.Context) ([]ledger.Balance, error) {
	rows, err := s.q.TrialBalance(ctx)
	if err != nil {
		return nil, fmt.Errorf("trial balance: %w", err)
	}
	balances := make([]ledger.Balance, len(rows))
	for i, row := range rows {
		balances[i] = ledger.Balance{Account: row.Account, Currency: row.Currency, Debits: row.Debits, Credits: row.Credits}
	}
	return balances, nil
}

// CardDrift is how far gift cards are away from what was posted and is held of them.
func (s *Store) CardDrift(ctx context.Context) (int64, error) {
	drift, err := s.q.CardDrift(ctx)
	if err != nil {
		return 0, fmt.Errorf("sum gift cards: %w", err)
	}
	return drift, nil
}

// attachPostings reads the lines of entries.
func (s *Store) attachPostings(ctx context.Context, entries []ledger.Entry) error {
	ids, place := make([]string, len(entries)), map[string]int{}
	for i, e := range entries {
		ids[i], place[e.ID] = e.ID, i
	}
	rows, err := s.q.PostingsOfEntries(ctx, ids)
	if err != nil {
		return fmt.Errorf("read postings: %w", err)
	}
	for _, row := range rows {
		e := &entries[place[row.TransactionID]]
		e.Postings = append(e.Postings, ledger.Posting{Account: row.Account, Subject: row.Subject, Amount: row.Amount, Currency: row.Currency})
	}
	return nil
}
