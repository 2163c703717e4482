package promotion

import (
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// Coupon is a code that gives a promotion.
type Coupon struct {
	// Code is in upper case.
	Code string
	// PromotionID is the promotion it gives.
	PromotionID string
	// PromotionKey is that promotion's key.
	PromotionKey string
	// MaxUses is how many orders may use it; 0: any number.
	MaxUses int32
	// Used is how many orders use it now.
	Used int64
	// CustomerKey is who alone may use it; empty: anyone.
	CustomerKey string
	// ValidUntil is the first instant at which it is no longer accepted; nil: none of its own.
	ValidUntil *time.Time
	// DisabledAt is when staff stopped it; nil: they have not.
	DisabledAt *time.Time
	// CreatedAt is when it was made.
	CreatedAt time.Time
}

// Fold gives the form of a code that is stored and compared. Only ASCII letters have a case here: anything else in a code
// a buyer enters matches nothing.
func Fold(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, code)
}

// generate makes a code with 100 random bits after the prefix, in groups for people to type.
func generate(prefix string) string { return Fold(prefix) + id.Code(5, 4) }
