package promotion

import "github.com/cartwright-shop/cartwright/services/platform/errs"

// What can be wrong with promotions and their codes.
var (
	// ErrNotFound means that there is no promotion with the key.
	ErrNotFound = errs.Define(errs.NotFound, "PROMOTION_NOT_FOUND", "There is no promotion with this key.")
	// ErrExists means that the key of a new promotion is taken.
	ErrExists = errs.Define(errs.AlreadyExists, "PROMOTION_EXISTS", "A promotion with this key exists already.")
	// ErrArchived means that a promotion has ended for good.
	ErrArchived = errs.Define(errs.FailedPrecondition, "PROMOTION_ARCHIVED", "The promotion is archived and cannot change.")
	// ErrTriggerFixed means that an update would make a promotion need a code, or no longer need one.
	ErrTriggerFixed = errs.Define(errs.FailedPrecondition, "PROMOTION_TRIGGER_FIXED", "Whether a promotion needs a code cannot change.")
	// ErrAutomatic means that codes are asked for a promotion that needs none.
	ErrAutomatic = errs.Define(errs.FailedPrecondition, "PROMOTION_AUTOMATIC", "The promotion is automatic and has no codes.")
	// ErrTooMany means that the shop has as many live automatic promotions as a quote can look at.
	ErrTooMany = errs.Define(errs.FailedPrecondition, "PROMOTION_LIMIT", "There are too many live automatic promotions; archive some.")
	// ErrLimitBelowUse means that a limit is set below the uses there are.
	ErrLimitBelowUse = errs.Define(errs.FailedPrecondition, "LIMIT_BELOW_USE", "The promotion is used more often already than the limit would allow.")
	// ErrCurrencyTwice means that a list of amounts names a currency twice.
	ErrCurrencyTwice = errs.Define(errs.Invalid, "CURRENCY_DUPLICATE", "A list of amounts names a currency twice.")
	// ErrAmountZero means that a discount of nothing was asked for.
	ErrAmountZero = errs.Define(errs.Invalid, "AMOUNT_ZERO", "An amount must be above zero here.")
	// ErrPercent means that a rate is not above 0 % and at most 100 %.
	ErrPercent = errs.Define(errs.Invalid, "PERCENT_RANGE", "A percentage must be above 0 and at most 100.")
	// ErrCodeExists means that a coupon code is taken.
	ErrCodeExists = errs.Define(errs.AlreadyExists, "COUPON_EXISTS", "A coupon code exists already, in this or another promotion.")
	// ErrCodeNotFound means that staff named a coupon code that does not exist.
	ErrCodeNotFound = errs.Define(errs.NotFound, "COUPON_NOT_FOUND", "There is no such coupon code.")
	// ErrCodeChoice means that a request both lists codes and asks for generated ones, or neither.
	ErrCodeChoice = errs.Define(errs.Invalid, "COUPON_CHOICE", "Either codes or a number of codes to generate must be given.")
)
