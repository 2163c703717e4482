package auth

import "github.com/cartwright-shop/cartwright/services/platform/errs"

// Refusals of a token. None of them says which check of the signature or the issuer failed.
var (
	ErrTokenMissing = errs.Define(errs.Unauthenticated, "TOKEN_MISSING", "The call needs a bearer token.")
	ErrTokenInvalid = errs.Define(errs.Unauthenticated, "TOKEN_INVALID", "The bearer token is not one this shop accepts.")
	ErrTokenExpired = errs.Define(errs.Unauthenticated, "TOKEN_EXPIRED", "The bearer token has expired.")
	ErrTokenNotYet  = errs.Define(errs.Unauthenticated, "TOKEN_NOT_YET", "The bearer token is not valid yet.")
	ErrScopeMissing = errs.Define(errs.PermissionDenied, "SCOPE_MISSING", "The bearer token does not carry the scope that the call needs.")
	ErrIssuerDown   = errs.Define(errs.Unavailable, "ISSUER_UNAVAILABLE", "The token issuer's keys cannot be fetched; try again.")
	ErrTwoTokens    = errs.Define(errs.Invalid, "AUTHORIZATION_REPEATED", "The call has more than one Authorization header.")
)
