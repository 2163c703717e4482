// Package quote prices baskets: prices of lines, promotions on them, and the explanation of both.
//
// A quote is a function of the basket, the prices and the promotions: the same inputs give the same quote, byte for byte,
// in whatever order lines and codes come. All of it is integer arithmetic; the one rounding rule is half up, the one
// sharing rule is largest remainder. The package writes nothing but the count of rejected coupon codes.
package quote

import (
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
)

// MaxCodes is how many coupon codes a basket can have.
const MaxCodes = 10

// Reasons of rejected coupons. Unknown, expired, used up, foreign and unmet are one.
const (
	ReasonRejected      = "COUPON_REJECTED"
	ReasonApplied       = "COUPON_ALREADY_APPLIED"
	ReasonNotCombinable = "COUPON_NOT_COMBINABLE"
	// ReasonUnpriced marks lines in a refusal.
	ReasonUnpriced = "PRICE_MISSING"
)

// Basket is all that decides a quote.
type Basket struct {
	// Buyer is who buys where.
	Buyer pricelist.Buyer
	// CustomerKey is who limits per customer are counted for; empty: not known yet.
	CustomerKey string
	// Lines is what is bought.
	Lines []Line
	// Codes are coupon codes as entered.
	Codes []string
}

// Line is a line of a basket.
type Line struct {
	// ID is the caller's, unique in the basket.
	ID string
	// SKU is what is bought.
	SKU string
	// Quantity is how many units.
	Quantity int32
	// CategoryIDs are the product's categories with their ancestors.
	CategoryIDs []string
	// Tags are the product's.
	Tags []string
}

// Candidate is a promotion that may apply: it is live, and automatic or given by a code of the basket.
type Candidate struct {
	// Promotion is what may apply.
	Promotion promotion.Promotion
	// Code is the one that gives it, in upper case; empty: automatic.
	Code string
	// CodeLimited says that the code has a limit of its own.
	CodeLimited bool
	// Exhausted says that a limit leaves no use of it for this customer.
	Exhausted bool
}

// Quote is what a basket costs, before shipping and tax.
type Quote struct {
	// Currency is that of every amount.
	Currency string
	// Lines are the priced lines in the basket's order.
	Lines []PricedLine
	// Applied are the promotions that count, in the order they were applied.
	Applied []Applied
	// Rejected are codes that give nothing, in the basket's order.
	Rejected []Rejection
	// Unpriced are the ids of lines without a price.
	Unpriced []string
	// Subtotal is the sum of the lines' subtotals.
	Subtotal money.Money
	// Discount is the sum of the discounts.
	Discount money.Money
	// Total is Subtotal less Discount.
	Total money.Money
	// Fingerprint identifies all that matters to the buyer.
	Fingerprint string
	// At is when it was made.
	At time.Time
}

// PricedLine is a line with its price.
type PricedLine struct {
	// ID is the caller's.
	ID string
	// SKU is what is bought.
	SKU string
	// Quantity is how many units.
	Quantity int32
	// Tier is the price that counts.
	Tier pricelist.Tier
	// Subtotal is the price of all units.
	Subtotal money.Money
	// Discount is what promotions take off.
	Discount money.Money
	// Total is Subtotal less Discount, never below zero.
	Total money.Money
}

// Applied is a promotion that counts, with the step that explains it.
type Applied struct {
	// Promotion is the one that counts.
	Promotion promotion.Promotion
	// Code gave it, in upper case; empty: automatic.
	Code string
	// CodeLimited says that the code has a limit of its own.
	CodeLimited bool
	// Basis is what was left to pay on the lines it looks at.
	Basis money.Money
	// Amount is what it takes off; zero for free shipping.
	Amount money.Money
	// Allocations are the parts of Amount by line, in the basket's order, each above zero.
	Allocations []Allocation
}

// FreeShipping tells whether it makes shipping free instead of taking an amount off.
func (a Applied) FreeShipping() bool { return a.Promotion.Rule.Kind == promotion.KindFreeShipping }

// Allocation is the part of a discount that a line carries.
type Allocation struct {
	// Line is the line's position among the quote's lines.
	Line int
	// Amount is above zero.
	Amount money.Money
}

// Rejection is a code that gives nothing.
type Rejection struct {
	// Code is as it was entered.
	Code string
	// Reason is one of the reasons above.
	Reason string
}
