// Package ledger is the double-entry book of the money that moved: balanced, append-only entries over a small chart of
// accounts.
//
// Debits are positive and credits negative. An entry is posted in the transaction that records its cause, once for each
// cause; a mistake is mended by another entry, never by a change. The package moves no money itself.
package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// The chart of accounts. A posting's subject says whose part of the account it is.
const (
	// OrderDue is what buyers owe for their orders; its subject is the order. Money that comes in is a credit.
	OrderDue = "order:due"
	// GiftCardLiability is what the shop owes to holders of gift cards; its subject is the card.
	GiftCardLiability = "giftcard:liability"
	// GiftCardIssuance is the value of gift cards given out.
	GiftCardIssuance = "giftcard:issuance"
)

// Clearing is what a provider holds for the shop.
func Clearing(provider string) string { return "psp:" + provider + ":clearing" }

// Kinds of entries.
const (
	KindCapture        = "capture"
	KindRefund         = "refund"
	KindGiftCardIssue  = "giftcard_issue"
	KindGiftCardPost   = "giftcard_post"
	KindGiftCardRefund = "giftcard_refund"
)

// Posting is one line of an entry.
type Posting struct {
	// Account is of the chart.
	Account string
	// Subject is the order or gift card inside the account.
	Subject string
	// Amount is in minor units of Currency; debits are positive.
	Amount   int64
	Currency string
}

// Entry is one balanced transaction.
type Entry struct {
	// ID is a UUIDv7.
	ID string
	// Kind is one of the Kind constants.
	Kind string
	// Source names the cause; there is one entry for each.
	Source string
	// OrderID, PaymentID, OperationID and GiftCardID say what it is about; they may be empty.
	OrderID     string
	PaymentID   string
	OperationID string
	GiftCardID  string
	// Actor and RequestID are for the audit trail.
	Actor     string
	RequestID string
	// Postings are the lines.
	Postings []Posting
	// CreatedAt is a time of the store.
	CreatedAt time.Time
}

// Balanced fails unless the entry has two lines or more, none of them 0, that sum to 0 in every currency.
func (e Entry) Balanced() error {
	if len(e.Postings) < 2 {
		return fmt.Errorf("entry %s has %d postings", e.Source, len(e.Postings))
	}
	sums := map[string]int64{}
	for _, p := range e.Postings {
		if p.Amount == 0 {
			return fmt.Errorf("entry %s posts nothing to %s", e.Source, p.Account)
		}
		sums[p.Currency] += p.Amount
	}
	for currency, sum := range sums {
		if sum != 0 {
			return fmt.Errorf("entry %s is off by %d %s", e.Source, sum, currency)
		}
	}
	return nil
}

// move makes the two lines that take an amount from one account to another.
func move(amount int64, currency string, debit, credit Posting) []Posting {
	debit.Amount, debit.Currency = amount, currency
	credit.Amount, credit.Currency = -amount, currency
	return []Posting{debit, credit}
}

// Captured books money that a provider took for an order; e says what it is about.
func Captured(e Entry, provider string, amount int64, currency string) Entry {
	e.Kind = KindCapture
	e.Postings = move(amount, currency, Posting{Account: Clearing(provider)}, Posting{Account: OrderDue, Subject: e.OrderID})
	return e
}

// Refunded books money that a provider gave back.
func Refunded(e Entry, provider string, amount int64, currency string) Entry {
	e.Kind = KindRefund
	e.Postings = move(amount, currency, Posting{Account: OrderDue, Subject: e.OrderID}, Posting{Account: Clearing(provider)})
	return e
}

// GiftCardIssued books a new gift card.
func GiftCardIssued(e Entry, amount int64, currency string) Entry {
	e.Kind = KindGiftCardIssue
	e.Postings = move(amount, currency, Posting{Account: GiftCardIssuance}, Posting{Account: GiftCardLiability, Subject: e.GiftCardID})
	return e
}

// GiftCardPosted books the use of a gift card for an order.
func GiftCardPosted(e Entry, amount int64, currency string) Entry {
	e.Kind = KindGiftCardPost
	e.Postings = move(amount, currency, Posting{Account: GiftCardLiability, Subject: e.GiftCardID}, Posting{Account: OrderDue, Subject: e.OrderID})
	return e
}

// GiftCardRefunded books money put back on a gift card.
func GiftCardRefunded(e Entry, amount int64, currency string) Entry {
	e.Kind = KindGiftCardRefund
	e.Postings = move(amount, currency, Posting{Account: OrderDue, Subject: e.OrderID}, Posting{Account: GiftCardLiability, Subject: e.GiftCardID})
	return e
}

// Balance is one account in one currency.
type Balance struct {
	// Account is of the chart.
	Account string
	// Currency is an ISO 4217 code.
	Currency string
	// Debits and Credits are sums, both positive.
	Debits  int64
	Credits int64
}

// Filter chooses entries by exactly one of its ids.
type Filter struct {
	// OrderID, PaymentID and GiftCardID: one is set.
	OrderID    string
	PaymentID  string
	GiftCardID string
	// After is the id of the last entry of the page before.
	After string
	// Limit is the number of entries.
	Limit int
}

// ErrFilter means that a list was not asked for by exactly one id.
var ErrFilter = errs.Define(errs.Invalid, "FILTER_INVALID", "The filter must name exactly one thing.")

// Validate fails with ErrFilter unless exactly one id is set.
func (f Filter) Validate() error {
	set := 0
	for _, id := range []string{f.OrderID, f.PaymentID, f.GiftCardID} {
		if id != "" {
			set++
		}
	}
	if set != 1 {
		return ErrFilter.At("orderId", "Set exactly one of order_id, payment_id and gift_card_id.")
	}
	return nil
}

// Poster posts entries. It joins the caller's transaction, and posts nothing for a source that was posted before.
type Poster interface {
	// Post stores a balanced entry.
	Post(ctx context.Context, e Entry) error
}

// Reader reads the book.
type Reader interface {
	// TrialBalance sums the ledger by account and currency.
	TrialBalance(ctx context.Context) ([]Balance, error)
	// CardDrift is how far gift cards are away from what was posted and is held of them: 0, or something is wrong.
	CardDrift(ctx context.Context) (int64, error)
	// ListEntries lists entries, oldest first.
	ListEntries(ctx context.Context, f Filter) ([]Entry, error)
}
