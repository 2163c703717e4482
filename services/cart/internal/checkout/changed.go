package checkout

import (
	"github.com/cartwright-shop/cartwright/services/cart/internal/totals"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// priceChanged tells what the cart costs now.
func priceChanged(t totals.Totals) *errs.Error {
	decimal := func(minor int64) string { return t.Money(minor).Decimal() }
	return ErrPriceChanged.New("The cart costs %s now.", t.Money(t.Total)).
		Meta("currency_code", t.Currency).
		Meta("subtotal", decimal(t.Subtotal)).
		Meta("discount", decimal(t.Discount)).
		Meta("shipping", decimal(t.Shipping-t.ShippingDiscount)).
		Meta("tax", decimal(t.Tax)).
		Meta("total", decimal(t.Total)).
		Meta("gift_cards", decimal(t.GiftCards)).
		Meta("due", decimal(t.Due))
}
