// Package redemption keeps who uses which promotion: it reserves uses for an order, makes them final or gives them back.
//
// Limits hold whatever happens at once: every use of a limited promotion moves a counter by a conditional update in the
// transaction that records the use. A use is given back exactly once, and a release that comes before its reservation leaves
// a tombstone that refuses it.
package redemption

import (
	"time"

	"github.com/cartwright-shop/cartwright/services/pricing/internal/quote"
)

// State is how far an order's use has come.
type State string

// The states. A use leaves Reserved by itself when its time runs out; Released is final for its generation.
const (
	// Reserved is kept for the order until it expires.
	Reserved State = "reserved"
	// Redeemed is used.
	Redeemed State = "redeemed"
	// Released was given back, or refused before it was made.
	Released State = "released"
	// Expired was given back because its time ran out.
	Expired State = "expired"
)

// Holds tells whether the uses count against limits.
func (s State) Holds() bool { return s == Reserved || s == Redeemed }

// Limits of the time a reservation is kept.
const (
	// DefaultTTL is for callers that give none.
	DefaultTTL = 30 * time.Minute
	// MinTTL is the shortest.
	MinTTL = time.Minute
	// MaxTTL is the longest.
	MaxTTL = 30 * 24 * time.Hour
)

// OrderUse is an order's use of promotions.
type OrderUse struct {
	// OrderID names the order.
	OrderID string
	// Generation counts attempts of the order.
	Generation int32
	// State is how far it has come.
	State State
	// Fingerprint is that of the confirmed quote; empty for a tombstone.
	Fingerprint string
	// CustomerKey is who limits per customer are counted for; empty for a tombstone.
	CustomerKey string
	// Currency is that of the amounts; empty for a tombstone.
	Currency string
	// Uses are the promotions, by id.
	Uses []Use
	// ExpiresAt is when a reservation is given back; nil for a tombstone.
	ExpiresAt *time.Time
	// UpdatedAt is when it changed last.
	UpdatedAt time.Time
}

// Use is one promotion that an order uses.
type Use struct {
	// PromotionID is the promotion.
	PromotionID string
	// PromotionKey is that promotion's key.
	PromotionKey string
	// Code gave it, in upper case; empty: automatic.
	Code string
	// CodeLimited says that the code has a limit of its own.
	CodeLimited bool
	// Minor is the amount off, in minor units; 0 for free shipping.
	Minor int64
}

// Terms are what a promotion allows, read under a lock that keeps them from changing.
type Terms struct {
	// Version is the promotion's.
	Version int64
	// LimitTotal is how many orders may use it; 0: any number.
	LimitTotal int64
	// LimitPerCustomer is how many orders of one customer may use it; 0: any number.
	LimitPerCustomer int32
}

// Confirmation asks to confirm a quote for an order.
type Confirmation struct {
	// OrderID names the order.
	OrderID string
	// Generation counts attempts of the order.
	Generation int32
	// Basket is what is bought.
	Basket quote.Basket
	// Expected is the fingerprint of the quote the buyer saw.
	Expected string
	// TTL is how long the uses are kept.
	TTL time.Duration
}

// admit says whether a confirmation may go on, given what the order has already.
func (u OrderUse) admit(c Confirmation) error {
	switch {
	case u.Generation > c.Generation, u.Generation == c.Generation && u.State == Released:
		return ErrReleased.New("The order gave up attempt %d.", max(c.Generation, u.Generation)).
			Meta("generation", itoa(u.Generation))
	case u.State == Redeemed:
		return ErrRedeemed.New("The order has redeemed its quote.")
	}
	return nil
}
