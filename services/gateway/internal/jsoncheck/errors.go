package jsoncheck

import "github.com/cartwright-shop/cartwright/services/platform/errs"

// Refusals of a JSON body. Each carries the path of the field in lowerCamel form.
var (
	ErrBodyRequired  = errs.Define(errs.Invalid, "BODY_REQUIRED", "The request needs a JSON body.")
	ErrMalformed     = errs.Define(errs.Invalid, "JSON_MALFORMED", "The body is not one JSON object.")
	ErrDuplicateKey  = errs.Define(errs.Invalid, "JSON_DUPLICATE_KEY", "An object of the body has a key twice.")
	ErrTooDeep       = errs.Define(errs.Invalid, "JSON_TOO_DEEP", "The body nests deeper than 32 levels.")
	ErrFieldUnknown  = errs.Define(errs.Invalid, "FIELD_UNKNOWN", "The body has a field that the request does not have.")
	ErrFieldReadOnly = errs.Define(errs.Invalid, "FIELD_READ_ONLY", "The body sets a field that only the shop sets.")
	ErrFieldRequired = errs.Define(errs.Invalid, "FIELD_REQUIRED", "A field that the request needs is missing, empty or null.")
	ErrNumberRange   = errs.Define(errs.Invalid, "NUMBER_RANGE", "A number does not fit its field.")
	ErrTypeMismatch  = errs.Define(errs.Invalid, "TYPE_MISMATCH", "A value has another type than its field.")
)
