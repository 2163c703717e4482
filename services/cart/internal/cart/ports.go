package cart

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/settings"
	"github.com/cartwright-shop/cartwright/services/cart/internal/shipping"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
)

// Store keeps carts. Every method joins the transaction of its context, if there is one.
type Store interface {
	// Tx runs fn in one transaction. Fn may run again when the transaction lost against another one.
	Tx(ctx context.Context, fn func(ctx context.Context) error) error
	// Find reads a cart; ErrNotFound when there is none.
	Find(ctx context.Context, cartID string) (*Cart, error)
	// FindActive reads a customer's active cart in a channel; ErrNotFound when there is none.
	FindActive(ctx context.Context, customerID, channel string) (*Cart, error)
	// Insert adds a cart and sets its times; ErrExists when the customer has an active one in the channel.
	Insert(ctx context.Context, c *Cart) error
	// Save writes an active cart whose stored version is c.Version and raises the version and the time of c;
	// errs.VersionConflict when the stored cart is another version or not active.
	Save(ctx context.Context, c *Cart) error
	// KeepPrice remembers what a cart costs without changing its version; it does nothing when the version is another one.
	KeepPrice(ctx context.Context, c *Cart) error
	// SetMerged ends an active cart whose lines moved into another one; errs.VersionConflict as in Save.
	SetMerged(ctx context.Context, c *Cart, into string) error
	// Freeze makes an active cart checking out for an order, if its version is still the one given: then nobody but that
	// order can change it. Freezing it again for the same order does nothing. It fails with errs.VersionConflict when the
	// cart changed, ErrCheckoutRunning when another order is being made of it, ErrConverted when it is bought, merged or
	// expired, ErrNotFound when there is none.
	Freeze(ctx context.Context, cartID string, version int64, orderID string) error
	// Reopen makes a cart that checks out for orderID active again. When its customer has begun another cart meanwhile,
	// the lines move there and this one ends as merged. A cart that does not check out for orderID stays as it is.
	Reopen(ctx context.Context, cartID, orderID string) error
	// Convert ends a cart that checks out for orderID: it is bought. A cart that does not stays as it is.
	Convert(ctx context.Context, cartID, orderID string) error
	// Expire ends guests' active carts that nobody touched for age, at most limit, and says how many.
	Expire(ctx context.Context, age time.Duration, limit int) (int64, error)
	// Purge deletes carts that ended (merged or expired) longer ago than age, at most limit, and says how many.
	Purge(ctx context.Context, age time.Duration, limit int) (int64, error)
}

// Variant is what the catalogue says of a SKU.
type Variant struct {
	// SKU is the SKU asked for.
	SKU string
	// ProductID, Handle, Title, VariantTitle and ImageURL are for the order and the buyer.
	ProductID, Handle, Title, VariantTitle, ImageURL string
	// CategoryIDs are the product's with their ancestors.
	CategoryIDs []string
	// Tags are the product's.
	Tags []string
	// TaxClass is the class its tax is found by.
	TaxClass string
	// Published tells whether it may be bought in the channel.
	Published bool
	// RequiresShipping tells whether it has to be delivered.
	RequiresShipping bool
	// WeightGrams is the weight of one unit.
	WeightGrams int64
}

// Channel is what the catalogue says of a channel.
type Channel struct {
	// Key names it.
	Key string
	// Currencies, Countries and Locales are what it sells in, with the ones that count when a buyer names none.
	Currencies, Countries, Locales                 []string
	DefaultCurrency, DefaultCountry, DefaultLocale string
}

// Catalogue is the product service.
type Catalogue interface {
	// Channel answers a channel, or the default one for an empty key; ErrChannelUnknown when there is none.
	Channel(ctx context.Context, key string) (Channel, error)
	// Variants answers up to 500 SKUs by SKU; one that does not exist is left out.
	Variants(ctx context.Context, channel, locale string, skus []string) (map[string]Variant, error)
}

// BasketLine is a line as pricing sees it.
type BasketLine struct {
	LineID      string   `json:"line_id"`
	SKU         string   `json:"sku"`
	Quantity    int32    `json:"quantity"`
	ProductID   string   `json:"product_id,omitempty"`
	CategoryIDs []string `json:"category_ids,omitempty"`
	Tags        []string `json:"tags,omitempty"`
}

// Basket is all that decides a quote.
type Basket struct {
	// Channel, Currency and Country are where it is sold.
	Channel  string `json:"channel"`
	Currency string `json:"currency"`
	Country  string `json:"country,omitempty"`
	// Groups are the customer groups of the buyer.
	Groups []string `json:"groups,omitempty"`
	// CustomerKey is who limits per customer are counted for; empty while nothing is known of the buyer.
	CustomerKey string `json:"customer_key,omitempty"`
	// Lines are those that can be bought.
	Lines []BasketLine `json:"lines,omitempty"`
	// Coupons are the codes.
	Coupons []string `json:"coupons,omitempty"`
}

// QuoteLine is a line with its price before tax and shipping.
type QuoteLine struct {
	// LineID names the line.
	LineID string `json:"line_id"`
	// Unit is the price of one unit, PriceList where it came from.
	Unit      int64  `json:"unit"`
	PriceList string `json:"price_list"`
}

// QuoteDiscount is a promotion with what it takes off each line.
type QuoteDiscount struct {
	// PromotionKey, Name and Code are as in Discount.
	PromotionKey string `json:"promotion_key"`
	Name         string `json:"name"`
	Code         string `json:"code,omitempty"`
	// ByLine is what it takes off, by line.
	ByLine map[string]int64 `json:"by_line"`
}

// FreeShipping is a promotion that makes shipping free.
type FreeShipping struct {
	// PromotionKey, Name and Code are as in Discount.
	PromotionKey string `json:"promotion_key"`
	Name         string `json:"name"`
	Code         string `json:"code,omitempty"`
}

// Quote is what a basket costs before tax and shipping.
type Quote struct {
	// Lines are the priced lines.
	Lines []QuoteLine `json:"lines,omitempty"`
	// Unpriced are the ids of lines without a price.
	Unpriced []string `json:"unpriced,omitempty"`
	// Discounts are in the order they apply.
	Discounts []QuoteDiscount `json:"discounts,omitempty"`
	// FreeShipping is nil when shipping is not free.
	FreeShipping *FreeShipping `json:"free_shipping,omitempty"`
	// Rejected are the codes that give nothing.
	Rejected []string `json:"rejected,omitempty"`
	// Fingerprint is of all that matters to the buyer; empty for an empty basket.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// Pricing is the pricing service.
type Pricing interface {
	// Quote answers what a basket costs.
	Quote(ctx context.Context, b Basket) (Quote, error)
	// CheckCoupon tries a code that the buyer entered on a basket with the codes so far and answers it in its kept form.
	// Attempt is who tries when nobody is logged in. It fails with ErrCouponRejected, ErrCouponTwice or
	// ErrCouponNotCombinable, or with ErrCouponAttempts after too many tries.
	CheckCoupon(ctx context.Context, b Basket, code, attempt string) (string, error)
}

// GiftCards is the part of the payment service that knows gift cards.
type GiftCards interface {
	// Find looks a spendable card up by its code. Attempt is who tries when nobody is logged in. It fails with
	// ErrGiftCardRejected, ErrGiftCardAttempts or ErrGiftCardCurrency.
	Find(ctx context.Context, code, currency, attempt string) (GiftCard, error)
}

// Settings answers how a channel sells.
type Settings interface {
	// Get answers the settings in force.
	Get(ctx context.Context, channel string) (settings.Settings, error)
}

// Taxes answers the rates at a place.
type Taxes interface {
	// At answers the table of rates in force at a place on a day.
	At(ctx context.Context, place tax.Place, day time.Time) (tax.Table, error)
}

// Zones answers where a channel delivers.
type Zones interface {
	// Covering answers the zone that serves a place for a channel and currency; shipping.ErrUnavailable when none does.
	Covering(ctx context.Context, channel, currency string, place tax.Place) (shipping.Zone, error)
}

// Once makes a change take effect once: Claim is called in the transaction of the change before it, Answer after it with the
// changed cart.
type Once interface {
	// Claim takes the caller's key.
	Claim(ctx context.Context) error
	// Answer stores the answer.
	Answer(ctx context.Context, c *Cart) error
}
