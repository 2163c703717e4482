package cart

import (
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/settings"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/cart/internal/totals"
)

// Problem says why a line cannot be bought as it is; empty when it can.
type Problem string

// The problems of a line.
const (
	// Unavailable SKUs do not exist or are not published in the channel.
	Unavailable Problem = "sku_unavailable"
	// Unpriced SKUs have no price in the cart's currency.
	Unpriced Problem = "price_missing"
)

// PricedLine is a line with all that an order has to remember of it. Amounts are minor units of the cart's currency.
type PricedLine struct {
	// ID, SKU and Quantity are those of the cart's line.
	ID       string `json:"id"`
	SKU      string `json:"sku"`
	Quantity int32  `json:"quantity"`
	// ProductID, Handle, Title, VariantTitle and ImageURL are what the catalogue said, in the cart's locale.
	ProductID    string `json:"product_id,omitempty"`
	Handle       string `json:"handle,omitempty"`
	Title        string `json:"title,omitempty"`
	VariantTitle string `json:"variant_title,omitempty"`
	ImageURL     string `json:"image_url,omitempty"`
	// CategoryIDs (with ancestors) and Tags are what promotions looked at.
	CategoryIDs []string `json:"category_ids,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	// TaxClass, RequiresShipping and WeightGrams (of one unit) decide tax and delivery.
	TaxClass         string `json:"tax_class,omitempty"`
	RequiresShipping bool   `json:"requires_shipping,omitempty"`
	WeightGrams      int64  `json:"weight_grams,omitempty"`
	// Unit is the price of one unit before discounts, PriceList where it came from.
	Unit      int64  `json:"unit,omitempty"`
	PriceList string `json:"price_list,omitempty"`
	// Subtotal − Discount (+ Tax when prices exclude it) = Total.
	Subtotal int64         `json:"subtotal,omitempty"`
	Discount int64         `json:"discount,omitempty"`
	Tax      int64         `json:"tax,omitempty"`
	Total    int64         `json:"total,omitempty"`
	Taxes    []tax.Applied `json:"taxes,omitempty"`
	// Problem says why the line cannot be bought; its amounts are then zero.
	Problem Problem `json:"problem,omitempty"`
}

// PricedShipping is the chosen way to deliver with its price.
type PricedShipping struct {
	// ZoneKey and MethodKey name it, Name is for the buyer.
	ZoneKey   string `json:"zone_key"`
	MethodKey string `json:"method_key"`
	Name      string `json:"name"`
	// MinDays and MaxDays are working days to delivery.
	MinDays int32 `json:"min_days,omitempty"`
	MaxDays int32 `json:"max_days,omitempty"`
	// TaxClass is what its tax was found by; empty when taxed like the goods.
	TaxClass string `json:"tax_class,omitempty"`
	// Price − Discount (+ Tax when prices exclude it) = Total.
	Price    int64         `json:"price"`
	Discount int64         `json:"discount,omitempty"`
	Tax      int64         `json:"tax,omitempty"`
	Total    int64         `json:"total"`
	Taxes    []tax.Applied `json:"taxes,omitempty"`
}

// Discount is a promotion that applies, with what it takes off lines and shipping. Home tax taken out of prices is
// one too, without a promotion.
type Discount struct {
	// PromotionKey is empty for home tax.
	PromotionKey string `json:"promotion_key,omitempty"`
	// Name is for the buyer.
	Name string `json:"name"`
	// Code is the coupon code that unlocked it; empty for automatic ones.
	Code string `json:"code,omitempty"`
	// Amount is what it takes off.
	Amount int64 `json:"amount"`
}

// Coupon is a code of the cart and whether it counts now.
type Coupon struct {
	// Code is upper case.
	Code string `json:"code"`
	// Applied tells whether it takes something off now.
	Applied bool `json:"applied"`
}

// AppliedGiftCard is what a gift card pays.
type AppliedGiftCard struct {
	GiftCard
	// Amount is at most the balance.
	Amount int64 `json:"amount"`
}

// Priced is everything a cart costs and why: what an order remembers of it.
type Priced struct {
	// Lines are in the order of the cart.
	Lines []PricedLine `json:"lines,omitempty"`
	// Shipping is nil when nothing is delivered or no way to deliver is chosen.
	Shipping *PricedShipping `json:"shipping,omitempty"`
	// RequiresShipping tells whether something has to be delivered.
	RequiresShipping bool `json:"requires_shipping,omitempty"`
	// Discounts are in the order they apply.
	Discounts []Discount `json:"discounts,omitempty"`
	// Coupons are the cart's codes.
	Coupons []Coupon `json:"coupons,omitempty"`
	// GiftCards are in the order they are used.
	GiftCards []AppliedGiftCard `json:"gift_cards,omitempty"`
	// Totals are the sums.
	Totals totals.Totals `json:"totals"`
	// Trace is how they came about: totals.Replay gives Totals of it.
	Trace []totals.Step `json:"trace,omitempty"`
	// TaxEstimated says that the address does not say enough to know the tax.
	TaxEstimated bool `json:"tax_estimated,omitempty"`
	// Place is where tax and delivery were looked up.
	Place tax.Place `json:"place"`
	// Settings are those of the channel that counted.
	Settings settings.Settings `json:"settings"`
	// Basket is what pricing was asked and Quote its answer; asking the same with the quote's fingerprint confirms it.
	Basket Basket `json:"basket"`
	Quote  Quote  `json:"quote"`
	// Demand is a digest of all that the answers of other services depend on.
	Demand string `json:"demand"`
	// At is when it was worked out.
	At time.Time `json:"at"`
}
