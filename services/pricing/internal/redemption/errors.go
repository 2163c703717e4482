package redemption

import "github.com/cartwright-shop/cartwright/services/platform/errs"

// What can stand against an order's use of promotions.
var (
	// ErrLimit means that a promotion of the quote has no use left.
	ErrLimit = errs.Define(errs.FailedPrecondition, "COUPON_LIMIT_REACHED", "A promotion or coupon code of the quote has no use left.")
	// ErrNotFound means that nothing was ever confirmed or released for the order.
	ErrNotFound = errs.Define(errs.NotFound, "ORDER_USE_NOT_FOUND", "The order has not confirmed a quote.")
	// ErrReleased means that this or a later attempt of the order was released.
	ErrReleased = errs.Define(errs.FailedPrecondition, "ORDER_USE_RELEASED", "This attempt of the order was released and can use no promotion.")
	// ErrRedeemed means that the order has redeemed another quote.
	ErrRedeemed = errs.Define(errs.FailedPrecondition, "ORDER_USE_REDEEMED", "The order has redeemed its quote already.")
	// ErrCustomerNeeded means that an order does not say who limits per customer are counted for.
	ErrCustomerNeeded = errs.Define(errs.Invalid, "CUSTOMER_KEY_REQUIRED", "A quote is confirmed for a customer; the customer key is missing.")
	// ErrTTL means that a time to live is out of range.
	ErrTTL = errs.Define(errs.Invalid, "TTL_RANGE", "The time to live is out of range.")
)
