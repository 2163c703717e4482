package money

import (
	"cmp"
	"math/bits"
	"slices"
)

// Allocate shares total among weights by largest remainder: the parts add up to total exactly, each differs from its exact
// share by less than one minor unit, has the sign of total, and equal remainders go to the lower index. A weight of zero
// gets nothing, unless all weights are zero: then the total is split evenly. A negative weight fails with AMOUNT_NEGATIVE,
// no weight at all with AMOUNT_RANGE unless the total is zero, and weights whose sum does not fit with AMOUNT_RANGE.
func Allocate(total Money, weights []int64) ([]Money, error) {
	whole, err := sumWeights(weights)
	if err != nil {
		return nil, err
	}
	if len(weights) == 0 && !total.IsZero() {
		return nil, ErrRange.New("There is nothing to share the amount among.")
	}
	if whole == 0 {
		return allocate(total, uint64(len(weights)), len(weights), func(int) uint64 { return 1 }), nil
	}
	return allocate(total, whole, len(weights), func(i int) uint64 { return uint64(weights[i]) }), nil
}

func sumWeights(weights []int64) (uint64, error) {
	var whole uint64
	for _, weight := range weights {
		if weight < 0 {
			return 0, ErrNegative.New("A share must not be negative.")
		}
		var carry uint64
		if whole, carry = bits.Add64(whole, uint64(weight), 0); carry != 0 {
			return 0, ErrRange.New("The shares are too large.")
		}
	}
	return whole, nil
}

// allocate needs Σ weight(i) = whole > 0 (or n = 0). Every weight is at most whole and the
// amount below 2^64, so the high half of the product is below whole and the division cannot panic.
func allocate(total Money, whole uint64, n int, weight func(int) uint64) []Money {
	type leftover struct {
		index     int
		remainder uint64
	}
	amount := magnitude(total.Minor)
	shares, leftovers, rest := make([]uint64, n), make([]leftover, n), amount
	for i := range n {
		hi, lo := bits.Mul64(amount, weight(i))
		var remainder uint64
		shares[i], remainder = bits.Div64(hi, lo, whole)
		leftovers[i] = leftover{index: i, remainder: remainder}
		rest -= shares[i]
	}
	if rest > 0 {
		slices.SortStableFunc(leftovers, func(a, b leftover) int { return cmp.Compare(b.remainder, a.remainder) })
		for _, l := range leftovers[:rest] {
			shares[l.index]++
		}
	}
	parts := make([]Money, n)
	for i, share := range shares {
		parts[i] = Money{Currency: total.Currency, Minor: int64(share)}
		if total.Minor < 0 {
			parts[i].Minor = -int64(share)
		}
	}
	return parts
}
