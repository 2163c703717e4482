package main

import (
	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// examples are values by field name: what a reader of the reference expects to see there. A test decodes every example
// and holds it against the contract's validation.
var examples = map[protoreflect.Name]any{
	"account": "psp:sandbox:clearing", "actor": "staff:anna", "alt_text": "White hanging heart t-light holder", "amount": "12.75",
	"attributes": "material:glass", "barcode": "5012345678900", "carrier": "Royal Mail", "cart_id": "mfrggzdfmztwq2lknnwg23tpoa",
	"category": "candles", "category_id": "01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5", "channel": "uk-web", "city": "London",
	"code": "WELCOME10", "codes": "WELCOME10", "company": "Cartwright Ltd", "compare_at": "14.95", "country_code": "GB", "country_codes": "GB", "countries": "GB",
	"currency_code": "GBP", "currency_codes": "GBP", "currencies": "GBP", "default_country_code": "GB", "default_currency_code": "GBP", "default_locale": "en-GB",
	"email": "ada@example.com", "full_name": "Ada Lovelace", "gift_card_id": "01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5", "handle": "hanging-heart-t-light-holder",
	"id": "01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5", "image_url": "https://cdn.example.com/85123a.jpg", "key": "standard", "last4": "7KQ2",
	"line1": "12 St James's Square", "line2": "Second floor", "line_id": "01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5", "locale": "en-GB", "locales": "en-GB",
	"location_key": "main", "method": "card", "name": "Hanging heart", "note": "Please leave it with the neighbour.", "number": "UK-10042",
	"order_id": "nbswy3dpeb3w64tmmqqhi33omu", "order_line_id": "01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5", "page_token": "", "next_page_token": "",
	"payment_id": "pay-nbswy3dpeb3w64tmmqqhi33omu", "phone": "+442079460000", "postal_code": "SW1Y 4LB", "postcode_prefix": "SW1", "postcode_pattern": "", "price_list_key": "gbp",
	"product": "hanging-heart-t-light-holder", "promotion_key": "welcome", "query": "heart t-light", "reason": "Damaged in transit", "region": "",
	"return_url": "https://shop.example.com/checkout/return", "sku": "85123A", "skus": "85123A", "tags": "candles", "tax_class": "standard", "title": "White Hanging Heart T-Light Holder",
	"token": "tok_ok_reference", "tracking_number": "RM123456789GB", "url": "https://cdn.example.com/85123a.jpg", "valid_from": "2026-01-01", "valid_until": "2026-12-31",
	"variant_title": "", "version": 1, "expected_version": 0, "quantity": 6, "page_size": 24, "rate_ppm": 200000, "percent_ppm": 100000, "on_hand": 120, "delta": -2,
	"parent_id": "", "product_id": "01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5", "merged_into": "", "on": "2026-11-23", "decimal": "1.5", "date": "2026-11-23",
	"hex": "", "failure_reason": "", "instance": "", "channels": "uk-web", "customer_groups": "trade", "tax_classes": "standard", "product_ids": "01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5",
	"category_ids": "01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5", "shipping_tax_class": "standard", "order_number_prefix": "UK-", "method_key": "standard", "zone_key": "uk",
	"customer_id": "customer-1", "reference": "PO-2026-117", "description_html": "<p>A glass heart for a t-light.</p>", "vendor": "Heartwares", "product_type": "T-light holder",
	"values": "Glass", "option_values": "Glass", "text": "glass", "label": "Home", "names": "Standard delivery", "display_name": "Standard delivery",
}

const maxDepth = 6

// example builds the JSON value of a message.
func example(m protoreflect.MessageDescriptor, skip map[string]bool, depth int) map[string]any {
	out := map[string]any{}
	seen := map[protoreflect.Name]bool{}
	for i := range m.Fields().Len() {
		field := m.Fields().Get(i)
		if skip[string(field.Name())] {
			continue
		}
		if oneof := field.ContainingOneof(); oneof != nil && !oneof.IsSynthetic() {
			if seen[oneof.Name()] {
				continue
			}
			seen[oneof.Name()] = true
		}
		if value := fieldExample(field, depth); value != nil {
			out[field.JSONName()] = value
		}
	}
	return out
}

func fieldExample(field protoreflect.FieldDescriptor, depth int) any {
	rule := rules(field)
	switch {
	case field.IsMap():
		return map[string]any{}
	case field.IsList():
		if value := valueExample(field, rule.GetRepeated().GetItems(), depth); value != nil {
			return []any{value}
		}
		return []any{}
	default:
		return valueExample(field, rule, depth)
	}
}

func valueExample(field protoreflect.FieldDescriptor, rule *validate.FieldRules, depth int) any {
	switch field.Kind() {
	case protoreflect.MessageKind:
		return messageExample(field.Message(), depth)
	case protoreflect.EnumKind:
		values := field.Enum().Values()
		return string(values.Get(min(1, values.Len()-1)).Name())
	case protoreflect.BoolKind:
		return false
	case protoreflect.BytesKind:
		return ""
	case protoreflect.StringKind:
		if known, ok := examples[field.Name()].(string); ok {
			return known
		}
		if rule.GetString().GetUuid() {
			return examples["id"]
		}
		return "text"
	default:
		if known, ok := examples[field.Name()].(int); ok {
			return known
		}
		return 1
	}
}

func messageExample(m protoreflect.MessageDescriptor, depth int) any {
	switch m.FullName() {
	case "google.protobuf.Timestamp":
		return "2026-11-23T12:00:00Z"
	case "google.protobuf.Duration":
		return "900s"
	}
	if depth >= maxDepth {
		return nil
	}
	return example(m, nil, depth+1)
}
