// Package tax keeps the dated tax tables and finds the rate of a kind of goods at a destination on a day.
//
// The tables come filled (see package tax/data) and the merchant's own rates win over the delivered ones for the same
// place, class and time. Rates are integers in parts per million; how tax is rounded is a named Policy.
package tax

import (
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// The classes that rates are delivered for. Merchants make others by setting rates for them.
const (
	Standard     = "standard"
	Reduced      = "reduced"
	SuperReduced = "super-reduced"
	Zero         = "zero"
)

// Place is where goods go, as far as tax is concerned.
type Place struct {
	// Country is the ISO 3166-1 alpha-2 code.
	Country string `json:"country"`
	// Region is the subdivision part of ISO 3166-2; empty when not known.
	Region string `json:"region,omitempty"`
	// Postcode is the postcode as it was given; empty when not known.
	Postcode string `json:"postcode,omitempty"`
}

// Merchant is the source of rates that staff set.
const Merchant = "merchant"

// Day is the layout of the days from and until which a rate is in force.
const Day = time.DateOnly

// Rate is one rate in one place for one time.
type Rate struct {
	// ID names the rate.
	ID string
	// Country, Region and PostcodePattern are where it applies; an empty region or pattern means everywhere in the country.
	Country, Region, PostcodePattern string
	// Class is the kind of goods.
	Class string
	// Rate is what is taken.
	Rate money.Rate
	// Name is the tax as printed.
	Name string
	// ValidFrom is the first day in force.
	ValidFrom time.Time
	// ValidUntil is the first day no longer in force; zero for no end.
	ValidUntil time.Time
	// Source is Merchant or the name of a delivered table.
	Source string
	// Version grows with every change.
	Version int64
	// UpdatedAt is the last change.
	UpdatedAt time.Time
}

// Jurisdiction is where the tax is due, for example "GB" or "US-CA".
func (r Rate) Jurisdiction() string {
	if r.Region == "" {
		return r.Country
	}
	return r.Country + "-" + r.Region
}

// Place is the rate without all but what it is sorted by.
func (r Rate) Place() Rate {
	return Rate{ID: r.ID, Country: r.Country, Region: r.Region, PostcodePattern: r.PostcodePattern, Class: r.Class, ValidFrom: r.ValidFrom}
}

// InForce tells whether the rate applies on a day.
func (r Rate) InForce(day time.Time) bool {
	return !day.Before(r.ValidFrom) && (r.ValidUntil.IsZero() || day.Before(r.ValidUntil))
}

//go:generate go run ./data/generate ../postgres/migration/006_seed_tax_rate.sql
