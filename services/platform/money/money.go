// Package money holds exact amounts: an integer count of a currency's minor unit, and the arithmetic a shop needs.
//
// No float is involved anywhere. Every operation is checked for overflow and for mixed currencies and answers with a typed
// error instead of a wrong sum. The package knows nothing of prices or taxes; it multiplies, rounds and shares out.
package money

import (
	"cmp"
	"math"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/iso"
)

// Money is an amount in one currency. The zero value has no currency; use Zero.
type Money struct {
	// Currency is the ISO 4217 code.
	Currency string `json:"currency"`
	// Minor counts minor units: pence for GBP, whole yen for JPY. It is never math.MinInt64, so it can always be negated.
	Minor int64 `json:"minor"`
}

// New returns an amount of minor units. It fails with CURRENCY_INVALID for anything but an active currency and with
// AMOUNT_RANGE for the one integer that has no negative.
func New(currency string, minor int64) (Money, error) {
	if _, ok := iso.Currency(currency); !ok {
		return Money{}, ErrCurrency.New("%q is not an active ISO 4217 currency code.", clip(currency))
	}
	if minor == math.MinInt64 {
		return Money{}, ErrRange.New("The amount is too large.")
	}
	return Money{Currency: currency, Minor: minor}, nil
}

// Zero returns nothing of a currency. It does not check the currency.
func Zero(currency string) Money { return Money{Currency: currency} }

// Sum adds amounts of one currency; without any it returns zero of that currency.
func Sum(currency string, amounts ...Money) (Money, error) {
	total := Zero(currency)
	for _, amount := range amounts {
		var err error
		if total, err = total.Add(amount); err != nil {
			return Money{}, err
		}
	}
	return total, nil
}

// Add returns m+o, or CURRENCY_MISMATCH or AMOUNT_RANGE.
func (m Money) Add(o Money) (Money, error) {
	if err := m.same(o); err != nil {
		return Money{}, err
	}
	sum := m.Minor + o.Minor
	if (sum > m.Minor) != (o.Minor > 0) && o.Minor != 0 || sum == math.MinInt64 {
		return Money{}, ErrRange.New("The sum of the amounts is too large.")
	}
	return Money{Currency: m.Currency, Minor: sum}, nil
}

// Sub returns m-o, or CURRENCY_MISMATCH or AMOUNT_RANGE.
func (m Money) Sub(o Money) (Money, error) { return m.Add(o.Neg()) }

// Times returns m·n, or AMOUNT_RANGE.
func (m Money) Times(n int64) (Money, error) {
	value, err := mulDiv(m.Minor, n, 1, Down)
	if err != nil {
		return Money{}, err
	}
	return Money{Currency: m.Currency, Minor: value}, nil
}

// Neg returns -m.
func (m Money) Neg() Money { return Money{Currency: m.Currency, Minor: -m.Minor} }

// IsZero says whether the amount is nothing, in whatever currency.
func (m Money) IsZero() bool { return m.Minor == 0 }

// Cmp returns -1, 0 or 1 as m is less than, equal to or more than o. Amounts of different currencies have no order of
// value; they are ordered by code so that sorting is stable, and callers compare only what they know to be of one currency.
func (m Money) Cmp(o Money) int {
	return cmp.Or(cmp.Compare(m.Currency, o.Currency), cmp.Compare(m.Minor, o.Minor))
}

// String returns the amount as people read it in logs: "19.99 USD".
func (m Money) String() string { return m.Decimal() + " " + m.Currency }

func (m Money) same(o Money) error {
	if m.Currency != o.Currency {
		return ErrMismatch.New("Amounts in %s and %s cannot be combined.", clip(m.Currency), clip(o.Currency))
	}
	return nil
}

// clip keeps what a client sent from filling an error message.
func clip(s string) string {
	if len(s) > 16 {
		s = s[:16]
	}
	return strings.ToValidUTF8(s, "?")
}
