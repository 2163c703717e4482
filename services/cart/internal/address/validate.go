package address

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cartwright-shop/cartwright/services/cart/internal/usa"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/iso"
)

// The ways to fail that callers of the API handle.
var (
	ErrInvalid  = errs.Define(errs.Invalid, "ADDRESS_INVALID", "The address cannot exist; the field violations say which part of it.")
	ErrEmail    = errs.Define(errs.Invalid, "EMAIL_INVALID", "The text is no e-mail address.")
	ErrNotFound = errs.Define(errs.NotFound, "ADDRESS_NOT_FOUND", "The saved address does not exist or is not the caller's.")
	ErrLimit    = errs.Define(errs.FailedPrecondition, "ADDRESS_LIMIT", "The customer has as many saved addresses as one can have.")
)

const maxEmail = 254 // RFC 5321

// Clean returns an address without needless blanks and with the postcode in upper case, or says which field, below path,
// cannot be right. A name, a street, a city, a country and, where the country has them, a postcode and a state are needed.
func Clean(path string, a Address) (Address, error) {
	for _, field := range a.fields() {
		if !clean(*field.value) {
			return Address{}, errs.CharNotAllowed.At(path+"."+field.name, "Must not have control characters.")
		}
		*field.value = strings.Join(strings.Fields(*field.value), " ")
	}
	a.PostalCode = strings.ToUpper(a.PostalCode)
	c := checker{path: path}
	c.require("fullName", a.FullName)
	c.require("line1", a.Line1)
	c.require("city", a.City)
	c.country(a)
	if c.err != nil {
		return Address{}, c.err
	}
	return a, nil
}

type field struct {
	name  string
	value *string
}

func (a *Address) fields() []field {
	return []field{
		{"fullName", &a.FullName}, {"company", &a.Company}, {"line1", &a.Line1}, {"line2", &a.Line2}, {"city", &a.City},
		{"region", &a.Region}, {"postalCode", &a.PostalCode}, {"countryCode", &a.CountryCode}, {"phone", &a.Phone},
	}
}

// clean tells whether a text has nothing invisible in it that could change how it is read or printed.
func clean(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
	})
}

type checker struct {
	path string
	err  *errs.Error
}

func (c *checker) wrong(name, message string) {
	path := c.path + "." + name
	if c.err == nil {
		c.err = ErrInvalid.At(path, "%s", message)
		return
	}
	c.err = c.err.Field(path, ErrInvalid.Reason(), message)
}

func (c *checker) require(name, value string) {
	if value == "" {
		c.wrong(name, "Must not be empty.")
	}
}

func (c *checker) country(a Address) {
	if _, ok := iso.Country(a.CountryCode); !ok {
		c.wrong("countryCode", "Must be an ISO 3166-1 alpha-2 code, such as GB.")
		return
	}
	if a.CountryCode == "US" {
		if _, ok := usa.FindState(a.Region); !ok {
			c.wrong("region", "Must be the two-letter code of a state of the US, such as CA.")
		}
	}
	rule, ok := postcodeRule(a.CountryCode)
	switch {
	case !ok:
	case a.PostalCode == "":
		c.wrong("postalCode", "Must not be empty for this country.")
	case !rule.MatchString(a.PostalCode):
		c.wrong("postalCode", "Is no postcode of this country.")
	}
}

// CheckEmail says whether a text can be written to as an e-mail address. No part of a header can be hidden in it.
func CheckEmail(path, text string) error {
	wrong := func() error { return ErrEmail.At(path, "Must be an e-mail address, such as name@example.com.") }
	if len(text) > maxEmail || !clean(text) || strings.ContainsAny(text, " \t<>(),;:\\\"[]") {
		return wrong()
	}
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text {
		return wrong()
	}
	at := strings.LastIndexByte(text, '@')
	local, domain := text[:at], text[at+1:]
	if len(local) > 64 || !domainPattern.MatchString(domain) {
		return wrong()
	}
	return nil
}

// domainPattern is a host name with at least two labels; international names also come in their own script.
var domainPattern = regexp.MustCompile(`^([\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])$`)
