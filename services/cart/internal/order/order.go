// Package order knows what a purchase is once a cart was priced: the snapshot of what was sold, how far its money and its
// goods are, and what may still happen to it. Cancelling, refunding and shipping are durable operations on package saga.
//
// Amounts are int64 counts of the minor unit of the order's currency. The snapshot never changes after it was written; only
// counters and statuses do.
package order

import (
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/cart/internal/totals"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// Status is the life of an order as a whole.
type Status string

// The statuses of an order.
const (
	Pending        Status = "pending"
	RequiresAction Status = "requires_action"
	Placed         Status = "placed"
	Failed         Status = "failed"
	Cancelled      Status = "cancelled"
	Completed      Status = "completed"
)

// Line is one line as it was sold and how far it is.
type Line struct {
	// ID names the line.
	ID string
	// SKU is what was sold.
	SKU string
	// Quantity is the units sold.
	Quantity int32
	// Subtotal is the unit price times the quantity.
	Subtotal int64
	// Discount is what promotions took off.
	Discount int64
	// Tax is the tax on the line.
	Tax int64
	// Total is what the buyer pays for it, tax included.
	Total int64
	// Sold is the rest of the snapshot.
	Sold Sold
	// Shipped, Cancelled and Returned count units: Shipped + Cancelled <= Quantity, Returned <= Shipped.
	Shipped, Cancelled, Returned int32
	// Refunded is what was given back, or not captured any more, and RefundedTax the tax in it.
	Refunded, RefundedTax int64
}

// Left is the units that were neither shipped nor cancelled.
func (l Line) Left() int32 { return l.Quantity - l.Shipped - l.Cancelled }

// Refundable is the units that were neither cancelled nor returned.
func (l Line) Refundable() int32 { return l.Quantity - l.Cancelled - l.Returned }

// Sold is what a line was when it was sold.
type Sold struct {
	ProductID        string        `json:"product_id"`
	Title            string        `json:"title"`
	VariantTitle     string        `json:"variant_title,omitempty"`
	Handle           string        `json:"handle,omitempty"`
	ImageURL         string        `json:"image_url,omitempty"`
	TaxClass         string        `json:"tax_class,omitempty"`
	RequiresShipping bool          `json:"requires_shipping,omitempty"`
	WeightGrams      int64         `json:"weight_grams,omitempty"`
	UnitPrice        int64         `json:"unit_price"`
	PriceListKey     string        `json:"price_list_key,omitempty"`
	CategoryIDs      []string      `json:"category_ids,omitempty"`
	Tags             []string      `json:"tags,omitempty"`
	Taxes            []tax.Applied `json:"taxes,omitempty"`
}

// Shipping is the delivery as it was sold.
type Shipping struct {
	ZoneKey   string        `json:"zone_key"`
	MethodKey string        `json:"method_key"`
	Name      string        `json:"name"`
	Price     int64         `json:"price"`
	Discount  int64         `json:"discount,omitempty"`
	Tax       int64         `json:"tax"`
	Total     int64         `json:"total"`
	Taxes     []tax.Applied `json:"taxes,omitempty"`
}

// Discount is one promotion that applied.
type Discount struct {
	PromotionKey string `json:"promotion_key"`
	Name         string `json:"name"`
	Code         string `json:"code,omitempty"`
	Amount       int64  `json:"amount"`
}

// Totals adds the order up: Subtotal - Discount + Shipping (+ Tax when prices exclude it) = Total.
type Totals struct {
	Subtotal int64 `json:"subtotal"`
	Discount int64 `json:"discount"`
	Shipping int64 `json:"shipping"`
	Tax      int64 `json:"tax"`
	Total    int64 `json:"total"`
}

// GiftCard is a gift card used in the order.
type GiftCard struct {
	// HoldID names the hold in the payment service.
	HoldID string `json:"hold_id"`
	// GiftCardID names the card.
	GiftCardID string `json:"gift_card_id"`
	// Last4 is the end of its code.
	Last4 string `json:"last4"`
	// Amount is what is taken from it.
	Amount int64 `json:"amount"`
	// Refunded is what was put back.
	Refunded int64 `json:"refunded,omitempty"`
}

// The types of NextAction.
const (
	ActionRedirect = "redirect"
	ActionQR       = "qr"
	ActionVoucher  = "voucher"
)

// NextAction is what the buyer has to do to pay.
type NextAction struct {
	// Type is one of those above.
	Type string `json:"type"`
	// URL is where to go.
	URL string `json:"url,omitempty"`
	// Data is what to show.
	Data string `json:"data,omitempty"`
	// ExpiresAt is when it is too late.
	ExpiresAt time.Time `json:"expires_at"`
}

// Snapshot is the part of an order that never changes and that nobody searches by.
type Snapshot struct {
	Locale           string           `json:"locale,omitempty"`
	Note             string           `json:"note,omitempty"`
	PricesIncludeTax bool             `json:"prices_include_tax"`
	Rounding         tax.Policy       `json:"rounding"`
	Totals           Totals           `json:"totals"`
	Shipping         *Shipping        `json:"shipping,omitempty"`
	Discounts        []Discount       `json:"discounts,omitempty"`
	Taxes            []tax.Applied    `json:"taxes,omitempty"`
	ShippingAddress  *address.Address `json:"shipping_address,omitempty"`
	BillingAddress   *address.Address `json:"billing_address,omitempty"`
	Trace            []totals.Step    `json:"trace,omitempty"`
	PaymentMethod    string           `json:"payment_method,omitempty"`
}

// Order is what a checkout made of a cart.
type Order struct {
	// ID is unguessable: whoever knows it may read a guest's order.
	ID string
	// Number is for people; NumberPrefix is what it starts with. Empty until placed.
	Number, NumberPrefix string
	// CartID is the cart it came from.
	CartID string
	// Channel, Currency and CustomerID say where it was sold, in what money and to whom; a guest has no customer.
	Channel, Currency, CustomerID string
	// Email is the buyer's address.
	Email string
	// Status is its life.
	Status Status
	// Lines are in the order of the cart.
	Lines []Line
	// Snapshot is what was sold, but for the lines.
	Snapshot Snapshot
	// Money says how far the money is.
	Money Money
	// GiftCards are those used.
	GiftCards []GiftCard
	// PaymentID names the payment; empty when gift cards cover everything or nothing is owed.
	PaymentID string
	// NextAction is what the buyer has to do now; nil when nothing.
	NextAction *NextAction
	// ReservationID names the stock in the inventory service.
	ReservationID string
	// CaptureAtShipment says that money is taken when units are shipped.
	CaptureAtShipment bool
	// Failure says why it failed; nil when it did not.
	Failure *Failure
	// NeedsAttention says that a person has to look, Stuck that the machine at work on the order says so for now.
	NeedsAttention, Stuck bool
	// Refunds and Shipments are oldest first.
	Refunds   []Refund
	Shipments []Shipment
	// CreatedAt, PlacedAt, CancelledAt and UpdatedAt are when; zero when not.
	CreatedAt, PlacedAt, CancelledAt, UpdatedAt time.Time
	// Version grows with every change.
	Version int64
}

// Line finds a line; nil when there is none.
func (o *Order) Line(lineID string) *Line {
	for i := range o.Lines {
		if o.Lines[i].ID == lineID {
			return &o.Lines[i]
		}
	}
	return nil
}

// ShippingTotal is what the buyer pays for delivery.
func (o *Order) ShippingTotal() int64 {
	if o.Snapshot.Shipping == nil {
		return 0
	}
	return o.Snapshot.Shipping.Total
}

// ShippingTax is the tax on delivery.
func (o *Order) ShippingTax() int64 {
	if o.Snapshot.Shipping == nil {
		return 0
	}
	return o.Snapshot.Shipping.Tax
}

// Amount is a count of minor units in the order's currency.
func (o *Order) Amount(minor int64) money.Money {
	return money.Money{Currency: o.Currency, Minor: minor}
}

// Summary is an order in a list.
type Summary struct {
	ID, Number, Channel, CustomerID, Email, Currency string
	Status                                           Status
	PaymentStatus                                    PaymentStatus
	FulfillmentStatus                                FulfillmentStatus
	Total                                            int64
	LineCount                                        int32
	NeedsAttention                                   bool
	CreatedAt, PlacedAt                              time.Time
}
