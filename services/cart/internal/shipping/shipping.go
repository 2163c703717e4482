// Package shipping keeps where a channel delivers, how, and for what price.
//
// An address is served by exactly one zone: the one that fits it most closely, so that what a buyer is offered never depends
// on the order in which zones were made.
package shipping

import (
	"cmp"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// The ways to fail that callers of the API handle.
var (
	ErrUnavailable = errs.Define(errs.FailedPrecondition, "SHIPPING_UNAVAILABLE", "The way to deliver is not offered for the cart and its address.")
	ErrZone        = errs.Define(errs.NotFound, "SHIPPING_ZONE_NOT_FOUND", "There is no shipping zone with this key.")
	ErrInvalid     = errs.Define(errs.Invalid, "SHIPPING_INVALID", "The shipping zone contradicts itself; the field violations say where.")
)

// Kind says what the price of a method depends on.
type Kind string

// The kinds of methods.
const (
	Flat       Kind = "flat"
	ByWeight   Kind = "by_weight"
	BySubtotal Kind = "by_subtotal"
)

// Location is a part of the world; an empty country means everywhere.
type Location struct {
	Country        string `json:"country,omitempty"`
	Region         string `json:"region,omitempty"`
	PostcodePrefix string `json:"postcode_prefix,omitempty"`
}

// Tier is a price from or up to a limit: grams for ByWeight (the most; 0 in the last tier for no limit), minor units of
// goods for BySubtotal (the least).
type Tier struct {
	Limit int64 `json:"limit"`
	Price int64 `json:"price"`
}

// Method is a way to deliver. Prices are minor units of the zone's currency.
type Method struct {
	// Key names it in the zone.
	Key string `json:"key"`
	// Name is for the buyer where Names, by locale, has no better one.
	Name  string            `json:"name"`
	Names map[string]string `json:"names,omitempty"`
	// Kind says what the price depends on: Price for Flat, Tiers for the others.
	Kind  Kind   `json:"kind"`
	Price int64  `json:"price,omitempty"`
	Tiers []Tier `json:"tiers,omitempty"`
	// FreeAbove is the value of goods after discounts from which delivery is free; nil for never.
	FreeAbove *int64 `json:"free_above,omitempty"`
	// TaxClass is empty for the channel's.
	TaxClass string `json:"tax_class,omitempty"`
	// MinDays and MaxDays are working days to delivery.
	MinDays int32 `json:"min_days,omitempty"`
	MaxDays int32 `json:"max_days,omitempty"`
}

// Zone is a part of the world with the ways to deliver there.
type Zone struct {
	// Key names it and never changes; Name is for staff.
	Key, Name string
	// Channel and Currency are what it is for.
	Channel, Currency string
	// Locations are where it is: any of them.
	Locations []Location
	// Priority decides between zones that fit equally closely.
	Priority int32
	// Methods are the ways to deliver.
	Methods []Method
	// Version grows with every change.
	Version int64
	// UpdatedAt is the last change.
	UpdatedAt time.Time
}

// Load is what is to be delivered.
type Load struct {
	// Grams is its weight.
	Grams int64
	// Value is the goods after discounts, in the zone's currency, as the shop shows prices.
	Value int64
}

// closeness is how closely a location fits a place: 0 when it does not cover it.
func (l Location) closeness(place tax.Place, postcode string) int {
	switch {
	case l.Country != "" && l.Country != place.Country,
		l.Region != "" && l.Region != place.Region,
		l.PostcodePrefix != "" && !strings.HasPrefix(postcode, l.PostcodePrefix):
		return 0
	}
	closeness := 1
	if l.Country != "" {
		closeness++
	}
	if l.Region != "" {
		closeness += 2
	}
	return closeness + 4*len(l.PostcodePrefix)
}

func (z Zone) closeness(place tax.Place, postcode string) int {
	best := 0
	for _, location := range z.Locations {
		best = max(best, location.closeness(place, postcode))
	}
	return best
}

// Covering picks the zone that serves a place: the one that fits most closely, then the highest priority, then the first
// key. It is ErrUnavailable when no zone covers the place.
func Covering(zones []Zone, place tax.Place) (Zone, error) {
	postcode := tax.NormalPostcode(place.Postcode)
	found, best := -1, 0
	for i, zone := range zones {
		fit := zone.closeness(place, postcode)
		if fit == 0 {
			continue
		}
		if found < 0 || cmp.Or(cmp.Compare(fit, best), cmp.Compare(zone.Priority, zones[found].Priority), cmp.Compare(zones[found].Key, zone.Key)) > 0 {
			found, best = i, fit
		}
	}
	if found < 0 {
		return Zone{}, ErrUnavailable.New("The shop does not deliver to this address.")
	}
	return zones[found], nil
}

// Method finds a method by its key.
func (z Zone) Method(key string) (Method, bool) {
	for _, method := range z.Methods {
		if method.Key == key {
			return method, true
		}
	}
	return Method{}, false
}

// Quote is the price of a method for a load, and whether it is offered: a load over the last weight tier is not.
func (m Method) Quote(load Load) (price int64, offered bool) {
	price, offered = m.tariff(load)
	if offered && m.FreeAbove != nil && load.Value >= *m.FreeAbove {
		return 0, true
	}
	return price, offered
}

func (m Method) tariff(load Load) (int64, bool) {
	switch m.Kind {
	case ByWeight:
		for _, tier := range m.Tiers {
			if tier.Limit == 0 || load.Grams <= tier.Limit {
				return tier.Price, true
			}
		}
		return 0, false
	case BySubtotal:
		price, offered := int64(0), false
		for _, tier := range m.Tiers {
			if load.Value >= tier.Limit {
				price, offered = tier.Price, true
			}
		}
		return price, offered
	default:
		return m.Price, true
	}
}

// NameIn is the method's name in a locale: of the locale itself, else of its language, else the plain one.
func (m Method) NameIn(locale string) string {
	for locale != "" {
		for key, name := range m.Names {
			if strings.EqualFold(key, locale) {
				return name
			}
		}
		cut := strings.LastIndexByte(locale, '-')
		if cut < 0 {
			break
		}
		locale = locale[:cut]
	}
	return m.Name
}
