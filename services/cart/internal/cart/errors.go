package cart

import "github.com/cartwright-shop/cartwright/services/platform/errs"

// The ways to fail that callers of the API handle.
var (
	ErrNotFound            = errs.Define(errs.NotFound, "CART_NOT_FOUND", "The cart does not exist or is not visible to the caller.")
	ErrExists              = errs.Define(errs.AlreadyExists, "CART_EXISTS", "The customer has an active cart in the channel already; the metadata name it.")
	ErrLineNotFound        = errs.Define(errs.NotFound, "LINE_NOT_FOUND", "The cart has no such line.")
	ErrLimit               = errs.Define(errs.FailedPrecondition, "CART_LIMIT", "The cart has as many lines, codes or gift cards as a cart can have.")
	ErrAmount              = errs.Define(errs.FailedPrecondition, "AMOUNT_RANGE", "A quantity or an amount of the cart gets too large.")
	ErrConverted           = errs.Define(errs.FailedPrecondition, "CART_CONVERTED", "The cart was bought, merged into another one or has expired and cannot be changed.")
	ErrCheckoutRunning     = errs.Define(errs.FailedPrecondition, "CHECKOUT_IN_PROGRESS", "The cart is being checked out and cannot be changed until that has ended.")
	ErrSame                = errs.Define(errs.Invalid, "CART_SAME", "A cart cannot be merged into itself.")
	ErrCurrencyMixed       = errs.Define(errs.FailedPrecondition, "CURRENCY_MIXED", "The two carts are in different currencies.")
	ErrUnavailable         = errs.Define(errs.FailedPrecondition, "SKU_UNAVAILABLE", "A SKU does not exist or is not sold in the channel.")
	ErrPriceMissing        = errs.Define(errs.FailedPrecondition, "PRICE_MISSING", "A SKU has no price in the cart's currency.")
	ErrChannelUnknown      = errs.Define(errs.NotFound, "CHANNEL_UNKNOWN", "There is no channel with this key.")
	ErrCurrency            = errs.Define(errs.Invalid, "CURRENCY_INVALID", "The currency does not exist or the channel does not sell in it.")
	ErrCountry             = errs.Define(errs.Invalid, "COUNTRY_NOT_SERVED", "The channel does not sell to this country.")
	ErrCouponRejected      = errs.Define(errs.Unprocessable, "COUPON_REJECTED", "The coupon code gives nothing for this cart.")
	ErrCouponTwice         = errs.Define(errs.FailedPrecondition, "COUPON_ALREADY_APPLIED", "The cart has the coupon code already.")
	ErrCouponNotCombinable = errs.Define(errs.FailedPrecondition, "COUPON_NOT_COMBINABLE", "The coupon code cannot be used together with another one of the cart.")
	ErrCouponAttempts      = errs.Define(errs.ResourceExhausted, "COUPON_ATTEMPTS", "Too many coupon codes were tried; try again later.")
	ErrGiftCardRejected    = errs.Define(errs.Unprocessable, "GIFTCARD_REJECTED", "The gift card code is of no use.")
	ErrGiftCardTwice       = errs.Define(errs.FailedPrecondition, "GIFTCARD_DUPLICATE", "The cart has the gift card already.")
	ErrGiftCardCurrency    = errs.Define(errs.Unprocessable, "CURRENCY_MISMATCH", "The gift card is in another currency than the cart.")
	ErrGiftCardAttempts    = errs.Define(errs.ResourceExhausted, "GIFTCARD_RATE_LIMITED", "Too many gift card codes were tried; try again later.")
	ErrEmpty               = errs.Define(errs.FailedPrecondition, "CART_EMPTY", "The cart has no lines.")
	ErrEmailRequired       = errs.Define(errs.FailedPrecondition, "EMAIL_REQUIRED", "The cart needs the buyer's e-mail before it can be bought.")
	ErrAddressRequired     = errs.Define(errs.FailedPrecondition, "ADDRESS_REQUIRED", "The cart needs an address before it can be bought.")
	ErrShippingRequired    = errs.Define(errs.FailedPrecondition, "SHIPPING_REQUIRED", "A way to deliver must be chosen before the cart can be bought.")
)
