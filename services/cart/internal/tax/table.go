package tax

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Table is the charges at one place on one day, by class.
type Table struct {
	charges map[string]Charge
	// Known tells whether the place says enough to name the tax.
	Known bool
}

// For is the charge on goods of a class. A class without a rate at the place is taxed as standard goods; at a place
// without any rate there is no charge: the rate is zero.
func (t Table) For(class string) Charge {
	if charge, ok := t.charges[class]; ok {
		return charge
	}
	return t.charges[Standard]
}

// Taxed tells whether any goods are taxed at the place.
func (t Table) Taxed() bool {
	for _, charge := range t.charges {
		if charge.Rate != 0 {
			return true
		}
	}
	return false
}

// CountryRates are the rates of one country, ready to be asked many times.
type CountryRates struct {
	country string
	rates   []compiled
	regions bool
}

type compiled struct {
	Rate
	postcode *regexp.Regexp // nil when the rate is for all postcodes
}

// Compile makes rates of one country ready. It fails when a postcode pattern is no regular expression.
func Compile(country string, rates []Rate) (CountryRates, error) {
	result := CountryRates{country: country, rates: make([]compiled, len(rates))}
	for i, rate := range rates {
		result.rates[i].Rate = rate
		result.regions = result.regions || rate.Region != ""
		if rate.PostcodePattern == "" {
			continue
		}
		pattern, err := CompilePostcode(rate.PostcodePattern)
		if err != nil {
			return CountryRates{}, fmt.Errorf("compile postcode pattern of rate %s: %w", rate.ID, err)
		}
		result.rates[i].postcode = pattern
	}
	return result, nil
}

// CompilePostcode reads a postcode pattern. It matches whole normalized postcodes.
func CompilePostcode(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile("^(?:" + pattern + ")$")
}

// NormalPostcode is a postcode as patterns and prefixes see it: upper case, without blanks and hyphens.
func NormalPostcode(postcode string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(postcode))
}

// At is the table at a place of the country on a day. Of the rates of a class it takes the one for the postcode, else the
// region, else the country; of those the merchant's own; of those the one that came into force last.
func (c CountryRates) At(place Place, day time.Time) Table {
	day = day.UTC().Truncate(24 * time.Hour)
	postcode := NormalPostcode(place.Postcode)
	best := map[string]compiled{}
	for _, rate := range c.rates {
		if !rate.InForce(day) || !rate.covers(place.Region, postcode) {
			continue
		}
		if current, ok := best[rate.Class]; !ok || rate.beats(current) {
			best[rate.Class] = rate
		}
	}
	table := Table{charges: make(map[string]Charge, len(best)), Known: place.Region != "" || !c.regions}
	for class, rate := range best {
		table.charges[class] = Charge{Name: rate.Name, Jurisdiction: rate.Jurisdiction(), Rate: rate.Rate.Rate}
	}
	return table
}

func (c compiled) covers(region, postcode string) bool {
	if c.Region != "" && c.Region != region {
		return false
	}
	return c.postcode == nil || c.postcode.MatchString(postcode)
}

func (c compiled) beats(o compiled) bool {
	order := cmp.Or(
		cmp.Compare(c.closeness(), o.closeness()),
		cmp.Compare(c.rank(), o.rank()),
		c.ValidFrom.Compare(o.ValidFrom),
		cmp.Compare(o.ID, c.ID),
	)
	return order > 0
}

func (c compiled) closeness() int {
	closeness := 0
	if c.Region != "" {
		closeness = 1
	}
	if c.postcode != nil {
		closeness += 2
	}
	return closeness
}

func (c compiled) rank() int {
	if c.Source == Merchant {
		return 1
	}
	return 0
}
