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
