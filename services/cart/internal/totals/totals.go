// Package totals adds a cart up: line prices, discounts, shipping and tax to the total that the buyer pays, in integers only.
//
// It promises Σ lines − discounts + shipping − shipping discount (+ tax when prices exclude it) = total, that Σ of the parts
// of every figure is the figure, and that Replay of the trace gives the same totals, or Compute fails. Amounts are int64
// counts of the minor unit of the one currency.
package totals

import (
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// Off is one amount that a promotion takes off a line or the shipping.
type Off struct {
	// Source is the promotion's key.
	Source string
	// Text is its name.
	Text string
	// Amount is what it takes off, not negative.
	Amount int64
}

// LineInput is a line to add up.
type LineInput struct {
	// ID names the line in the result and the trace.
	ID string
	// Source is the price list of the unit price.
	Source string
	// Unit is the price of one unit, Quantity the number of units.
	Unit     int64
	Quantity int32
	// Offs are the promotions, in the order they apply; together at most the line's subtotal.
	Offs []Off
	// Charge is the tax that applies at the destination; rate zero when none does.
	Charge tax.Charge
	// Home is the tax to take out of an inclusive price where no tax applies; rate zero leaves the price as it is.
	Home tax.Charge
}

// ShippingInput is the delivery to add.
type ShippingInput struct {
	// Source names the method, Text is its name.
	Source, Text string
	// Price is its price before discount.
	Price int64
	// Offs are the promotions on it; together at most the price.
	Offs []Off
	// Charge is the tax on it; not used when Proportional.
	Charge tax.Charge
	// Home is the tax to take out of an inclusive price where no tax applies; not used when Proportional.
	Home tax.Charge
	// Proportional taxes it like the lines, in proportion to their values.
	Proportional bool
}

// CardInput is a gift card that pays a part.
type CardInput struct {
	// ID names the card.
	ID string
	// Last4 is the end of its code.
	Last4 string
	// Balance is the most it can pay.
	Balance int64
}

// Input is all that decides a total.
type Input struct {
	// Currency of every amount.
	Currency string
	// Inclusive says that prices contain the tax.
	Inclusive bool
	// Policy says how tax is rounded.
	Policy tax.Policy
	// Lines are the goods.
	Lines []LineInput
	// Shipping is the delivery; nil when none is chosen or needed.
	Shipping *ShippingInput
	// Cards are the gift cards in the order they are used.
	Cards []CardInput
}

// Line is an added-up line.
type Line struct {
	// ID names the line.
	ID string `json:"id"`
	// Subtotal is the unit price times the quantity.
	Subtotal int64 `json:"subtotal"`
	// Discount is what is taken off, home tax included.
	Discount int64 `json:"discount,omitempty"`
	// HomeTax is the part of Discount that is home tax taken out.
	HomeTax int64 `json:"home_tax,omitempty"`
	// Tax is the tax on it.
	Tax int64 `json:"tax,omitempty"`
	// Total is what the buyer pays for it.
	Total int64 `json:"total"`
	// Taxes are the parts of Tax.
	Taxes []tax.Applied `json:"taxes,omitempty"`
}

// Shipping is the added-up delivery.
type Shipping struct {
	// Price is the price before discount.
	Price int64 `json:"price"`
	// Discount is what is taken off, home tax included.
	Discount int64 `json:"discount,omitempty"`
	// HomeTax is the part of Discount that is home tax taken out.
	HomeTax int64 `json:"home_tax,omitempty"`
	// Tax is the tax on it.
	Tax int64 `json:"tax,omitempty"`
	// Total is what the buyer pays for it.
	Total int64 `json:"total"`
	// Taxes are the parts of Tax.
	Taxes []tax.Applied `json:"taxes,omitempty"`
}

// Totals are the sums: Subtotal − Discount + Shipping − ShippingDiscount (+ Tax unless Inclusive) = Total, and
// Total − GiftCards = Due.
type Totals struct {
	// Currency of every amount.
	Currency string `json:"currency"`
	// Subtotal is Σ of the lines' subtotals.
	Subtotal int64 `json:"subtotal"`
	// Discount is Σ of the lines' discounts.
	Discount int64 `json:"discount,omitempty"`
	// Shipping is the delivery before its discount.
	Shipping int64 `json:"shipping,omitempty"`
	// ShippingDiscount is what is taken off the delivery.
	ShippingDiscount int64 `json:"shipping_discount,omitempty"`
	// Tax is Σ of all taxes.
	Tax int64 `json:"tax,omitempty"`
	// Total is what the buyer pays.
	Total int64 `json:"total"`
	// GiftCards is the part of Total that gift cards pay.
	GiftCards int64 `json:"gift_cards,omitempty"`
	// Due is the part of Total that is left to pay.
	Due int64 `json:"due"`
	// Inclusive says that the prices contain Tax.
	Inclusive bool `json:"inclusive,omitempty"`
	// Policy is how tax was rounded.
	Policy tax.Policy `json:"policy"`
	// Taxes are all taxes by charge, shipping included.
	Taxes []tax.Applied `json:"taxes,omitempty"`
}

// Money is an amount of the totals' currency.
func (t Totals) Money(minor int64) money.Money {
	return money.Money{Currency: t.Currency, Minor: minor}
}

// Result is an added-up cart.
type Result struct {
	// Lines are in the order of the input.
	Lines []Line
	// Shipping is nil when the input's is.
	Shipping *Shipping
	// Cards is what each gift card pays, in the order of the input.
	Cards []int64
	// Totals are the sums.
	Totals Totals
	// Trace is how they came about.
	Trace []Step
}
