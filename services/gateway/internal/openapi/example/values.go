package example

import "google.golang.org/protobuf/reflect/protoreflect"

const (
	uuidExample  = "01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5"
	cartExample  = "mfrggzdfmztwq2lknnwg23tpoa"
	orderExample = "nbswy3dpeb3w64tmmqqhi33omu"
)

// texts are the texts by the name of the field. An empty one stands for a field that is mostly empty.
func texts() map[protoreflect.Name]string {
	return map[protoreflect.Name]string{
		"account": "psp:sandbox:clearing", "actor": "staff:anna", "actor_kind": "staff", "alt_text": "White hanging heart t-light holder", "amount": "12.75",
		"attributes": "material:glass", "barcode": "5012345678900", "carrier": "Royal Mail", "cart_id": cartExample,
		"category": "candles", "category_id": uuidExample, "category_ids": uuidExample, "channel": "uk-web", "channels": "uk-web", "city": "London",
		"code": "WELCOME10", "codes": "WELCOME10", "collection": "christmas", "company": "Cartwright Ltd", "corrected_query": "",
		"country_code": "GB", "country_codes": "GB", "countries": "GB", "currency_code": "GBP", "currency_codes": "GBP", "currencies": "GBP",
		"customer_groups": "trade", "customer_id": "customer-1", "date": "2026-11-23", "decimal": "1.5", "default_country_code": "GB",
		"default_currency_code": "GBP", "default_locale": "en-GB", "description_html": "<p>A glass heart for a t-light.</p>",
		"display_name": "Standard delivery", "email": "ada@example.com", "failure_reason": "", "full_name": "Ada Lovelace",
		"gift_card_id": uuidExample, "handle": "hanging-heart-t-light-holder", "hex": "", "home_country_code": "GB", "id": uuidExample,
		"image_url": "https://cdn.example.com/85123a.jpg", "instance": "", "key": "standard", "label": "Home", "last4": "7KQ2",
		"last_error": "reserve stock: inventory is unavailable",
		"line1":      "12 St James's Square", "line2": "Second floor", "line_id": uuidExample, "locale": "en-GB", "locales": "en-GB",
		"location_key": "main", "merged_into": "", "method": "card", "method_key": "standard", "name": "Hanging heart", "names": "Standard delivery",
		"next_page_token": "", "note": "Please leave it with the neighbour.", "number": "UK-10042", "on": "2026-11-23",
		"option_values": "Glass", "order_id": orderExample, "order_line_id": uuidExample, "order_number": "UK-10042", "order_number_prefix": "UK-", "outcome": "failed",
		"page_token": "",
		"parent_id":  "", "payment_id": "pay-" + orderExample, "phone": "+442079460000", "postal_code": "SW1Y 4LB", "postcode_pattern": "",
		"postcode_prefix": "SW1", "price_list_key": "gbp", "product": "hanging-heart-t-light-holder", "product_id": uuidExample,
		"product_ids": uuidExample, "product_type": "T-light holder", "promotion_key": "welcome", "query": "heart t-light",
		"reason": "Damaged in transit", "reference": "PO-2026-117", "region": "", "request_id": uuidExample, "reservation_id": uuidExample,
		"return_url": "https://shop.example.com/checkout/return",
		"saga_id":    orderExample, "shipping_tax_class": "standard", "sku": "85123A", "skus": "85123A", "step": "reserve_stock",
		"tags": "candles", "tax_class": "standard", "tax_classes": "standard",
		"text": "glass", "title": "White Hanging Heart T-Light Holder", "token": "tok_ok_reference", "tracking_number": "RM123456789GB",
		"url": "https://cdn.example.com/85123a.jpg", "valid_from": "2026-01-01", "valid_until": "2026-12-31", "values": "Glass",
		"variant_title": "", "vendor": "Heartwares", "vendors": "Heartwares", "zone_key": "uk",
	}
}

// full are the texts of the fields that are empty in an example for readers.
func full() map[protoreflect.Name]string {
	return map[protoreflect.Name]string{
		"corrected_query": "heart", "failure_reason": "PAYMENT_DECLINED", "hex": "ff8800", "instance": "a", "merged_into": cartExample,
		"next_page_token": "bmV4dA", "page_token": "bmV4dA", "parent_id": uuidExample, "postcode_pattern": "^SW", "region": "CA",
		"variant_title": "Glass",
	}
}

// numbers are the numbers by the name of the field; any other is 1.
func numbers() map[protoreflect.Name]int {
	return map[protoreflect.Name]int{
		"version": 1, "expected_version": 0, "quantity": 6, "page_size": 24, "rate_ppm": 200000, "percent_ppm": 100000, "on_hand": 120, "delta": -2,
	}
}
