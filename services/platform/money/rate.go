package money

import (
	"math"
	"math/bits"
)

// Rate is a share in parts per million: 20 % is 200_000.
type Rate int64

// One is the rate of 100 %.
const One Rate = 1_000_000

// Rounding says what happens to a fraction of a minor unit. Every mode is symmetric: rounding -m is the negative of
// rounding m, so that a refund reverses a charge exactly.
type Rounding string

// The rounding modes.
const (
	// HalfUp rounds to the nearest, halves away from zero.
	HalfUp Rounding = "half_up"
	// HalfEven rounds to the nearest, halves to the even neighbour.
	HalfEven Rounding = "half_even"
	// Down drops the fraction.
	Down Rounding = "down"
)

// Valid says whether the mode is one of those above.
func (r Rounding) Valid() bool { return r == HalfUp || r == HalfEven || r == Down }

// Percent returns m·r rounded once.
func (m Money) Percent(r Rate, rnd Rounding) (Money, error) {
	value, err := mulDiv(m.Minor, int64(r), uint64(One), rnd)
	if err != nil {
		return Money{}, err
	}
	return Money{Currency: m.Currency, Minor: value}, nil
}

// InclusiveTax returns the tax of rate r that is inside m: m·r/(1+r), rounded once. What is left after subtracting it is
// the net amount, so net and tax always add up to m. A negative rate fails with ROUNDING_INVALID.
func (m Money) InclusiveTax(r Rate, rnd Rounding) (Money, error) {
	if r < 0 || r > math.MaxInt64-One {
		return Money{}, ErrRounding.New("The tax rate is out of range.")
	}
	value, err := mulDiv(m.Minor, int64(r), uint64(One+r), rnd)
	if err != nil {
		return Money{}, err
	}
	return Money{Currency: m.Currency, Minor: value}, nil
}

// Share returns m·part/whole rounded once: the exact form of a proportion that is no whole number of parts per million.
func (m Money) Share(part, whole int64, rnd Rounding) (Money, error) {
	if whole <= 0 {
		return Money{}, ErrRange.New("A share needs a positive whole.")
	}
	value, err := mulDiv(m.Minor, part, uint64(whole), rnd)
	if err != nil {
		return Money{}, err
	}
	return Money{Currency: m.Currency, Minor: value}, nil
}

// mulDiv returns a·b/d through a 128-bit product, so that only a result which does not fit fails.
func mulDiv(a, b int64, d uint64, rnd Rounding) (int64, error) {
	if !rnd.Valid() {
		return 0, ErrRounding.New("%q is not a rounding mode.", clip(string(rnd)))
	}
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi >= d {
		return 0, ErrRange.New("The amount is too large.")
	}
	quotient, remainder := bits.Div64(hi, lo, d)
	if quotient > math.MaxInt64 {
		return 0, ErrRange.New("The amount is too large.")
	}
	if roundsUp(quotient, remainder, d, rnd) {
		quotient++
	}
	if quotient > math.MaxInt64 {
		return 0, ErrRange.New("The amount is too large.")
	}
	if (a < 0) != (b < 0) {
		return -int64(quotient), nil
	}
	return int64(quotient), nil
}

func roundsUp(quotient, remainder, divisor uint64, rnd Rounding) bool {
	if remainder == 0 || rnd == Down {
		return false
	}
	rest := divisor - remainder
	if remainder != rest {
		return remainder > rest
	}
	return rnd == HalfUp || quotient%2 == 1
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}
