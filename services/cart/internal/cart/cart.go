// Package cart keeps what buyers are about to buy and what it costs.
//
// A cart holds what the buyer asked for; what it costs is worked out from the catalogue, pricing and the tax and shipping tables
// whenever it changes, and remembered with the time it was taken. Every write names the version it is based on, so that
// two changes at the same time are applied one after the other and none is lost. A cart of a customer answers to that customer
// only: to anybody else it does not exist.
package cart

import (
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
)

// The limits of a cart.
const (
	// MaxLines is the most lines a cart has.
	MaxLines = 500
	// MaxQuantity is the most units a line has.
	MaxQuantity = 1_000_000
	// MaxCoupons is the most coupon codes a cart has.
	MaxCoupons = 10
	// MaxGiftCards is the most gift cards a cart has.
	MaxGiftCards = 10
)

// State is where a cart is in its life.
type State string

// The states of a cart.
const (
	// Active carts are open for changes.
	Active State = "active"
	// CheckingOut carts are frozen while an order is made of them.
	CheckingOut State = "checking_out"
	// Converted carts became an order.
	Converted State = "converted"
	// Merged carts' lines moved into another cart.
	Merged State = "merged"
	// Expired carts were left alone too long.
	Expired State = "expired"
)

// Line is what the buyer asked for: units of a SKU.
type Line struct {
	// ID names the line in the cart, UUIDv7.
	ID string
	// SKU is unique in the cart.
	SKU string
	// Quantity is 1 to MaxQuantity.
	Quantity int32
}

// GiftCard is a gift card that pays a part. The code is never kept.
type GiftCard struct {
	// ID names the card in the payment service.
	ID string `json:"id"`
	// Last4 is the end of its code.
	Last4 string `json:"last4"`
	// Balance is what could be spent of it when it was looked up, in the cart's currency.
	Balance int64 `json:"balance"`
}

// Cart is what a buyer is about to buy.
type Cart struct {
	// ID is 128 random bits: whoever knows a guest's may use it.
	ID string
	// Channel, Currency, Country and Locale are where and how it is sold; Country until the shipping address says better.
	Channel, Currency, Country, Locale string
	// CustomerID is whose it is; empty for a guest.
	CustomerID string
	// State is where it is in its life.
	State State
	// Version grows with every change.
	Version int64
	// Email is the buyer's; empty until given.
	Email string
	// Shipping and Billing are nil until given.
	Shipping, Billing *address.Address
	// Note is the buyer's.
	Note string
	// Lines are in the order they were added.
	Lines []Line
	// ShippingMethod is the key of the chosen way to deliver, empty until chosen.
	ShippingMethod string
	// Coupons are the codes the buyer gave, upper case.
	Coupons []string
	// GiftCards are in the order they are used.
	GiftCards []GiftCard
	// OrderID is the order it is becoming or became.
	OrderID string
	// MergedInto is the cart its lines moved into.
	MergedInto string
	// Priced is what it cost when that was last worked out; nil before the first time.
	Priced *Priced
	// CreatedAt and UpdatedAt are by the database's clock.
	CreatedAt, UpdatedAt time.Time
}

// Place is where tax is due and delivery goes: the shipping address, else the billing address, else the cart's country.
func (c *Cart) Place() tax.Place {
	for _, a := range []*address.Address{c.Shipping, c.Billing} {
		if a != nil {
			return tax.Place{Country: a.CountryCode, Region: a.Region, Postcode: a.PostalCode}
		}
	}
	return tax.Place{Country: c.Country}
}

// BillingAddress is where to bill: the shipping address unless another one was given; nil when neither was.
func (c *Cart) BillingAddress() *address.Address {
	if c.Billing != nil {
		return c.Billing
	}
	return c.Shipping
}

// lineIndex finds a line by its id; -1 when there is none.
func (c *Cart) lineIndex(lineID string) int {
	return slices.IndexFunc(c.Lines, func(l Line) bool { return l.ID == lineID })
}

// clone copies a cart so deep that changing the copy leaves the original alone.
func (c *Cart) clone() *Cart {
	copied := *c
	copied.Lines = slices.Clone(c.Lines)
	copied.Coupons = slices.Clone(c.Coupons)
	copied.GiftCards = slices.Clone(c.GiftCards)
	return &copied
}
