package grpcserver

import (
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// Kinds of violations that depend on the rule alone.
var (
	errRequired = errs.Define(errs.Invalid, "FIELD_REQUIRED", "A field that must be set is missing or empty.")
	errTooLong  = errs.Define(errs.Invalid, "FIELD_TOO_LONG", "A text is longer than its field allows.")
	errTooShort = errs.Define(errs.Invalid, "FIELD_TOO_SHORT", "A text is shorter than its field allows.")
	errPattern  = errs.Define(errs.Invalid, "PATTERN_MISMATCH", "A text does not have the form that its field asks for.")
	errRange    = errs.Define(errs.Invalid, "OUT_OF_RANGE", "A number is outside the range of its field.")
	errEnum     = errs.Define(errs.Invalid, "ENUM_UNKNOWN", "A value is not one of those its field knows.")
	errList     = errs.Define(errs.Invalid, "LIST_TOO_LONG", "A list has more entries than its field allows.")
	errUnique   = errs.Define(errs.Invalid, "LIST_NOT_UNIQUE", "A list has the same entry twice.")
)

// Kinds of violations that depend on what the field is.
var (
	errSKU      = errs.Define(errs.Invalid, "SKU_INVALID", "A SKU is not 1 to 64 printable ASCII characters without space at its ends.")
	errQuantity = errs.Define(errs.Invalid, "QTY_RANGE", "A quantity is not a whole number within its range.")
	errCurrency = errs.Define(errs.Invalid, "CURRENCY_INVALID", "A currency is not an ISO 4217 code in capitals.")
	errEmail    = errs.Define(errs.Invalid, "EMAIL_INVALID", "An e-mail address does not have the form of one.")
	errAddress  = errs.Define(errs.Invalid, "ADDRESS_INVALID", "A country or postal code of an address is not valid.")
	errAmount   = errs.Define(errs.Invalid, "AMOUNT_RANGE", "An amount of money is outside the range of its field.")
	errID       = errs.Define(errs.Invalid, "ID_INVALID", "An id does not have the form of one.")
)

// reasonOf names a violation: by the id of the rule when the contract gives one in UPPER_SNAKE, else by what the field
// is, else by the rule.
func reasonOf(v *protovalidate.Violation) string {
	rule := v.Proto.GetRuleId()
	if upperSnake(rule) {
		return rule
	}
	switch rule {
	case "repeated.max_items", "map.max_pairs":
		return errList.Reason()
	case "repeated.unique":
		return errUnique.Reason()
	case "repeated.min_items", "map.min_pairs":
		return errRequired.Reason()
	}
	if kind, ok := kindOfField(v); ok {
		return kind.Reason()
	}
	return kindOfRule(v, rule).Reason()
}

func kindOfField(v *protovalidate.Violation) (errs.Kind, bool) {
	elements := v.Proto.GetField().GetElements()
	if len(elements) == 0 {
		return errs.Kind{}, false
	}
	switch name := elements[len(elements)-1].GetFieldName(); name {
	case "sku", "skus":
		return errSKU, true
	case "quantity":
		return errQuantity, true
	case "currency_code", "currency", "currencies", "currency_codes", "default_currency":
		return errCurrency, true
	case "page_token":
		return errs.PageTokenInvalid, true
	case "page_size":
		return errs.PageSizeInvalid, true
	case "request_id":
		if absent(v) {
			return errs.IdempotencyKeyRequired, true
		}
		return errs.IdempotencyKeyInvalid, true
	case "email":
		return errEmail, true
	case "country_code", "postal_code":
		return errAddress, true
	case "minor_units":
		return errAmount, true
	case "id", "ids", "handle":
		return errID, true
	default:
		return errID, strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_ids")
	}
}

func kindOfRule(v *protovalidate.Violation, rule string) errs.Kind {
	switch _, name, _ := strings.Cut(rule, "."); {
	case rule == "required" || name == "required":
		return errRequired
	case absent(v) && (strings.HasPrefix(name, "min_") || name == "len" || name == "pattern"):
		return errRequired
	case strings.HasPrefix(name, "max_") || name == "len" || name == "len_bytes":
		return errTooLong
	case strings.HasPrefix(name, "min_"):
		return errTooShort
	case name == "pattern":
		return errPattern
	case name == "defined_only" || rule == "enum.not_in":
		return errEnum
	case strings.HasPrefix(name, "gt") || strings.HasPrefix(name, "lt"):
		return errRange
	}
	return errs.InvalidField
}

// absent tells whether the field was left out or empty.
func absent(v *protovalidate.Violation) bool {
	if !v.FieldValue.IsValid() {
		return true
	}
	fd := v.FieldDescriptor
	return fd != nil && fd.Kind() == protoreflect.StringKind && !fd.IsList() && !fd.IsMap() && v.FieldValue.String() == ""
}

func upperSnake(id string) bool {
	if id == "" || id[0] < 'A' || id[0] > 'Z' {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
