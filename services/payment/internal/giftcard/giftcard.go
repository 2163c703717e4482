// Package giftcard holds the rules of gift cards: issue, look up by code, set aside for an order, spend once, give back.
//
// A card's balance and what is held of it change only by conditional steps of the store, each together with its ledger
// entry, so parallel use can never spend more than there is. Codes are known to their holders only. The package decides
// nothing about orders; giving back works before, after and without the step it undoes.
package giftcard

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/ledger"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// Status says whether a card can be spent.
type Status string

// The statuses of a card.
const (
	Active   Status = "active"
	Disabled Status = "disabled"
)

// HoldState is how far the use of a card for an order has come.
type HoldState string

// The states of a hold.
const (
	Held     HoldState = "held"
	Posted   HoldState = "posted"
	Released HoldState = "released"
	Expired  HoldState = "expired"
)

// Card is a gift card. Amounts are minor units of Currency.
type Card struct {
	// ID is a UUIDv7.
	ID string
	// Hash is the keyed hash of the code.
	Hash []byte
	// Last4 are the last characters of the code.
	Last4 string
	// Currency is an ISO 4217 code.
	Currency string
	// Initial, Balance and Held are amounts; Held is part of Balance.
	Initial int64
	Balance int64
	Held    int64
	// Status says whether it can be spent.
	Status Status
	// ExpiresAt is when it stops being accepted; nil is never.
	ExpiresAt *time.Time
	// Expired tells that this time has come, by the clock of the store.
	Expired bool
	// Note is free text of staff.
	Note string
	// Issuer and RequestID are who made it by which request.
	Issuer    string
	RequestID string
	// Version rises with every change.
	Version int64
	// CreatedAt and UpdatedAt are times of the store.
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Available is what can be spent now.
func (c *Card) Available() int64 {
	if c.Status != Active || c.Expired {
		return 0
	}
	return c.Balance - c.Held
}

// Hold is the use of a card for one order. Amounts are in the card's currency.
type Hold struct {
	// ID is the caller's.
	ID string
	// CardID is the card; empty for a tombstone.
	CardID string
	// Last4 is the card's.
	Last4 string
	// OrderID is the order it is for.
	OrderID string
	// State is how far it has come.
	State HoldState
	// Amount was set aside, Posted was spent of it, Refunded went back to the card of that.
	Amount   int64
	Posted   int64
	Refunded int64
	// Currency is the card's.
	Currency string
	// ExpiresAt is when an unposted hold is given back.
	ExpiresAt *time.Time
	// RequestID and Actor are for the audit trail.
	RequestID string
	Actor     string
	// CreatedAt and UpdatedAt are times of the store.
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Refund is money put back on a card.
type Refund struct {
	// HoldID and ID name it.
	HoldID string
	ID     string
	// Amount is in the hold's currency.
	Amount int64
	// RequestID and Actor are for the audit trail.
	RequestID string
	Actor     string
}

// CardFilter chooses cards.
type CardFilter struct {
	// Status limits to one status; empty means all.
	Status Status
	// Last4 limits to codes that end so.
	Last4 string
	// Before is the id of the last card of the page before.
	Before string
	// Limit is the number of cards.
	Limit int
}

// What callers can meet.
var (
	// ErrNotFound means that there is no such card.
	ErrNotFound = errs.Define(errs.NotFound, "GIFTCARD_NOT_FOUND", "There is no such gift card.")
	// ErrHoldNotFound means that there is no such hold.
	ErrHoldNotFound = errs.Define(errs.NotFound, "GIFTCARD_HOLD_NOT_FOUND", "There is no such hold on a gift card.")
	// ErrRejected means that the code is unknown, spent, expired or disabled. It never says which.
	ErrRejected = errs.Define(errs.Unprocessable, "GIFTCARD_REJECTED", "The gift card cannot be used.")
	// ErrRateLimited means that there were too many tries.
	ErrRateLimited = errs.Define(errs.ResourceExhausted, "GIFTCARD_RATE_LIMITED", "Too many gift card codes were tried; wait a minute.")
	// ErrCurrency means that a card is in another currency than the cart.
	ErrCurrency = errs.Define(errs.Unprocessable, "CURRENCY_MISMATCH", "The gift card is in another currency.")
	// ErrDuplicate means that the card is used for the order already.
	ErrDuplicate = errs.Define(errs.FailedPrecondition, "GIFTCARD_DUPLICATE", "The gift card is used for this order already.")
	// ErrInsufficient means that the card has less than the amount.
	ErrInsufficient = errs.Define(errs.FailedPrecondition, "GIFTCARD_INSUFFICIENT", "The gift card has less than this amount left.")
	// ErrHoldReleased means that the hold was given back.
	ErrHoldReleased = errs.Define(errs.FailedPrecondition, "GIFTCARD_HOLD_RELEASED", "The hold on the gift card was released.")
	// ErrHoldExpired means that the hold's time ran out.
	ErrHoldExpired = errs.Define(errs.FailedPrecondition, "GIFTCARD_HOLD_EXPIRED", "The hold on the gift card has expired.")
	// ErrHoldPosted means that the hold was spent.
	ErrHoldPosted = errs.Define(errs.FailedPrecondition, "GIFTCARD_HOLD_POSTED", "The hold on the gift card was spent.")
	// ErrHoldOpen means that the hold was not spent yet.
	ErrHoldOpen = errs.Define(errs.FailedPrecondition, "GIFTCARD_HOLD_OPEN", "The hold on the gift card was not spent yet.")
	// ErrExceeds means that the amount is more than what is left of the hold.
	ErrExceeds = errs.Define(errs.FailedPrecondition, "AMOUNT_EXCEEDS", "The amount is more than what is left.")
	// ErrTTL means that a hold's time is out of range.
	ErrTTL = errs.Define(errs.Invalid, "TTL_RANGE", "The time to keep a hold is out of range.")
	// ErrExpiry means that a card would expire in the past.
	ErrExpiry = errs.Define(errs.Invalid, "EXPIRY_PAST", "The time of expiry is not in the future.")
)

// Store keeps cards. Its methods join the transaction of ctx.
type Store interface {
	ledger.Poster

	// Tx runs fn in a transaction; fn may run several times.
	Tx(ctx context.Context, fn func(ctx context.Context) error) error
	// TakeTry counts a try in a scope, or answers false when it has had max within window.
	TakeTry(ctx context.Context, scope string, maximum int, window time.Duration) (bool, error)

	// InsertCard stores a new card; false when the issuer's request made one before.
	InsertCard(ctx context.Context, c *Card) (bool, error)
	// Card reads a card; ErrNotFound.
	Card(ctx context.Context, id string) (Card, error)
	// CardByHash reads a card; ErrNotFound.
	CardByHash(ctx context.Context, hash []byte) (Card, error)
	// CardByRequest reads the card that a request made; ErrNotFound.
	CardByRequest(ctx context.Context, issuer, requestID string) (Card, error)
	// ListCards lists cards, newest first.
	ListCards(ctx context.Context, f CardFilter) ([]Card, error)
	// Disable stops a card; ErrNotFound.
	Disable(ctx context.Context, id string) (Card, error)

	// InsertHold takes the amount from what is available and stores the hold, in one step; false when the card does not
	// allow it. It fails with ErrTaken when the hold's id is taken, and with ErrDuplicate when the card is used for the order.
	InsertHold(ctx context.Context, h *Hold, ttl time.Duration) (bool, error)
	// BuryHold stores a tombstone; false when the id is taken.
	BuryHold(ctx context.Context, h *Hold) (bool, error)
	// Hold reads a hold; ErrHoldNotFound.
	Hold(ctx context.Context, id string) (Hold, error)
	// LockHold reads a hold and keeps others from changing it until the transaction ends; ErrHoldNotFound.
	LockHold(ctx context.Context, id string) (Hold, error)
	// PostHold spends an amount of a held hold and gives the rest back.
	PostHold(ctx context.Context, id string, amount int64) (Hold, error)
	// FreeHold gives a held hold back as released or expired.
	FreeHold(ctx context.Context, id string, state HoldState) (Hold, error)
	// FreeExpired gives back holds whose time has run out, and answers how many there were.
	FreeExpired(ctx context.Context, limit int) (int, error)
	// InsertRefund stores a refund and puts its amount on the card; false when the id is taken.
	InsertRefund(ctx context.Context, r Refund) (bool, error)
	// Refund reads a refund; false when there is none.
	Refund(ctx context.Context, holdID, id string) (Refund, bool, error)
}
