package quote

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
)

// Rounding is the rule for fractions of a minor unit in every discount.
const Rounding = money.HalfUp

// effect applies a candidate to the lines and describes what it did; nil when it would give nothing.
func (r *run) effect(c Candidate) (*Applied, error) {
	rule := c.Promotion.Rule
	applied := &Applied{
		Promotion: c.Promotion, Code: c.Code, CodeLimited: c.CodeLimited,
		Basis: money.Zero(r.quote.Currency), Amount: money.Zero(r.quote.Currency),
	}
	var err error
	switch rule.Kind {
	case promotion.KindFreeShipping:
		if slices.ContainsFunc(r.quote.Applied, Applied.FreeShipping) {
			return nil, nil
		}
		return applied, nil
	case promotion.KindBuyXGetY:
		err = r.buyXGetY(rule, applied)
	case promotion.KindAmount, promotion.KindPercentage:
		err = r.off(rule, applied)
	}
	if err != nil || applied.Amount.IsZero() {
		return nil, err
	}
	return applied, r.allot(applied)
}

// off takes a part or a fixed amount off what is left to pay on the lines in scope and shares it by largest remainder.
func (r *run) off(rule promotion.Rule, applied *Applied) (err error) {
	lines := r.order
	if rule.Scope == promotion.MatchingLines {
		lines = r.matching(rule.Conditions.Selector)
	}
	weights := make([]int64, len(lines))
	for n, i := range lines {
		weights[n] = r.quote.Lines[i].Total.Minor
		if applied.Basis, err = applied.Basis.Add(r.quote.Lines[i].Total); err != nil {
			return err
		}
	}
	if applied.Basis.IsZero() {
		return nil
	}
	if applied.Amount, err = r.amountOff(rule, applied.Basis); err != nil {
		return err
	}
	shares, err := money.Allocate(applied.Amount, weights)
	if err != nil {
		return err
	}
	for n, share := range shares {
		applied.add(lines[n], share)
	}
	return nil
}

// amountOff is what the rule takes off a basis, at most all of it.
func (r *run) amountOff(rule promotion.Rule, basis money.Money) (money.Money, error) {
	if rule.Kind == promotion.KindPercentage {
		return basis.Percent(rule.Rate, Rounding)
	}
	amount, ok := promotion.In(r.quote.Currency, rule.Amounts)
	if !ok {
		return money.Zero(r.quote.Currency), nil
	}
	if amount.Cmp(basis) > 0 {
		return basis, nil
	}
	return amount, nil
}

// pool is the units of one line that can still be bought or given.
type pool struct {
	line     int
	quantity int64
	buys     bool // its units count towards those to buy
	gets     bool // its units can be given
}

// buyXGetY gives the cheapest units that can be given, as often as enough other units are bought. A unit is never both:
// units that could be either are given only as far as enough are left to buy.
func (r *run) buyXGetY(rule promotion.Rule, applied *Applied) error {
	pools := r.pools(rule)
	var buys, gets, both, all int64
	for _, p := range pools {
		all += p.quantity
		if p.buys {
			buys += p.quantity
		}
		if p.gets {
			gets += p.quantity
		}
		if p.buys && p.gets {
			both += p.quantity
		}
	}
	repeats := min(buys/rule.Buy, gets/rule.Get, all/(rule.Buy+rule.Get))
	if rule.MaxRepeats > 0 {
		repeats = min(repeats, rule.MaxRepeats)
	}
	give := repeats * rule.Get
	allowance := both - max(0, repeats*rule.Buy-(buys-both))
	for _, p := range pools {
		if !p.gets || give == 0 {
			continue
		}
		count := min(p.quantity, give)
		if p.buys {
			count = min(count, allowance)
			allowance -= count
		}
		give -= count
		if err := r.giveUnits(rule, applied, p, count); err != nil {
			return err
		}
	}
	slices.SortFunc(applied.Allocations, func(a, b Allocation) int {
		return strings.Compare(r.quote.Lines[a.Line].ID, r.quote.Lines[b.Line].ID)
	})
	return nil
}

// pools are the lines that matter to the rule, cheapest unit first. Lines with nothing left to pay do not count: giving
// them away would be worth nothing.
func (r *run) pools(rule promotion.Rule) []pool {
	buys := r.matching(rule.Conditions.Selector)
	gets := buys
	if !rule.GetSelector.Empty() {
		gets = r.matching(rule.GetSelector)
	}
	var pools []pool
	for _, i := range r.order {
		p := pool{
			line: i, quantity: int64(r.quote.Lines[i].Quantity),
			buys: slices.Contains(buys, i), gets: slices.Contains(gets, i),
		}
		if (p.buys || p.gets) && !r.quote.Lines[i].Total.IsZero() {
			pools = append(pools, p)
		}
	}
	slices.SortStableFunc(pools, func(a, b pool) int {
		return cmp.Compare(r.quote.Lines[a.line].Tier.Amount.Minor, r.quote.Lines[b.line].Tier.Amount.Minor)
	})
	return pools
}

// giveUnits takes the rate off count units of a line.
func (r *run) giveUnits(rule promotion.Rule, applied *Applied, p pool, count int64) error {
	basis, err := r.quote.Lines[p.line].Total.Share(count, p.quantity, money.Down)
	if err != nil {
		return err
	}
	share, err := basis.Percent(rule.Rate, Rounding)
	if err != nil {
		return err
	}
	if applied.Basis, err = applied.Basis.Add(basis); err != nil {
		return err
	}
	if applied.Amount, err = applied.Amount.Add(share); err != nil {
		return err
	}
	applied.add(p.line, share)
	return nil
}

func (a *Applied) add(line int, share money.Money) {
	if !share.IsZero() {
		a.Allocations = append(a.Allocations, Allocation{Line: line, Amount: share})
	}
}

// allot moves an applied promotion's allocations to the lines and puts them in the basket's order.
func (r *run) allot(applied *Applied) (err error) {
	slices.SortFunc(applied.Allocations, func(a, b Allocation) int { return cmp.Compare(a.Line, b.Line) })
	for _, allocation := range applied.Allocations {
		line := &r.quote.Lines[allocation.Line]
		if line.Discount, err = line.Discount.Add(allocation.Amount); err != nil {
			return err
		}
		if line.Total, err = line.Subtotal.Sub(line.Discount); err != nil {
			return err
		}
	}
	return nil
}
