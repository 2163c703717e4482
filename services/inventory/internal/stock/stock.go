// Package stock is the domain of inventory: where units are, who they are promised to, what left and what came back.
//
// It promises that no unit is promised twice: reserved never exceeds on_hand, and units sold without stock are counted
// apart. on_hand equals the sum of the movements; reserved equals what held and committed reservations still owe. Every
// mutation may be repeated with the id it was first sent with.
//
// Locks are taken in one order everywhere: reservation id, reservation, purchase limits by sku, stock rows by (sku, location),
// backorders by sku.
package stock

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// Limits of the contract that the domain stands by whoever calls it.
const (
	// MaxOnHand is the most units one location may hold of one SKU.
	MaxOnHand = 1_000_000_000
	// MaxQuantity is the most units of one SKU in one request.
	MaxQuantity = 1_000_000
	// MinTTL and MaxTTL bound how long stock may be held.
	MinTTL = time.Minute
	// MaxTTL is the longest hold: vouchers may be paid days later.
	MaxTTL = 7 * 24 * time.Hour
	// LeastRetention is how long what came to nothing is kept at least: nobody asks again after so long.
	LeastRetention = 30 * 24 * time.Hour
	// MaxBackorder is the most units of one SKU that may be owed at one time.
	MaxBackorder = 1_000_000
	// MaxWindowDays is the farthest a purchase limit looks back.
	MaxWindowDays = 3650
)

// Service is what the RPCs and jobs call. It is safe for concurrent use.
type Service struct {
	store    Store
	reserver Reserver
	lowStock int32
	memo     *memo // nil: availability is read each time
}

// New returns a service on a store. Reserver decides about carts; it is a part of its own so that one that groups
// concurrent callers into one statement can stand before the store. LowStock is the most units that are still shown as LOW.
func New(store Store, reserver Reserver, lowStock int32) *Service {
	return &Service{store: store, reserver: reserver, lowStock: lowStock}
}

// RememberAvailability makes the service answer BatchGetAvailability from memory for so long; other processes' changes show
// when that time is over. It is to be called before the service is used.
func (s *Service) RememberAvailability(c clock.Clock, life time.Duration) { s.memo = newMemo(c, life) }

// forget makes the next page read these SKUs anew.
func (s *Service) forget(skus ...string) {
	if s.memo != nil && len(skus) > 0 {
		s.memo.forget(skus...)
	}
}

// Key names the stock of one SKU at one location.
type Key struct {
	// SKU is the stock keeping unit.
	SKU string
	// Location is the key of the location.
	Location string
}

// Compare is the order in which stock rows are locked.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.SKU, o.SKU), cmp.Compare(k.Location, o.Location))
}

// Level is what one location holds of one SKU.
type Level struct {
	Key
	// OnHand is what is physically there.
	OnHand int32
	// Reserved is what of OnHand is promised and not shipped yet.
	Reserved int32
	// UpdatedAt is when it last changed.
	UpdatedAt time.Time
}

// Free is what a new reservation may take.
func (l Level) Free() int32 { return l.OnHand - l.Reserved }

// MovementKind says what moved stock.
type MovementKind string

// The kinds of movements.
const (
	// MovementSet is a count that replaced the figure.
	MovementSet MovementKind = "set"
	// MovementAdjust is goods received, damaged, lost or found.
	MovementAdjust MovementKind = "adjust"
	// MovementShip is units that left with a parcel.
	MovementShip MovementKind = "ship"
	// MovementReturn is returned units that went back on the shelf.
	MovementReturn MovementKind = "return"
)

// Movement is one change of on_hand.
type Movement struct {
	Key
	// ID rises with every movement.
	ID int64
	// Kind says what moved the stock.
	Kind MovementKind
	// Delta is the units added or taken, never 0.
	Delta int32
	// OnHandAfter is on_hand after it.
	OnHandAfter int32
	// Cause says who, why and for what.
	Cause Cause
	// CreatedAt is when.
	CreatedAt time.Time
}

// Cause is what the audit needs to know of a change.
type Cause struct {
	// Actor is the principal's key.
	Actor string
	// RequestID is the caller's request id.
	RequestID string
	// Reason is why, in the caller's words.
	Reason string
	// Reference is what the change belongs to.
	Reference string
}

// causeOf reads the actor from the context. A call without a request id of its own is known by the transport's.
func causeOf(ctx context.Context, requestID, reason, reference string) Cause {
	return Cause{
		Actor:     identity.From(ctx).Key(),
		RequestID: cmp.Or(requestID, identity.RequestID(ctx)),
		Reason:    reason,
		Reference: reference,
	}
}

// Change moves the counters of one stock row.
type Change struct {
	Key
	// OnHand is added to on_hand; a movement records it unless it is 0.
	OnHand int32
	// Reserved is added to reserved.
	Reserved int32
}

// Pick is a number of units at one location; backordered units have none.
type Pick struct {
	Key
	// Quantity is the units, 1 or more.
	Quantity int32
}

func sortedKeys[T any](items []T, key func(T) Key) []Key {
	keys := make([]Key, len(items))
	for i, item := range items {
		keys[i] = key(item)
	}
	slices.SortFunc(keys, Key.Compare)
	return slices.Compact(keys)
}
