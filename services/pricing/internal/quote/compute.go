package quote

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
)

// Facts are what the database knows about a basket.
type Facts struct {
	// Prices are the ladders of the basket's SKUs.
	Prices map[string]pricelist.Ladder
	// Candidates are the promotions that may apply, in any order.
	Candidates []Candidate
	// IgnoreLimits treats promotions that are used up as if they were not.
	IgnoreLimits bool
}

// Compute prices a basket. It is a pure function: time and limits have been decided by whoever collected the facts.
func Compute(b Basket, f Facts) (Quote, error) {
	q, err := price(b, f.Prices)
	if err != nil {
		return Quote{}, err
	}
	run := newRun(b, &q)
	if err := run.apply(f); err != nil {
		return Quote{}, totalRange(err)
	}
	q.Rejected = run.rejections(b.Codes)
	if err := q.sum(); err != nil {
		return Quote{}, totalRange(err)
	}
	q.Fingerprint = q.fingerprint()
	return q, nil
}

// price finds the unit prices and the subtotals. Their sum fits, so every part and difference below does too.
func price(b Basket, prices map[string]pricelist.Ladder) (Quote, error) {
	q := Quote{Currency: b.Buyer.Currency, Subtotal: money.Zero(b.Buyer.Currency), Lines: make([]PricedLine, 0, len(b.Lines))}
	seen := make(map[string]bool, len(b.Lines))
	for i, line := range b.Lines {
		if seen[line.ID] {
			return Quote{}, ErrLineTwice.At(fmt.Sprintf("basket.lines[%d].lineId", i), "Another line has this id.")
		}
		seen[line.ID] = true
		tier, ok := prices[line.SKU].At(line.Quantity)
		if !ok {
			q.Unpriced = append(q.Unpriced, line.ID)
			continue
		}
		subtotal, err := tier.Amount.Times(int64(line.Quantity))
		if err == nil {
			q.Subtotal, err = q.Subtotal.Add(subtotal)
		}
		if err != nil {
			return Quote{}, ErrTotal.At(fmt.Sprintf("basket.lines[%d].quantity", i), "The basket is worth more than an amount can hold.")
		}
		q.Lines = append(q.Lines, PricedLine{
			ID: line.ID, SKU: line.SKU, Quantity: line.Quantity, Tier: tier,
			Subtotal: subtotal, Discount: money.Zero(q.Currency), Total: subtotal,
		})
	}
	return q, nil
}

// sum fills in the totals from the lines.
func (q *Quote) sum() (err error) {
	q.Discount, q.Total = money.Zero(q.Currency), money.Zero(q.Currency)
	for _, line := range q.Lines {
		if q.Discount, err = q.Discount.Add(line.Discount); err != nil {
			return err
		}
		if q.Total, err = q.Total.Add(line.Total); err != nil {
			return err
		}
	}
	return nil
}

// run is the state of applying promotions to a quote.
type run struct {
	basket Basket
	quote  *Quote
	facts  []*Line // of the quote's lines, by position
	order  []int   // positions of the quote's lines by id, so that ties do not depend on the order of the basket
	// fate says, by folded code, what became of it; a code that is not in it gives nothing.
	fate map[string]fate
}

type fate uint8

const (
	fateNothing fate = iota
	fateApplied
	fateNotCombinable
)

func newRun(b Basket, q *Quote) *run {
	r := &run{basket: b, quote: q, fate: map[string]fate{}}
	byID := make(map[string]*Line, len(b.Lines))
	for i := range b.Lines {
		byID[b.Lines[i].ID] = &b.Lines[i]
	}
	for i, line := range q.Lines {
		r.facts = append(r.facts, byID[line.ID])
		r.order = append(r.order, i)
	}
	slices.SortFunc(r.order, func(a, b int) int { return strings.Compare(q.Lines[a].ID, q.Lines[b].ID) })
	return r
}

// apply runs through the candidates, each on what the ones before left to pay.
func (r *run) apply(f Facts) error {
	exclusive := false
	for _, c := range r.qualified(f) {
		last := len(r.quote.Applied) - 1
		sibling := last >= 0 && slices.ContainsFunc(r.quote.Applied, func(a Applied) bool { return a.Promotion.ID == c.Promotion.ID })
		if exclusive || sibling || c.Promotion.Exclusive && last >= 0 {
			r.mark(c.Code, fateNotCombinable)
			continue
		}
		applied, err := r.effect(c)
		if err != nil {
			return err
		}
		if applied == nil {
			continue
		}
		r.mark(c.Code, fateApplied)
		r.quote.Applied = append(r.quote.Applied, *applied)
		exclusive = c.Promotion.Exclusive
	}
	return nil
}

// qualified returns the candidates whose limits and conditions are met, in the order they are applied.
func (r *run) qualified(f Facts) []Candidate {
	var list []Candidate
	for _, c := range f.Candidates {
		if (!c.Exhausted || f.IgnoreLimits) && r.meets(c.Promotion.Rule.Conditions) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b Candidate) int {
		return cmp.Or(
			cmp.Compare(b.Promotion.Priority, a.Promotion.Priority),
			cmp.Compare(a.Promotion.Key, b.Promotion.Key),
			cmp.Compare(a.Code, b.Code),
		)
	})
	return list
}

// meets tells whether the basket meets the conditions. They look at subtotals, not at what other promotions left.
func (r *run) meets(c promotion.Conditions) bool {
	if !c.Admits(r.basket.Buyer.Channel, r.basket.Buyer.Groups) {
		return false
	}
	var quantity, subtotal int64
	lines := r.matching(c.Selector)
	for _, i := range lines {
		quantity += int64(r.quote.Lines[i].Quantity)
		subtotal += r.quote.Lines[i].Subtotal.Minor
	}
	if len(lines) == 0 || quantity < c.MinQuantity {
		return false
	}
	if len(c.MinSubtotals) == 0 {
		return true
	}
	least, ok := promotion.In(r.quote.Currency, c.MinSubtotals)
	return ok && subtotal >= least.Minor
}

// matching returns the positions of the lines a selector picks, by line id.
func (r *run) matching(s promotion.Selector) []int {
	if s.Empty() {
		return r.order
	}
	var lines []int
	matcher := s.Matcher()
	for _, i := range r.order {
		if line := r.facts[i]; matcher.Matches(line.SKU, line.CategoryIDs, line.Tags) {
			lines = append(lines, i)
		}
	}
	return lines
}

func (r *run) mark(code string, f fate) {
	if code != "" {
		r.fate[code] = f
	}
}

// rejections says what became of the codes that were not applied.
func (r *run) rejections(codes []string) []Rejection {
	var rejected []Rejection
	seen := make(map[string]bool, len(codes))
	for _, code := range codes {
		folded := promotion.Fold(code)
		switch {
		case seen[folded]:
			rejected = append(rejected, Rejection{Code: code, Reason: ReasonApplied})
		case r.fate[folded] == fateNotCombinable:
			rejected = append(rejected, Rejection{Code: code, Reason: ReasonNotCombinable})
		case r.fate[folded] == fateNothing:
			rejected = append(rejected, Rejection{Code: code, Reason: ReasonRejected})
		}
		seen[folded] = true
	}
	return rejected
}

// totalRange makes an overflow deep in the arithmetic the refusal the contract names.
func totalRange(err error) error {
	if errs.Has(err, money.ErrRange) {
		return ErrTotal.New("The basket is worth more than an amount can hold.").Because(err)
	}
	return err
}
