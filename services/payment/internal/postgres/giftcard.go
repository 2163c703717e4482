package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// InsertCard stores a new card; false when the issuer's request made one before.
func (s *Store) InsertCard(ctx context.Context, c *giftcard.Card) (bool, error) {
	row, err := s.q.InsertCard(ctx, db.InsertCardParams{
		ID: c.ID, CodeHash: c.Hash, Last4: c.Last4, Currency: c.Currency, Initial: c.Initial, ExpiresAt: c.ExpiresAt,
		Note: c.Note, Issuer: c.Issuer, RequestID: c.RequestID,
	})
	if postgres.NoRows(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("insert gift card: %w", err)
	}
	c.Version, c.CreatedAt, c.UpdatedAt = row.Version, row.CreatedAt, row.UpdatedAt
	return true, nil
}

// Card reads a card.
func (s *Store) Card(ctx context.Context, cardID string) (giftcard.Card, error) {
	row, err := s.q.CardByID(ctx, cardID)
	return cardOf(row, err)
}

// CardByHash reads a card by the keyed hash of its code.
func (s *Store) CardByHash(ctx context.Context, hash []byte) (giftcard.Card, error) {
	row, err := s.q.CardByHash(ctx, hash)
	return cardOf(db.CardByIDRow(row), err)
}

// CardByRequest reads the card that a request made.
func (s *Store) CardByRequest(ctx context.Context, issuer, requestID string) (giftcard.Card, error) {
	row, err := s.q.CardByRequest(ctx, db.CardByRequestParams{Issuer: issuer, RequestID: requestID})
	return cardOf(db.CardByIDRow(row), err)
}

// Disable stops a card.
func (s *Store) Disable(ctx context.Context, cardID string) (giftcard.Card, error) {
	if _, err := s.q.DisableCard(ctx, cardID); err != nil {
		return giftcard.Card{}, fmt.Errorf("disable gift card: %w", err)
	}
	return s.Card(ctx, cardID)
}

// InsertHold takes the amount from what is available and stores the hold.
func (s *Store) InsertHold(ctx context.Context, h *giftcard.Hold, ttl time.Duration) (bool, error) {
	row, err := s.q.InsertHold(ctx, db.InsertHoldParams{
		ID: h.ID, GiftCardID: h.CardID, OrderID: h.OrderID, Amount: h.Amount, Currency: h.Currency, TtlSeconds: ttl.Seconds(),
		RequestID: h.RequestID, Actor: h.Actor,
	})
	switch {
	case postgres.NoRows(err):
		return false, nil
	case postgres.IsUnique(err, "gift_card_hold_pkey"):
		return false, giftcard.ErrTaken
	case postgres.IsUnique(err, "gift_card_hold_once"):
		return false, giftcard.ErrDuplicate.New("The gift card is used for this order already.")
	case err != nil:
		return false, err
	}
	h.Last4, h.ExpiresAt, h.CreatedAt, h.UpdatedAt = row.Last4, row.ExpiresAt, row.CreatedAt, row.CreatedAt
	return true, nil
}

// BuryHold stores a tombstone; false when the id is taken.
func (s *Store) BuryHold(ctx context.Context, h *giftcard.Hold) (bool, error) {
	created, err := s.q.BuryHold(ctx, db.BuryHoldParams{ID: h.ID, OrderID: h.OrderID, RequestID: h.RequestID, Actor: h.Actor})
	if postgres.NoRows(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("bury hold: %w", err)
	}
	h.CreatedAt, h.UpdatedAt = created, created
	return true, nil
}

// Hold reads a hold.
func (s *Store) Hold(ctx context.Context, holdID string) (giftcard.Hold, error) {
	row, err := s.q.GetHold(ctx, holdID)
	return holdOf(row, err)
}

// LockHold reads a hold and keeps others from changing it until the transaction ends.
func (s *Store) LockHold(ctx context.Context, holdID string) (giftcard.Hold, error) {
	row, err := s.q.LockHold(ctx, holdID)
	return holdOf(db.GetHoldRow(row), err)
}

// PostHold spends an amount of a held hold and gives the rest back.
func (s *Store) PostHold(ctx context.Context, holdID string, amount int64) (giftcard.Hold, error) {
	if err := one(s.q.PostHold(ctx, db.PostHoldParams{ID: holdID, Amount: amount})); err != nil {
		return giftcard.Hold{}, fmt.Errorf("spend hold: %w", err)
	}
	return s.Hold(ctx, holdID)
}

// FreeHold gives a held hold back.
func (s *Store) FreeHold(ctx context.Context, holdID string, state giftcard.HoldState) (giftcard.Hold, error) {
	if err := one(s.q.FreeHold(ctx, db.FreeHoldParams{ID: holdID, State: string(state)})); err != nil {
		return giftcard.Hold{}, fmt.Errorf("free hold: %w", err)
	}
	return s.Hold(ctx, holdID)
}

// FreeExpired gives back holds whose time has run out.
func (s *Store) FreeExpired(ctx context.Context, limit int) (int, error) {
	n, err := s.q.FreeExpiredHolds(ctx, int32(limit))
	if err != nil {
		return 0, fmt.Errorf("free expired holds: %w", err)
	}
	return int(n), nil
}

// InsertRefund stores a refund and puts its amount on the card.
func (s *Store) InsertRefund(ctx context.Context, r giftcard.Refund) (bool, error) {
	n, err := s.q.InsertGiftCardRefund(ctx, db.InsertGiftCardRefundParams{
		HoldID: r.HoldID, ID: r.ID, Amount: r.Amount, RequestID: r.RequestID, Actor: r.Actor,
	})
	if err != nil {
		return false, fmt.Errorf("insert gift card refund: %w", err)
	}
	return n > 0, nil
}

// Refund reads a refund; false when there is none.
func (s *Store) Refund(ctx context.Context, holdID, refundID string) (giftcard.Refund, bool, error) {
	row, err := s.q.GetGiftCardRefund(ctx, db.GetGiftCardRefundParams{HoldID: holdID, ID: refundID})
	if postgres.NoRows(err) {
		return giftcard.Refund{}, false, nil
	}
	if err != nil {
		return giftcard.Refund{}, false, fmt.Errorf("read gift card refund: %w", err)
	}
	return giftcard.Refund{HoldID: holdID, ID: refundID, Amount: row.Amount, RequestID: row.RequestID, Actor: row.Actor}, true, nil
}

// one turns a count that must be one into an error.
func one(n int64, err error) error {
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows changed although the row is locked", n)
	}
	return err
}

func cardOf(row db.CardByIDRow, err error) (giftcard.Card, error) {
	if postgres.NoRows(err) {
		return giftcard.Card{}, giftcard.ErrNotFound.New("There is no such gift card.")
	}
	if err != nil {
		return giftcard.Card{}, fmt.Errorf("read gift card: %w", err)
	}
	return giftcard.Card{
		ID: row.ID, Last4: row.Last4, Currency: row.Currency, Initial: row.Initial, Balance: row.Balance, Held: row.Held,
		Status: giftcard.Status(row.Status), ExpiresAt: row.ExpiresAt, Expired: row.Expired, Note: row.Note, Issuer: row.Issuer,
		RequestID: row.RequestID, Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}, nil
}

func holdOf(row db.GetHoldRow, err error) (giftcard.Hold, error) {
	if postgres.NoRows(err) {
		return giftcard.Hold{}, giftcard.ErrHoldNotFound.New("There is no such hold.")
	}
	if err != nil {
		return giftcard.Hold{}, fmt.Errorf("read hold: %w", err)
	}
	h := giftcard.Hold{
		ID: row.ID, Last4: row.Last4, OrderID: row.OrderID, State: giftcard.HoldState(row.State), Amount: row.Amount,
		Posted: row.Posted, Refunded: row.Refunded, Currency: row.Currency, ExpiresAt: row.ExpiresAt, RequestID: row.RequestID,
		Actor: row.Actor, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	if row.GiftCardID != nil {
		h.CardID = *row.GiftCardID
	}
	return h, nil
}
