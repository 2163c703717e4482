package pricelist

import "github.com/cartwright-shop/cartwright/services/platform/errs"

// What can be wrong with price lists and prices.
var (
	// ErrNotFound means that there is no price list with the key.
	ErrNotFound = errs.Define(errs.NotFound, "PRICE_LIST_NOT_FOUND", "There is no price list with this key.")
	// ErrExists means that the key of a new price list is taken.
	ErrExists = errs.Define(errs.AlreadyExists, "PRICE_LIST_EXISTS", "A price list with this key exists already.")
	// ErrRange means that a validity window ends before it begins.
	ErrRange = errs.Define(errs.Invalid, "RANGE_INVALID", "A period ends before or when it begins.")
	// ErrOverlap means that one request sets the same tier of a SKU twice.
	ErrOverlap = errs.Define(errs.FailedPrecondition, "PRICE_OVERLAP", "Two prices of a request are for the same SKU and quantity.")
	// ErrCurrencyMixed means that an amount is not in the currency it has to be in.
	ErrCurrencyMixed = errs.Define(errs.FailedPrecondition, "CURRENCY_MIXED", "An amount is in another currency than the price list; amounts are never converted.")
	// ErrCountry means that a country code is not of ISO 3166-1.
	ErrCountry = errs.Define(errs.Invalid, "COUNTRY_INVALID", "A country code is not an ISO 3166-1 alpha-2 code.")
	// ErrAtNotAllowed means that a buyer asked for the prices of another time.
	ErrAtNotAllowed = errs.Define(errs.PermissionDenied, "AT_NOT_ALLOWED", "Only staff may ask for the prices of another time.")
)
