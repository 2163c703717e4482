package money

import (
	"math"
	"strconv"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/iso"
)

// Parse reads an exact decimal such as "19.99" or "-5". It accepts fewer digits after the point than the currency has and
// refuses more with AMOUNT_SCALE, even zeros. Text that is no plain decimal number (signs other than one leading minus,
// exponents, spaces, grouping) is AMOUNT_INVALID, and one that does not fit is AMOUNT_RANGE.
func Parse(currency, decimal string) (Money, error) {
	info, ok := iso.Currency(currency)
	if !ok {
		return Money{}, ErrCurrency.New("%q is not an active ISO 4217 currency code.", clip(currency))
	}
	text, negative := strings.CutPrefix(decimal, "-")
	whole, fraction, point := strings.Cut(text, ".")
	if !digits(whole) || point && !digits(fraction) {
		return Money{}, ErrFormat.New("%q is not a decimal number.", clip(decimal))
	}
	if len(fraction) > info.Digits {
		return Money{}, ErrScale.New("%s amounts have %d digits after the point.", currency, info.Digits)
	}
	minor, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", info.Digits-len(fraction)), 10, 64)
	if err != nil || minor > math.MaxInt64 {
		return Money{}, ErrRange.New("The amount is too large.")
	}
	if negative {
		return Money{Currency: currency, Minor: -int64(minor)}, nil
	}
	return Money{Currency: currency, Minor: int64(minor)}, nil
}

// Decimal returns the amount with exactly as many digits after the point as the currency has: "19.99", "-0.05", "1999".
// An amount in an unknown currency is written as its count of minor units.
func (m Money) Decimal() string {
	info, _ := iso.Currency(m.Currency)
	text := strconv.FormatUint(magnitude(m.Minor), 10)
	if info.Digits > 0 {
		if missing := info.Digits + 1 - len(text); missing > 0 {
			text = strings.Repeat("0", missing) + text
		}
		text = text[:len(text)-info.Digits] + "." + text[len(text)-info.Digits:]
	}
	if m.Minor < 0 {
		return "-" + text
	}
	return text
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
