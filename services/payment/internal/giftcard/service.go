package giftcard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/ledger"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

const (
	maxTries    = 10
	tryWindow   = time.Minute
	maxHold     = 7 * 24 * time.Hour
	expireBatch = 500
	maxCard     = 1_000_000_000_000 // minor units: the books stay far from what an integer can hold
)

// ErrTaken is what a store answers when a hold's id is taken. No caller of Service meets it.
var ErrTaken = errors.New("the hold exists")

// Service carries out what callers ask of gift cards.
type Service struct {
	store Store
	codes *Codes
	clock clock.Clock
}

// NewService makes the service.
func NewService(store Store, codes *Codes, clk clock.Clock) *Service {
	return &Service{store: store, codes: codes, clock: clk}
}

// IssueRequest describes a card to make.
type IssueRequest struct {
	// RequestID is the idempotency key.
	RequestID string
	// Amount is more than 0.
	Amount money.Money
	// ExpiresAt is when it stops being accepted; nil is never.
	ExpiresAt *time.Time
	// Note is free text.
	Note string
}

// Issue makes a card and answers its code. The same request again answers the same card and code.
func (s *Service) Issue(ctx context.Context, r IssueRequest) (Card, string, error) {
	if err := positive(r.Amount); err != nil {
		return Card{}, "", err
	}
	if r.Amount.Minor > maxCard {
		return Card{}, "", money.ErrRange.At("amount.minorUnits", "A gift card holds at most %d minor units.", int64(maxCard))
	}
	// A repeated request is answered also after the card it made has expired.
	past := r.ExpiresAt != nil && !r.ExpiresAt.After(s.clock.Now())
	c := Card{
		ID: id.New(), Currency: r.Amount.Currency, Initial: r.Amount.Minor, Balance: r.Amount.Minor, Status: Active,
		ExpiresAt: r.ExpiresAt, Note: r.Note, Issuer: identity.From(ctx).Key(), RequestID: r.RequestID,
	}
	code := s.codes.Derive(c.ID, c.Issuer, c.RequestID)
	c.Hash, c.Last4 = s.codes.Hash(code), code[len(code)-4:]
	if past {
		if known, code, err := s.reissue(ctx, c); err == nil {
			return known, code, nil
		}
		return Card{}, "", ErrExpiry.At("expiresAt", "The card would have expired already.")
	}
	issued := false
	err := s.store.Tx(ctx, func(ctx context.Context) (err error) {
		if issued, err = s.store.InsertCard(ctx, &c); err != nil || !issued {
			return err
		}
		return s.store.Post(ctx, ledger.GiftCardIssued(ledger.Entry{
			ID: id.New(), Source: "giftcard:" + c.ID, GiftCardID: c.ID, Actor: c.Issuer, RequestID: c.RequestID,
		}, c.Initial, c.Currency))
	})
	if err != nil {
		return Card{}, "", fmt.Errorf("issue gift card: %w", err)
	}
	if issued {
		return c, code, nil
	}
	return s.reissue(ctx, c)
}

// reissue answers a repeated request with the code it had.
func (s *Service) reissue(ctx context.Context, want Card) (Card, string, error) {
	known, err := s.store.CardByRequest(ctx, want.Issuer, want.RequestID)
	if err != nil {
		return Card{}, "", err
	}
	sameExpiry := known.ExpiresAt == nil && want.ExpiresAt == nil ||
		known.ExpiresAt != nil && want.ExpiresAt != nil && known.ExpiresAt.Equal(*want.ExpiresAt)
	if known.Initial != want.Initial || known.Currency != want.Currency || known.Note != want.Note || !sameExpiry {
		return Card{}, "", reused("gift card")
	}
	return known, s.codes.Derive(known.ID, known.Issuer, known.RequestID), nil
}

// Get reads a card; ErrNotFound.
func (s *Service) Get(ctx context.Context, cardID string) (Card, error) {
	return s.store.Card(ctx, cardID)
}

// List lists cards, newest first.
func (s *Service) List(ctx context.Context, f CardFilter) ([]Card, error) {
	return s.store.ListCards(ctx, f)
}

// Disable stops a card for good. Its balance stays on the books, and refunds still reach it.
func (s *Service) Disable(ctx context.Context, cardID string) (Card, error) {
	return s.store.Disable(ctx, cardID)
}

// Lookup finds a spendable card by a typed code. Every try counts, right or wrong, before the code is looked at; the
// answer to a code that cannot be used is always the same.
func (s *Service) Lookup(ctx context.Context, typed, currency, scope string) (Card, error) {
	if p := identity.From(ctx); p.Kind != identity.Anonymous || scope == "" {
		scope = p.Key()
	} else {
		scope = "guest:" + scope
	}
	allowed, err := s.store.TakeTry(ctx, "giftcard:"+scope, maxTries, tryWindow)
	if err != nil {
		return Card{}, fmt.Errorf("count gift card try: %w", err)
	}
	if !allowed {
		return Card{}, ErrRateLimited.New("Too many gift card codes were tried.").RetryAfter(tryWindow)
	}
	// A text that cannot be a code takes the same way, so that the time taken tells nothing.
	code, _ := Canonical(typed)
	card, err := s.store.CardByHash(ctx, s.codes.Hash(code))
	if err != nil && !errs.Has(err, ErrNotFound) {
		return Card{}, err
	}
	if err != nil || card.Available() <= 0 {
		return Card{}, ErrRejected.New("The gift card cannot be used.")
	}
	if currency != "" && currency != card.Currency {
		return Card{}, ErrCurrency.New("The gift card is in %s.", card.Currency)
	}
	return card, nil
}

// HoldRequest asks to set an amount of a card aside.
type HoldRequest struct {
	// HoldID is the caller's id and the idempotency key.
	HoldID string
	// RequestID is for the audit trail.
	RequestID string
	// CardID and OrderID say of what and for what.
	CardID  string
	OrderID string
	// Amount is more than 0.
	Amount money.Money
	// TTL is how long it is kept.
	TTL time.Duration
}

// Hold sets an amount aside for an order.
func (s *Service) Hold(ctx context.Context, r HoldRequest) (Hold, error) {
	if err := positive(r.Amount); err != nil {
		return Hold{}, err
	}
	if r.TTL < time.Second || r.TTL > maxHold {
		return Hold{}, ErrTTL.At("ttl", "A hold is kept for 1 second to 7 days.")
	}
	h := Hold{
		ID: r.HoldID, CardID: r.CardID, OrderID: r.OrderID, State: Held, Amount: r.Amount.Minor, Currency: r.Amount.Currency,
		RequestID: r.RequestID, Actor: identity.From(ctx).Key(),
	}
	held, err := s.store.InsertHold(ctx, &h, r.TTL)
	switch {
	case errors.Is(err, ErrTaken), err == nil && !held, errs.Has(err, ErrDuplicate):
		return s.repeatHold(ctx, r, err)
	case err != nil:
		return Hold{}, fmt.Errorf("hold gift card: %w", err)
	}
	return h, nil
}

// repeatHold answers a hold that was made before, or says why a new one cannot be.
func (s *Service) repeatHold(ctx context.Context, r HoldRequest, refused error) (Hold, error) {
	known, err := s.store.Hold(ctx, r.HoldID)
	if err == nil {
		switch {
		case known.CardID == "":
			return Hold{}, ErrHoldReleased.New("The hold was released before it was made.")
		case known.CardID != r.CardID || known.OrderID != r.OrderID || known.Amount != r.Amount.Minor || known.Currency != r.Amount.Currency:
			return Hold{}, reused("hold")
		}
		return known, nil
	}
	if !errs.Has(err, ErrHoldNotFound) {
		return Hold{}, err
	}
	if errs.Has(refused, ErrDuplicate) {
		return Hold{}, ErrDuplicate.New("The gift card is used for this order already.")
	}
	card, err := s.store.Card(ctx, r.CardID)
	switch {
	case err != nil:
		return Hold{}, err
	case card.Currency != r.Amount.Currency:
		return Hold{}, ErrCurrency.At("amount.currencyCode", "The gift card is in %s.", card.Currency)
	case card.Status != Active || card.Expired:
		return Hold{}, ErrRejected.New("The gift card cannot be used.")
	default:
		return Hold{}, ErrInsufficient.At("amount.minorUnits", "The gift card has less than this amount left.").
			Meta("available_minor_units", fmt.Sprint(card.Available()))
	}
}

// Post spends a hold, once; what is not spent of it is given back. An amount of nil means all of it. A hold whose time has
// run out can be spent as long as it was not given back: its money is still set aside.
func (s *Service) Post(ctx context.Context, holdID, requestID string, amount *money.Money) (Hold, error) {
	var posted Hold
	err := s.store.Tx(ctx, func(ctx context.Context) error {
		h, err := s.store.LockHold(ctx, holdID)
		if err != nil {
			return err
		}
		want := h.Amount
		if amount != nil {
			if err := positive(*amount); err != nil {
				return err
			}
			if amount.Currency != h.Currency && h.CardID != "" {
				return ErrCurrency.At("amount.currencyCode", "The hold is in %s.", h.Currency)
			}
			want = amount.Minor
		}
		if done, err := postable(h, want); done || err != nil {
			posted = h
			return err
		}
		if posted, err = s.store.PostHold(ctx, holdID, want); err != nil {
			return err
		}
		return s.store.Post(ctx, ledger.GiftCardPosted(ledger.Entry{
			ID: id.New(), Source: "giftcard_hold:" + h.ID, OrderID: h.OrderID, GiftCardID: h.CardID,
			Actor: identity.From(ctx).Key(), RequestID: requestID,
		}, want, h.Currency))
	})
	if err != nil {
		return Hold{}, fmt.Errorf("post gift card hold: %w", err)
	}
	return posted, nil
}

// postable tells whether a hold was spent so already, or why it cannot be.
func postable(h Hold, want int64) (done bool, err error) {
	switch {
	case h.State == Posted && h.Posted == want:
		return true, nil
	case h.State == Posted:
		return false, reused("amount")
	case h.State == Released:
		return false, ErrHoldReleased.New("The hold was released.")
	case h.State == Expired:
		return false, ErrHoldExpired.New("The hold has expired.")
	case want > h.Amount:
		return false, ErrExceeds.At("amount.minorUnits", "The hold is %s.", money.Money{Currency: h.Currency, Minor: h.Amount})
	}
	return false, nil
}

// Release gives a hold back. One that was never seen becomes a tombstone that refuses it.
func (s *Service) Release(ctx context.Context, holdID, requestID, orderID string) (Hold, error) {
	var released Hold
	err := s.store.Tx(ctx, func(ctx context.Context) (err error) {
		released, err = s.store.LockHold(ctx, holdID)
		if errs.Has(err, ErrHoldNotFound) {
			released = Hold{ID: holdID, OrderID: orderID, State: Released, RequestID: requestID, Actor: identity.From(ctx).Key()}
			buried, err := s.store.BuryHold(ctx, &released)
			if err != nil || buried {
				return err
			}
			released, err = s.store.LockHold(ctx, holdID)
			if err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		switch released.State {
		case Posted:
			return ErrHoldPosted.New("The hold was spent; refund it to the card instead.")
		case Held:
			released, err = s.store.FreeHold(ctx, holdID, Released)
		}
		return err
	})
	if err != nil {
		return Hold{}, fmt.Errorf("release gift card hold: %w", err)
	}
	return released, nil
}

// RefundRequest asks to put money back on a card.
type RefundRequest struct {
	// RefundID is the idempotency key within the hold.
	RefundID string
	// HoldID names the posted hold whose money goes back.
	HoldID string
	// RequestID is for the audit trail.
	RequestID string
	// Amount is more than 0.
	Amount money.Money
}

// RefundToCard puts a part or all of a posted hold back on its card, also when the card is disabled or has expired: the
// money is the holder's.
func (s *Service) RefundToCard(ctx context.Context, r RefundRequest) (Hold, error) {
	if err := positive(r.Amount); err != nil {
		return Hold{}, err
	}
	var after Hold
	err := s.store.Tx(ctx, func(ctx context.Context) error {
		h, err := s.store.LockHold(ctx, r.HoldID)
		if err != nil {
			return err
		}
		known, found, err := s.store.Refund(ctx, r.HoldID, r.RefundID)
		switch {
		case err != nil:
			return err
		case found && (known.Amount != r.Amount.Minor || h.Currency != r.Amount.Currency):
			return reused("refund")
		case found:
			after = h
			return nil
		case h.State != Posted:
			return ErrHoldOpen.New("The hold was not spent.")
		case h.Currency != r.Amount.Currency:
			return ErrCurrency.At("amount.currencyCode", "The hold is in %s.", h.Currency)
		case r.Amount.Minor > h.Posted-h.Refunded:
			return ErrExceeds.At("amount.minorUnits", "At most %s is left.", money.Money{Currency: h.Currency, Minor: h.Posted - h.Refunded})
		}
		return s.putBack(ctx, h, r, &after)
	})
	if err != nil {
		return Hold{}, fmt.Errorf("refund to gift card: %w", err)
	}
	return after, nil
}

func (s *Service) putBack(ctx context.Context, h Hold, r RefundRequest, after *Hold) error {
	by := identity.From(ctx).Key()
	inserted, err := s.store.InsertRefund(ctx, Refund{HoldID: h.ID, ID: r.RefundID, Amount: r.Amount.Minor, RequestID: r.RequestID, Actor: by})
	if err != nil {
		return err
	}
	if !inserted {
		return fmt.Errorf("refund %s of hold %s exists although the hold is locked", r.RefundID, h.ID)
	}
	if err := s.store.Post(ctx, ledger.GiftCardRefunded(ledger.Entry{
		ID: id.New(), Source: "giftcard_refund:" + h.ID + ":" + r.RefundID, OrderID: h.OrderID, GiftCardID: h.CardID,
		Actor: by, RequestID: r.RequestID,
	}, r.Amount.Minor, h.Currency)); err != nil {
		return err
	}
	*after, err = s.store.Hold(ctx, h.ID)
	return err
}

// FreeExpired gives back holds whose time has run out, and answers how many there were.
func (s *Service) FreeExpired(ctx context.Context) (int, error) {
	return s.store.FreeExpired(ctx, expireBatch)
}

func positive(m money.Money) error {
	if _, err := money.New(m.Currency, m.Minor); err != nil {
		return err
	}
	if m.Minor <= 0 {
		return money.ErrRange.At("amount.minorUnits", "The amount must be more than 0.")
	}
	return nil
}

func reused(what string) error {
	return errs.IdempotencyKeyReused.New("The id was used for another %s.", what)
}
