// Package settings keeps how a channel sells: when money is captured, whether prices contain tax, how tax is rounded, how
// orders are numbered. A channel without settings of its own has the defaults, which suit a shop in Europe or the US.
package settings

import (
	"slices"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
)

// Capture says when an authorized payment is captured.
type Capture string

// The capture modes.
const (
	AtPlacement Capture = "at_placement"
	AtShipment  Capture = "at_shipment"
)

// Display says whether a channel's prices contain tax.
type Display string

// The tax displays.
const (
	ByDestination Display = "by_destination"
	Inclusive     Display = "inclusive"
	Exclusive     Display = "exclusive"
)

// Settings is how a channel sells.
type Settings struct {
	// Channel is the channel's key.
	Channel string `json:"channel"`
	// Capture says when money is captured.
	Capture Capture `json:"capture"`
	// Display says whether prices contain tax.
	Display Display `json:"display"`
	// Rounding says how tax is rounded.
	Rounding tax.Policy `json:"rounding"`
	// OrderPrefix is what order numbers start with.
	OrderPrefix string `json:"order_prefix"`
	// ShippingTaxClass is the tax class of shipping methods that name none.
	ShippingTaxClass string `json:"shipping_tax_class"`
	// ShippingTaxProportional taxes shipping like the goods instead.
	ShippingTaxProportional bool `json:"shipping_tax_proportional,omitempty"`
	// HomeCountry is the country that inclusive prices are made for.
	HomeCountry string `json:"home_country,omitempty"`
	// RemoveHomeTax takes HomeCountry's tax out of the price where no tax applies.
	RemoveHomeTax bool `json:"remove_home_tax,omitempty"`
	// Version grows with every change; 0 for defaults.
	Version int64 `json:"version,omitempty"`
	// UpdatedAt is the last change.
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// Default is the settings of a channel that has none of its own.
func Default(channel string) Settings {
	prefix, _, _ := strings.Cut(strings.ToUpper(channel), "-")
	return Settings{
		Channel:          channel,
		Capture:          AtPlacement,
		Display:          ByDestination,
		Rounding:         tax.HalfUpLine,
		OrderPrefix:      prefix[:min(len(prefix), 11)] + "-",
		ShippingTaxClass: tax.Standard,
	}
}

// Inclusive tells whether prices contain tax for a buyer in country.
func (s Settings) Inclusive(country string) bool {
	switch s.Display {
	case Inclusive:
		return true
	case Exclusive:
		return false
	default:
		return !slices.Contains([]string{"US", "CA"}, country)
	}
}
