package payment

import (
	"errors"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// What callers of the payment rules can meet.
var (
	// ErrNotFound means that there is no such payment.
	ErrNotFound = errs.Define(errs.NotFound, "PAYMENT_NOT_FOUND", "There is no such payment.")
	// ErrState means that the payment's state does not allow the operation.
	ErrState = errs.Define(errs.FailedPrecondition, "PAYMENT_STATE", "The state of the payment does not allow this.")
	// ErrAuthExpired means that the authorization lapsed before the capture.
	ErrAuthExpired = errs.Define(errs.FailedPrecondition, "AUTH_EXPIRED", "The authorization has expired and can no longer be captured.")
	// ErrExceeds means that the amount is more than what is left to capture or refund.
	ErrExceeds = errs.Define(errs.FailedPrecondition, "AMOUNT_EXCEEDS", "The amount is more than what is left.")
	// ErrTooSmall means that the amount is below the method's minimum.
	ErrTooSmall = errs.Define(errs.FailedPrecondition, "AMOUNT_TOO_SMALL", "The amount is below the smallest amount that the payment method takes.")
	// ErrMethod means that the method is not offered for this channel, country and currency.
	ErrMethod = errs.Define(errs.FailedPrecondition, "PAYMENT_METHOD_UNAVAILABLE", "The payment method is not offered for this channel, country and currency.")
	// ErrToken means that the provider does not know the token.
	ErrToken = errs.Define(errs.Unprocessable, "TOKEN_REJECTED", "The payment token is unknown or was used before.")
	// ErrCardAttempts means that too many attempts were refused for the order, cart or customer.
	ErrCardAttempts = errs.Define(errs.ResourceExhausted, "CARD_ATTEMPTS", "Too many card payments were refused; try again later or use another method.")
	// ErrURL means that buyers may not be sent to that address.
	ErrURL = errs.Define(errs.Invalid, "URL_NOT_ALLOWED", "The URL is not http(s) or its host is not allowed.")
	// ErrCountry means that a country code is not an ISO 3166-1 code.
	ErrCountry = errs.Define(errs.Invalid, "COUNTRY_INVALID", "A country code is not an ISO 3166-1 alpha-2 code.")
	// ErrProvider means that there is no such provider.
	ErrProvider = errs.Define(errs.NotFound, "PROVIDER_NOT_FOUND", "There is no such payment provider.")
	// ErrEvent means that there is no such notification.
	ErrEvent = errs.Define(errs.NotFound, "WEBHOOK_EVENT_NOT_FOUND", "There is no such notification.")
	// ErrUnreadable means that a notification is still not understood.
	ErrUnreadable = errs.Define(errs.FailedPrecondition, "WEBHOOK_EVENT_UNREADABLE", "The notification is not understood by this version of the provider's adapter.")
	// ErrSignature means that a notification is not signed by the provider.
	ErrSignature = errs.Define(errs.Unauthenticated, "WEBHOOK_SIGNATURE_INVALID", "The signature of the notification is missing or wrong.")
	// ErrTimestamp means that a notification is too old or from the future.
	ErrTimestamp = errs.Define(errs.Unauthenticated, "TIMESTAMP_OUT_OF_RANGE", "The notification's timestamp is more than five minutes away from now.")
)

// ErrDuplicate is what a store answers when a caller's id is taken. No caller of Service meets it.
var ErrDuplicate = errors.New("the operation exists")
