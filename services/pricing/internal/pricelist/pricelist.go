// Package pricelist holds price lists and decides what a SKU costs a buyer.
//
// The rule that picks the price is here and nowhere else: see Resolve. The package never converts between currencies and
// knows nothing of promotions.
package pricelist

import (
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/iso"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// MaxAmount is the highest price of a unit, in minor units. With the highest quantity of a line it still fits an amount.
const MaxAmount = 1_000_000_000_000

// PriceList is a set of prices in one currency and the buyers it is for. Empty Channels, Countries and Groups mean all.
type PriceList struct {
	// Key names the list; it never changes.
	Key string
	// Name is for staff.
	Name string
	// Currency is that of every amount in the list; it never changes.
	Currency string
	// Channels are the keys of the channels it is for.
	Channels []string
	// Countries are the codes of the countries it is for.
	Countries []string
	// Groups are the customer groups it is for.
	Groups []string
	// Priority ranks lists; the higher wins.
	Priority int32
	// ValidFrom is when it begins to count; nil: always did.
	ValidFrom *time.Time
	// ValidUntil is the first instant at which it no longer counts; nil: never.
	ValidUntil *time.Time
	// Active says whether it counts at all.
	Active bool
	// Version rises with every change.
	Version int64
	// CreatedAt is when it was made.
	CreatedAt time.Time
	// UpdatedAt is when it changed last.
	UpdatedAt time.Time
}

// Price is the amount of a SKU in a list from a quantity on.
type Price struct {
	// SKU is what it is the price of.
	SKU string
	// MinQuantity is the smallest quantity it is for, at least 1.
	MinQuantity int32
	// Amount is that of one unit.
	Amount money.Money
	// CompareAt is the earlier or recommended amount of one unit; nil: none.
	CompareAt *money.Money
	// UpdatedAt is when it was set last.
	UpdatedAt time.Time
}

// PriceKey names a price within a list. A MinQuantity of 0 names every tier of the SKU.
type PriceKey struct {
	// SKU is what it is the price of.
	SKU string
	// MinQuantity is the tier.
	MinQuantity int32
}

// Buyer is who buys where.
type Buyer struct {
	// Channel is a channel's key.
	Channel string
	// Currency is the one to answer in.
	Currency string
	// Country is the buyer's; empty: not known.
	Country string
	// Groups are those the buyer is in.
	Groups []string
	// At is the time to price for; nil: now, by the database's clock.
	At *time.Time
}

// Validate checks what the contract cannot: that currency and countries exist and that the window is one.
func (l PriceList) Validate() error {
	if _, ok := iso.Currency(l.Currency); !ok {
		return money.ErrCurrency.At("priceList.currencyCode", "It is not an active ISO 4217 currency code.")
	}
	for i, country := range l.Countries {
		if _, ok := iso.Country(country); !ok {
			return ErrCountry.At(fmt.Sprintf("priceList.countryCodes[%d]", i), "It is not an ISO 3166-1 alpha-2 country code.")
		}
	}
	return ValidateWindow("priceList.validUntil", l.ValidFrom, l.ValidUntil)
}

// ValidateWindow fails with RANGE_INVALID at path when a window is empty.
func ValidateWindow(path string, from, until *time.Time) error {
	if from != nil && until != nil && !from.Before(*until) {
		return ErrRange.At(path, "It must be later than the beginning.")
	}
	return nil
}

// Validate checks that the buyer's currency exists; a country that does not exist is one no list is for.
func (b Buyer) Validate(path string) error {
	if _, ok := iso.Currency(b.Currency); !ok {
		return money.ErrCurrency.At(path+".currencyCode", "It is not an active ISO 4217 currency code.")
	}
	return nil
}

// validateEntries checks prices against their list and fills in the tier that was left out.
func validateEntries(list PriceList, entries []Price) error {
	seen := make(map[PriceKey]int, len(entries))
	for i := range entries {
		entry := &entries[i]
		if entry.MinQuantity == 0 {
			entry.MinQuantity = 1
		}
		path := fmt.Sprintf("entries[%d]", i)
		if err := validateAmount(path+".amount", list.Currency, entry.Amount); err != nil {
			return err
		}
		if entry.CompareAt != nil {
			if err := validateAmount(path+".compareAt", list.Currency, *entry.CompareAt); err != nil {
				return err
			}
		}
		key := PriceKey{SKU: entry.SKU, MinQuantity: entry.MinQuantity}
		if first, ok := seen[key]; ok {
			return ErrOverlap.At(path, "It sets the same tier as entries[%d].", first)
		}
		seen[key] = i
	}
	return nil
}

func validateAmount(path, currency string, amount money.Money) error {
	switch {
	case amount.Currency != currency:
		return ErrCurrencyMixed.At(path+".currencyCode", "The price list is in %s.", currency)
	case amount.Minor < 0:
		return money.ErrNegative.At(path+".minorUnits", "A price must not be negative.")
	case amount.Minor > MaxAmount:
		return money.ErrRange.At(path+".minorUnits", "A price must not be above %d minor units.", int64(MaxAmount))
	}
	return nil
}
