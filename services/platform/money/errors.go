package money

import "github.com/cartwright-shop/cartwright/services/platform/errs"

// What can be wrong with an amount.
var (
	// ErrScale means that the text has more digits after the point than the currency.
	ErrScale = errs.Define(errs.Invalid, "AMOUNT_SCALE", "An amount has more digits after the point than its currency has.")
	// ErrRange means that an amount, or the result of a calculation with it, does not fit.
	ErrRange = errs.Define(errs.Invalid, "AMOUNT_RANGE", "An amount, or what it adds up to, is outside the range that can be kept exactly.")
	// ErrFormat means that the text is not a decimal number.
	ErrFormat = errs.Define(errs.Invalid, "AMOUNT_INVALID", "An amount is not a decimal number such as 19.99.")
	// ErrNegative means that an amount is below zero where that has no meaning.
	ErrNegative = errs.Define(errs.Invalid, "AMOUNT_NEGATIVE", "An amount is negative where it must not be.")
	// ErrCurrency means that a currency code is unknown, withdrawn or not money.
	ErrCurrency = errs.Define(errs.Invalid, "CURRENCY_INVALID", "A currency code is not an active ISO 4217 code.")
	// ErrMismatch means that amounts of different currencies met.
	ErrMismatch = errs.Define(errs.Invalid, "CURRENCY_MISMATCH", "Amounts in different currencies cannot be combined.")
	// ErrRounding means that a rounding mode is unknown or a rate is out of range.
	ErrRounding = errs.Define(errs.Invalid, "ROUNDING_INVALID", "A rounding mode or a rate is not known.")
)
