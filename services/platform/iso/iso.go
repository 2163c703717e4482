// Package iso answers which currencies, countries and US states exist, from the public ISO tables.
//
// It knows only what is in force: withdrawn currencies, metals, test codes and reserved country codes (such as UK, which is
// not GB) are unknown. Codes are case-sensitive upper case. Lookups do not allocate.
package iso

// CurrencyInfo is one active currency of ISO 4217.
type CurrencyInfo struct {
	// Code is the alphabetic code, for example "GBP".
	Code string
	// Digits is how many digits follow the point: 2 for GBP, 0 for JPY, 3 for KWD.
	Digits int
}

// CountryInfo is one country or territory of ISO 3166-1.
type CountryInfo struct {
	// Code is the alpha-2 code, for example "GB".
	Code string
	// Name is the usual English short name.
	Name string
	// EU says whether the country is a member state of the European Union. Territories with a code of their own, such as
	// the Åland Islands, are not.
	EU bool
}

// StateInfo is one state of the United States or the District of Columbia.
type StateInfo struct {
	// Code is the subdivision part of ISO 3166-2, for example "CA".
	Code string
	// Name is the English name.
	Name string
}

// Currency finds an active currency by its alphabetic code.
func Currency(code string) (CurrencyInfo, bool) {
	digits, ok := currencyDigits(code)
	if !ok {
		return CurrencyInfo{}, false
	}
	return CurrencyInfo{Code: code, Digits: digits}, true
}

// Country finds a country by its alpha-2 code.
func Country(alpha2 string) (CountryInfo, bool) { return countryOf(alpha2) }

// USState finds a state of the United States by its two-letter code. The District of Columbia counts as one; the
// territories, which have country codes of their own, do not.
func USState(code string) (StateInfo, bool) {
	for _, state := range USStates() {
		if state.Code == code {
			return state, true
		}
	}
	return StateInfo{}, false
}

// USStates returns the 50 states and the District of Columbia in the order of their codes.
func USStates() []StateInfo {
	return []StateInfo{
		{"AK", "Alaska"}, {"AL", "Alabama"}, {"AR", "Arkansas"}, {"AZ", "Arizona"}, {"CA", "California"},
		{"CO", "Colorado"}, {"CT", "Connecticut"}, {"DC", "District of Columbia"}, {"DE", "Delaware"}, {"FL", "Florida"},
		{"GA", "Georgia"}, {"HI", "Hawaii"}, {"IA", "Iowa"}, {"ID", "Idaho"}, {"IL", "Illinois"}, {"IN", "Indiana"},
		{"KS", "Kansas"}, {"KY", "Kentucky"}, {"LA", "Louisiana"}, {"MA", "Massachusetts"}, {"MD", "Maryland"},
		{"ME", "Maine"}, {"MI", "Michigan"}, {"MN", "Minnesota"}, {"MO", "Missouri"}, {"MS", "Mississippi"},
		{"MT", "Montana"}, {"NC", "North Carolina"}, {"ND", "North Dakota"}, {"NE", "Nebraska"}, {"NH", "New Hampshire"},
		{"NJ", "New Jersey"}, {"NM", "New Mexico"}, {"NV", "Nevada"}, {"NY", "New York"}, {"OH", "Ohio"}, {"OK", "Oklahoma"},
		{"OR", "Oregon"}, {"PA", "Pennsylvania"}, {"RI", "Rhode Island"}, {"SC", "South Carolina"}, {"SD", "South Dakota"},
		{"TN", "Tennessee"}, {"TX", "Texas"}, {"UT", "Utah"}, {"VA", "Virginia"}, {"VT", "Vermont"}, {"WA", "Washington"},
		{"WI", "Wisconsin"}, {"WV", "West Virginia"}, {"WY", "Wyoming"},
	}
}
