package quote_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/quote"
)

// The shop would ask for a total that is not the sum of its lines, pay a buyer for a line, or lose a penny in sharing a
// discount: then the provider, the order and the refund disagree.
func TestTotalsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		q, err := quote.Compute(w.basket, w.facts)
		require.NoError(t, err)
		var subtotal, discount, total int64
		byLine := make([]int64, len(q.Lines))
		for _, applied := range q.Applied {
			var sum int64
			for _, allocation := range applied.Allocations {
				require.Positive(t, allocation.Amount.Minor)
				sum += allocation.Amount.Minor
				byLine[allocation.Line] += allocation.Amount.Minor
			}
			require.Equal(t, applied.Amount.Minor, sum, "a discount is the sum of its parts")
			require.LessOrEqual(t, applied.Amount.Minor, applied.Basis.Minor)
		}
		for i, line := range q.Lines {
			require.Equal(t, line.Tier.Amount.Minor*int64(line.Quantity), line.Subtotal.Minor)
			require.Equal(t, byLine[i], line.Discount.Minor)
			require.Equal(t, line.Subtotal.Minor-line.Discount.Minor, line.Total.Minor)
			require.GreaterOrEqual(t, line.Total.Minor, int64(0))
			subtotal, discount, total = subtotal+line.Subtotal.Minor, discount+line.Discount.Minor, total+line.Total.Minor
		}
		require.Equal(t, []int64{subtotal, discount, total}, []int64{q.Subtotal.Minor, q.Discount.Minor, q.Total.Minor})
		require.Len(t, w.basket.Lines, len(q.Lines)+len(q.Unpriced))
	})
}

// Reloading the cart page, or entering codes in another order, would change the price.
func TestOrderOfInputsDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		before, err := quote.Compute(w.basket, w.facts)
		require.NoError(t, err)
		shuffled := w
		shuffled.basket.Lines = rapid.Permutation(w.basket.Lines).Draw(t, "lines")
		shuffled.basket.Codes = rapid.Permutation(w.basket.Codes).Draw(t, "codes")
		shuffled.facts.Candidates = rapid.Permutation(w.facts.Candidates).Draw(t, "candidates")
		after, err := quote.Compute(shuffled.basket, shuffled.facts)
		require.NoError(t, err)
		require.Equal(t, before.Fingerprint, after.Fingerprint)
		require.Equal(t, before.Total, after.Total)
		require.Equal(t, linesByID(before), linesByID(after))
		require.ElementsMatch(t, before.Rejected, after.Rejected)
	})
}

func linesByID(q quote.Quote) map[string]quote.PricedLine {
	lines := map[string]quote.PricedLine{}
	for _, line := range q.Lines {
		lines[line.ID] = line
	}
	return lines
}

// An exclusive promotion would be stacked with others, or a promotion would count twice because two codes give it.
func TestExclusiveStandsAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		if len(w.facts.Candidates) > 0 {
			twin := w.facts.Candidates[0]
			twin.Code = "TWIN"
			w.facts.Candidates = append(w.facts.Candidates, twin)
			w.basket.Codes = append(w.basket.Codes, "twin")
		}
		q, err := quote.Compute(w.basket, w.facts)
		require.NoError(t, err)
		seen := map[string]bool{}
		for _, applied := range q.Applied {
			require.False(t, seen[applied.Promotion.ID])
			seen[applied.Promotion.ID] = true
			require.True(t, !applied.Promotion.Exclusive || len(q.Applied) == 1)
		}
		free := slices.DeleteFunc(slices.Clone(q.Applied), func(a quote.Applied) bool { return !a.FreeShipping() })
		require.LessOrEqual(t, len(free), 1)
	})
}

// The checkout would say "price changed" although nothing did, or would not say it although something did.
func TestFingerprintMovesWithWhatMatters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		q, err := quote.Compute(w.basket, w.facts)
		require.NoError(t, err)
		renamed := w
		renamed.facts.Candidates = slices.Clone(w.facts.Candidates)
		for i := range renamed.facts.Candidates {
			renamed.facts.Candidates[i].Promotion.Name = "Another name"
			renamed.facts.Candidates[i].Promotion.Version++
		}
		renamed.basket.Codes = append(slices.Clone(w.basket.Codes), "UNKNOWN")
		same, err := quote.Compute(renamed.basket, renamed.facts)
		require.NoError(t, err)
		require.Equal(t, q.Fingerprint, same.Fingerprint)
		if len(q.Lines) == 0 {
			return
		}
		moved := w
		moved.basket.Lines = slices.Clone(w.basket.Lines)
		i := slices.IndexFunc(moved.basket.Lines, func(l quote.Line) bool { return l.ID == q.Lines[0].ID })
		moved.basket.Lines[i].Quantity++
		other, err := quote.Compute(moved.basket, moved.facts)
		require.NoError(t, err)
		require.NotEqual(t, q.Fingerprint, other.Fingerprint)
	})
}

// A buyer with a 100 % code would be asked to pay a penny, which no provider takes.
func TestHundredPercentIsExactlyNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		w.facts.Candidates = append(w.facts.Candidates, quote.Candidate{Promotion: promotion.Promotion{
			ID: "all", Key: "zz-all", Rule: promotion.Rule{Kind: promotion.KindPercentage, Scope: promotion.Order, Rate: money.One},
		}})
		for i := range w.facts.Candidates {
			w.facts.Candidates[i].Promotion.Exclusive = false
		}
		q, err := quote.Compute(w.basket, w.facts)
		require.NoError(t, err)
		require.Zero(t, q.Total.Minor)
		for _, line := range q.Lines {
			require.Zero(t, line.Total.Minor)
		}
	})
}
