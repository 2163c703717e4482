package pricelist_test

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
)

func candidate() *rapid.Generator[pricelist.Candidate] {
	return rapid.Custom(func(t *rapid.T) pricelist.Candidate {
		key := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "list")
		// What a list is restricted to follows from its key: a list is one thing.
		n := int(key[0])
		return pricelist.Candidate{
			ListKey: key, Priority: int32(n % 2), ForGroup: n%3 == 0, ForCountry: n%4 == 1, ForChannel: n%5 == 2,
			SKU:         rapid.SampledFrom([]string{"X", "Y"}).Draw(t, "sku"),
			MinQuantity: rapid.Int32Range(1, 12).Draw(t, "tier"),
			Minor:       rapid.Int64Range(0, 5).Draw(t, "amount"),
		}
	})
}

// A buyer would be charged another price than the documented rule gives, or one that depends on how rows come back.
func TestResolveFollowsTheRule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfDistinct(candidate(), func(c pricelist.Candidate) [3]any {
			return [3]any{c.ListKey, c.SKU, c.MinQuantity}
		}).Draw(t, "candidates")
		quantity := rapid.Int32Range(1, 14).Draw(t, "quantity")
		ladders := pricelist.Resolve("GBP", rapid.Permutation(list).Draw(t, "order"))
		for _, sku := range []string{"X", "Y"} {
			want, ok := winner(list, sku, quantity)
			tier, found := ladders[sku].At(quantity)
			require.Equal(t, ok, found)
			if ok {
				require.Equal(t, want.ListKey, tier.ListKey)
				require.Equal(t, want.Minor, tier.Amount.Minor)
				require.Equal(t, want.MinQuantity, tier.ListTier)
			}
		}
	})
}

// winner is the rule written down as slowly as it reads.
func winner(list []pricelist.Candidate, sku string, quantity int32) (pricelist.Candidate, bool) {
	var fitting []pricelist.Candidate
	for _, c := range list {
		if c.SKU == sku && c.MinQuantity <= quantity {
			fitting = append(fitting, c)
		}
	}
	if len(fitting) == 0 {
		return pricelist.Candidate{}, false
	}
	rank := func(c pricelist.Candidate) int {
		score := int(c.Priority) * 1000
		if c.ForGroup {
			score += 100
		}
		if c.ForCountry {
			score += 10
		}
		if c.ForChannel {
			score++
		}
		return score
	}
	return slices.MinFunc(fitting, func(a, b pricelist.Candidate) int {
		return cmp.Or(rank(b)-rank(a), cmp.Compare(a.ListKey, b.ListKey), cmp.Compare(b.MinQuantity, a.MinQuantity))
	}), true
}

// A list page would show steps in price that do not exist, or hide one that does.
func TestLadderHasOneStepPerPrice(t *testing.T) {
	t.Parallel()
	ladder := pricelist.Resolve("GBP", []pricelist.Candidate{
		{ListKey: "wholesale", Priority: 1, SKU: "X", MinQuantity: 10, Minor: 70},
		{ListKey: "retail", SKU: "X", MinQuantity: 1, Minor: 100},
		{ListKey: "retail", SKU: "X", MinQuantity: 5, Minor: 90},
		{ListKey: "retail", SKU: "X", MinQuantity: 50, Minor: 60},
	})["X"]
	var steps [][2]int64
	for _, tier := range ladder {
		steps = append(steps, [2]int64{int64(tier.MinQuantity), tier.Amount.Minor})
	}
	require.Equal(t, [][2]int64{{1, 100}, {5, 90}, {10, 70}}, steps)
	_, ok := pricelist.Ladder(nil).At(1)
	require.False(t, ok)
}
