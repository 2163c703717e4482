package grpcserver

import (
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Reasons of violations that depend on the rule alone. They are public API.
const (
	reasonRequired = "FIELD_REQUIRED"
	reasonTooLong  = "FIELD_TOO_LONG"
	reasonTooShort = "FIELD_TOO_SHORT"
	reasonPattern  = "PATTERN_MISMATCH"
	reasonRange    = "OUT_OF_RANGE"
	reasonEnum     = "ENUM_UNKNOWN"
	reasonList     = "LIST_TOO_LONG"
	reasonUnique   = "LIST_NOT_UNIQUE"
	reasonOther    = "INVALID_VALUE"
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
		return reasonList
	case "repeated.unique":
		return reasonUnique
	case "repeated.min_items", "map.min_pairs":
		return reasonRequired
	}
	if reason := reasonOfField(v); reason != "" {
		return reason
	}
	return reasonOfRule(v, rule)
}

func reasonOfField(v *protovalidate.Violation) string {
	elements := v.Proto.GetField().GetElements()
	if len(elements) == 0 {
		return ""
	}
	name := elements[len(elements)-1].GetFieldName()
	switch name {
	case "sku", "skus":
		return "SKU_INVALID"
	case "quantity":
		return "QTY_RANGE"
	case "currency_code", "currency", "currencies", "currency_codes", "default_currency":
		return "CURRENCY_INVALID"
	case "page_token":
		return "PAGE_TOKEN_INVALID"
	case "page_size":
		return "PAGE_SIZE_INVALID"
	case "request_id":
		if absent(v) {
			return "IDEMPOTENCY_KEY_REQUIRED"
		}
		return "IDEMPOTENCY_KEY_INVALID"
	case "email":
		return "EMAIL_INVALID"
	case "country_code", "postal_code":
		return "ADDRESS_INVALID"
	case "minor_units":
		return "AMOUNT_RANGE"
	case "id", "ids", "handle":
		return "ID_INVALID"
	}
	if strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_ids") {
		return "ID_INVALID"
	}
	return ""
}

func reasonOfRule(v *protovalidate.Violation, rule string) string {
	switch _, name, _ := strings.Cut(rule, "."); {
	case rule == "required" || strings.HasSuffix(rule, ".required"):
		return reasonRequired
	case absent(v) && (strings.HasPrefix(name, "min_") || name == "len" || name == "pattern"):
		return reasonRequired
	case strings.HasPrefix(name, "max_") || name == "len" || name == "len_bytes":
		return reasonTooLong
	case strings.HasPrefix(name, "min_"):
		return reasonTooShort
	case name == "pattern":
		return reasonPattern
	case name == "defined_only" || rule == "enum.not_in":
		return reasonEnum
	case strings.HasPrefix(name, "gt") || strings.HasPrefix(name, "lt"):
		return reasonRange
	}
	return reasonOther
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
