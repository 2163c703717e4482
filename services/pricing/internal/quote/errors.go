package quote

import "github.com/cartwright-shop/cartwright/services/platform/errs"

// What can be wrong with a basket or a code.
var (
	// ErrLineTwice means that two lines of a basket have the same id.
	ErrLineTwice = errs.Define(errs.Invalid, "LINE_DUPLICATE", "Two lines have the same id.")
	// ErrTotal means that legal quantities and prices add up to more than an amount can hold.
	ErrTotal = errs.Define(errs.FailedPrecondition, "AMOUNT_RANGE", "Quantities and prices add up to more than an amount can hold.")
	// ErrRejected means that a coupon code gives nothing. Why is not told: the answer must not help to guess codes.
	ErrRejected = errs.Define(errs.Unprocessable, "COUPON_REJECTED", "The coupon code is not accepted for this basket.")
	// ErrApplied means that a code is in the basket already.
	ErrApplied = errs.Define(errs.FailedPrecondition, "COUPON_ALREADY_APPLIED", "The coupon code is applied already.")
	// ErrNotCombinable means that a code is good but does not go with what is applied.
	ErrNotCombinable = errs.Define(errs.FailedPrecondition, "COUPON_NOT_COMBINABLE", "The coupon code cannot be combined with the discounts that apply.")
	// ErrAttempts means that a buyer tried too many codes that were not accepted.
	ErrAttempts = errs.Define(errs.ResourceExhausted, "COUPON_ATTEMPTS", "Too many coupon codes were tried; wait before the next try.")
	// ErrChanged means that the price of a basket is not what the buyer saw.
	ErrChanged = errs.Define(errs.FailedPrecondition, "PRICE_CHANGED", "The price changed; show the new quote to the buyer.")
	// ErrUnpriced means that something in a basket that is to be sold has no price for the buyer.
	ErrUnpriced = errs.Define(errs.FailedPrecondition, "PRICE_MISSING", "A line has no price for this buyer.")
)
