package pricelist

import (
	"cmp"
	"slices"

	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// Candidate is a price in a list that is for the buyer now.
type Candidate struct {
	// ListKey names the list.
	ListKey string
	// Priority is the list's.
	Priority int32
	// ForGroup, ForCountry and ForChannel say what the list is restricted to.
	ForGroup, ForCountry, ForChannel bool
	// SKU is what it is the price of.
	SKU string
	// MinQuantity is the tier.
	MinQuantity int32
	// Minor is the amount of one unit.
	Minor int64
	// CompareAtMinor is the earlier or recommended amount; nil: none.
	CompareAtMinor *int64
}

// Tier is what a SKU costs from a quantity on.
type Tier struct {
	// MinQuantity is the smallest quantity it is for.
	MinQuantity int32
	// Amount is that of one unit.
	Amount money.Money
	// CompareAt is the earlier or recommended amount; nil: none.
	CompareAt *money.Money
	// ListKey names the list it comes from.
	ListKey string
	// ListTier is the list's tier it comes from; lower than MinQuantity when a list that ranks lower counted in between.
	ListTier int32
}

// Ladder is what one SKU costs one buyer, by ascending quantity. It is never empty.
type Ladder []Tier

// At returns the tier that counts for a quantity; false when the SKU is sold only from a higher quantity on.
func (l Ladder) At(quantity int32) (Tier, bool) {
	for _, tier := range slices.Backward(l) {
		if tier.MinQuantity <= quantity {
			return tier, true
		}
	}
	return Tier{}, false
}

// Resolve turns the candidates of any number of SKUs, in any order, into a ladder for each SKU.
//
// For a quantity the price is taken from the first list that has a tier for it, where lists rank by higher priority, then
// those for a group, then those for a country, then those for a channel, then key; within the list the highest tier that is
// not above the quantity counts.
func Resolve(currency string, candidates []Candidate) map[string]Ladder {
	bySKU := map[string][]Candidate{}
	for _, candidate := range candidates {
		bySKU[candidate.SKU] = append(bySKU[candidate.SKU], candidate)
	}
	ladders := make(map[string]Ladder, len(bySKU))
	for sku, group := range bySKU {
		ladders[sku] = ladder(currency, group)
	}
	return ladders
}

func ladder(currency string, candidates []Candidate) Ladder {
	if len(candidates) == 1 {
		return Ladder{tier(currency, candidates[0], candidates[0].MinQuantity)}
	}
	slices.SortFunc(candidates, compare)
	steps := make([]int32, len(candidates))
	for i, candidate := range candidates {
		steps[i] = candidate.MinQuantity
	}
	slices.Sort(steps)
	var result Ladder
	last := -1
	for _, quantity := range slices.Compact(steps) {
		// Within a list higher tiers sort first, so the first one that is low enough is the winner.
		winner := slices.IndexFunc(candidates, func(c Candidate) bool { return c.MinQuantity <= quantity })
		if winner != last {
			result = append(result, tier(currency, candidates[winner], quantity))
			last = winner
		}
	}
	return result
}

func tier(currency string, c Candidate, quantity int32) Tier {
	result := Tier{
		MinQuantity: quantity,
		Amount:      money.Money{Currency: currency, Minor: c.Minor},
		ListKey:     c.ListKey,
		ListTier:    c.MinQuantity,
	}
	if c.CompareAtMinor != nil {
		result.CompareAt = &money.Money{Currency: currency, Minor: *c.CompareAtMinor}
	}
	return result
}

// compare orders the winning list first, and within a list the highest tier.
func compare(a, b Candidate) int {
	return cmp.Or(
		cmp.Compare(b.Priority, a.Priority),
		first(a.ForGroup, b.ForGroup),
		first(a.ForCountry, b.ForCountry),
		first(a.ForChannel, b.ForChannel),
		cmp.Compare(a.ListKey, b.ListKey),
		cmp.Compare(b.MinQuantity, a.MinQuantity),
	)
}

func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}
