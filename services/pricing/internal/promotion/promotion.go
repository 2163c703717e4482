// Package promotion defines discounts: what they give, when they apply, how often they may be used, and their coupon codes.
//
// How promotions change a basket is in package quote, who has used one in package redemption.
package promotion

import (
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// Trigger says what makes a promotion count.
type Trigger string

// The triggers.
const (
	// Automatic promotions count for every basket that meets the conditions.
	Automatic Trigger = "automatic"
	// Code promotions count for baskets with one of their coupon codes.
	Code Trigger = "code"
)

// Scope says what a percentage or an amount is taken off.
type Scope string

// The scopes.
const (
	// Order is the whole basket.
	Order Scope = "order"
	// MatchingLines are the lines the conditions' selector picks.
	MatchingLines Scope = "matching_lines"
)

// Kind names what a promotion gives.
type Kind string

// The kinds.
const (
	// KindPercentage takes a part off.
	KindPercentage Kind = "percentage_off"
	// KindAmount takes a fixed amount off.
	KindAmount Kind = "amount_off"
	// KindBuyXGetY gives units for less when others are bought.
	KindBuyXGetY Kind = "buy_x_get_y"
	// KindFreeShipping makes shipping free.
	KindFreeShipping Kind = "free_shipping"
)

// Promotion is a discount with its conditions and limits.
type Promotion struct {
	// ID is a UUIDv7.
	ID string
	// Key names the promotion; it never changes.
	Key string
	// Name is shown to buyers.
	Name string
	// Trigger says whether it needs a code; it never changes.
	Trigger Trigger
	// Rule is what it gives and when.
	Rule Rule
	// Exclusive says that it combines with no other.
	Exclusive bool
	// Priority ranks promotions; the higher is applied first.
	Priority int32
	// LimitTotal is how many orders may use it; 0: any number.
	LimitTotal int64
	// LimitPerCustomer is how many orders of one customer may use it; 0: any number.
	LimitPerCustomer int32
	// LimitPerCode is how many orders may use a code that is made without a limit of its own; 0: any number.
	LimitPerCode int32
	// ValidFrom is when it begins to count; nil: always did.
	ValidFrom *time.Time
	// ValidUntil is the first instant at which it no longer counts; nil: never.
	ValidUntil *time.Time
	// Active says whether it counts at all.
	Active bool
	// Version rises with every change.
	Version int64
	// Used is how many orders use it now.
	Used int64
	// ArchivedAt is when it ended for good; nil: it has not.
	ArchivedAt *time.Time
	// CreatedAt is when it was made.
	CreatedAt time.Time
	// UpdatedAt is when it changed last.
	UpdatedAt time.Time
}

// Rule is what a promotion gives and when. Its JSON form is stored.
type Rule struct {
	// Kind says which of the fields below counts.
	Kind Kind `json:"kind"`
	// Scope is what a percentage or an amount is taken off.
	Scope Scope `json:"scope"`
	// Rate is the part taken off: of a percentage, or of each unit given.
	Rate money.Rate `json:"rate,omitempty"`
	// Amounts is taken off, one per currency.
	Amounts []money.Money `json:"amounts,omitempty"`
	// Buy is how many units are bought in each repeat.
	Buy int64 `json:"buy,omitempty"`
	// Get is how many units are given in each repeat.
	Get int64 `json:"get,omitempty"`
	// MaxRepeats bounds the repeats; 0: no bound.
	MaxRepeats int64 `json:"max_repeats,omitempty"`
	// GetSelector picks the units given; empty: those of the conditions.
	GetSelector Selector `json:"get_selector,omitzero"`
	// Conditions must all be met.
	Conditions Conditions `json:"conditions,omitzero"`
}

// Conditions must all be met for a promotion to apply. Empty ones are met.
type Conditions struct {
	// Selector picks the lines that count.
	Selector Selector `json:"selector,omitzero"`
	// MinSubtotals is the smallest sum of these lines before discounts, one per currency.
	MinSubtotals []money.Money `json:"min_subtotals,omitempty"`
	// MinQuantity is the fewest units on these lines.
	MinQuantity int64 `json:"min_quantity,omitempty"`
	// Groups are the customer groups it is for.
	Groups []string `json:"groups,omitempty"`
	// Channels are the channels it is for.
	Channels []string `json:"channels,omitempty"`
}

// Selector picks lines: those that meet each list that is not empty, by any of its entries.
type Selector struct {
	// SKUs is a list of SKUs.
	SKUs []string `json:"skus,omitempty"`
	// CategoryIDs is a list of categories.
	CategoryIDs []string `json:"category_ids,omitempty"`
	// Tags is a list of tags.
	Tags []string `json:"tags,omitempty"`
}

// Empty tells whether the selector picks every line.
func (s Selector) Empty() bool {
	return len(s.SKUs) == 0 && len(s.CategoryIDs) == 0 && len(s.Tags) == 0
}

// Matcher is a selector made ready for many lines.
type Matcher struct{ skus, categoryIDs, tags set }

// Matcher makes the selector ready.
func (s Selector) Matcher() Matcher {
	return Matcher{skus: newSet(s.SKUs), categoryIDs: newSet(s.CategoryIDs), tags: newSet(s.Tags)}
}

// Matches tells whether a line with these facts is picked.
func (m Matcher) Matches(sku string, categoryIDs, tags []string) bool {
	return m.skus.meets(sku) && m.categoryIDs.meets(categoryIDs...) && m.tags.meets(tags...)
}

// Admits tells whether a buyer in a channel and groups meets the conditions that do not depend on the lines.
func (c Conditions) Admits(channel string, groups []string) bool {
	return newSet(c.Channels).meets(channel) && newSet(c.Groups).meets(groups...)
}

// In finds the amount of a currency.
func In(currency string, amounts []money.Money) (money.Money, bool) {
	i := slices.IndexFunc(amounts, func(m money.Money) bool { return m.Currency == currency })
	if i < 0 {
		return money.Money{}, false
	}
	return amounts[i], true
}

// set is what is wanted; an empty one is met by anything.
type set map[string]struct{}

func newSet(entries []string) set {
	if len(entries) == 0 {
		return nil
	}
	s := make(set, len(entries))
	for _, entry := range entries {
		s[entry] = struct{}{}
	}
	return s
}

func (s set) meets(have ...string) bool {
	return len(s) == 0 || slices.ContainsFunc(have, func(entry string) bool { _, ok := s[entry]; return ok })
}
