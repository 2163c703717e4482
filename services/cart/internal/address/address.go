// Package address knows what a postal address is, which ones can exist, and the addresses customers save.
//
// Validate refuses what a carrier or a tax office could not use: unknown countries and states, postcodes that the
// country does not have, control characters. It does not ask whether a house exists.
package address

// Address is a postal address.
type Address struct {
	FullName    string `json:"full_name,omitempty"`
	Company     string `json:"company,omitempty"`
	Line1       string `json:"line1,omitempty"`
	Line2       string `json:"line2,omitempty"`
	City        string `json:"city,omitempty"`
	Region      string `json:"region,omitempty"`
	PostalCode  string `json:"postal_code,omitempty"`
	CountryCode string `json:"country_code,omitempty"`
	Phone       string `json:"phone,omitempty"`
}
