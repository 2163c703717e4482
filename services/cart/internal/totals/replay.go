package totals

import (
	"fmt"
	"slices"

	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// Replay applies the steps of a trace in order and returns the totals they give. It works every amount out again, each tax
// by its rate and policy, and fails when a step does not come to what it says.
func Replay(currency string, trace []Step) (Totals, error) {
	r := replay{totals: Totals{Currency: currency}, net: map[string]int64{}, taxed: map[string]int64{}}
	for i, step := range trace {
		if err := r.apply(step); err != nil {
			return Totals{}, fmt.Errorf("step %d (%s): %w", i, step.Kind, err)
		}
	}
	if !r.ended {
		return Totals{}, fmt.Errorf("the trace has no end")
	}
	return r.totals, nil
}

// replay is a trace half applied. net is what is left to pay before tax and taxed what taxes were applied to, by line; the
// empty key is shipping.
type replay struct {
	totals     Totals
	net, taxed map[string]int64
	taxes      []Step
	summed     bool
	ended      bool
}

func (r *replay) apply(s Step) error {
	if r.summed != (s.Kind == GiftCard || s.Kind == Due) || r.ended {
		return fmt.Errorf("it is out of order")
	}
	switch s.Kind {
	case Price:
		amount, err := r.money(s.Unit).Times(int64(s.Quantity))
		if err != nil {
			return err
		}
		return r.add(s, amount.Minor, &r.totals.Subtotal, 1)
	case Promotion:
		return r.add(s, s.Amount, &r.totals.Discount, -1)
	case ShippingPrice:
		return r.add(s, s.Amount, &r.totals.Shipping, 1)
	case ShippingDiscount:
		return r.add(s, s.Amount, &r.totals.ShippingDiscount, -1)
	case HomeTax:
		return r.homeTax(s)
	case Tax:
		r.taxes = append(r.taxes, s)
		r.taxed[s.LineID] += s.Basis
		return nil
	case Total:
		return r.total(s)
	case GiftCard:
		r.totals.GiftCards -= s.Amount
		r.totals.Due += s.Amount
		return agree(true, s.Amount < 0 && r.totals.Due >= 0)
	case Due:
		r.ended = true
		return agree(r.totals.Due, s.Amount)
	default:
		return fmt.Errorf("there is no such kind")
	}
}

func (r *replay) money(minor int64) money.Money {
	return money.Money{Currency: r.totals.Currency, Minor: minor}
}

// add applies an amount to its line and to the sum it belongs to; sign is −1 for sums of what is taken off.
func (r *replay) add(s Step, amount int64, sum *int64, sign int64) error {
	if err := agree(amount, s.Amount); err != nil {
		return err
	}
	net, err := r.money(r.net[s.LineID]).Add(r.money(amount))
	if err != nil {
		return err
	}
	total, err := r.money(*sum).Add(r.money(sign * amount))
	if err != nil {
		return err
	}
	r.net[s.LineID], *sum = net.Minor, total.Minor
	return agree(true, net.Minor >= 0 && sign*amount >= 0)
}

func (r *replay) homeTax(s Step) error {
	out, err := r.money(s.Basis).InclusiveTax(s.Rate, s.Policy.Rounding())
	if err != nil {
		return err
	}
	sum := &r.totals.Discount
	if s.LineID == "" {
		sum = &r.totals.ShippingDiscount
	}
	return r.add(s, -out.Minor, sum, -1)
}

func (r *replay) total(s Step) error {
	r.summed = true
	r.totals.Inclusive, r.totals.Policy = s.Contained, s.Policy
	if err := r.tax(s); err != nil {
		return err
	}
	t := &r.totals
	if err := agree(t.Tax, s.Basis); err != nil {
		return err
	}
	t.Total = t.Subtotal - t.Discount + t.Shipping - t.ShippingDiscount
	if !t.Inclusive {
		onTop, err := r.money(t.Total).Add(r.money(t.Tax))
		if err != nil {
			return err
		}
		t.Total = onTop.Minor
	}
	t.Due = t.Total
	return agree(t.Total, s.Amount)
}

func (r *replay) tax(total Step) error {
	parts := make([]part, len(r.taxes))
	for i, s := range r.taxes {
		if s.Contained != total.Contained || s.Policy != total.Policy || r.taxed[s.LineID] > r.net[s.LineID] {
			return fmt.Errorf("the tax %s is on something else", s.Name)
		}
		parts[i] = part{charge: tax.Charge{Name: s.Name, Jurisdiction: s.Source, Rate: s.Rate}, basis: s.Basis}
	}
	amounts, err := taxOf(r.totals.Currency, total.Policy, total.Contained, parts)
	if err != nil {
		return err
	}
	sum := money.Zero(r.totals.Currency)
	for i, p := range parts {
		if err := agree(amounts[i], r.taxes[i].Amount); err != nil {
			return err
		}
		if sum, err = sum.Add(r.money(amounts[i])); err != nil {
			return err
		}
		r.totals.Taxes = addTax(r.totals.Taxes, tax.Applied{Charge: p.charge, Amount: amounts[i]})
	}
	r.totals.Tax = sum.Minor
	return nil
}

// addTax adds to the tax with the same charge.
func addTax(taxes []tax.Applied, one tax.Applied) []tax.Applied {
	at := slices.IndexFunc(taxes, func(a tax.Applied) bool { return a.Charge == one.Charge })
	if at < 0 {
		return append(taxes, one)
	}
	taxes[at].Amount += one.Amount
	return taxes
}

func agree[T comparable](worked, said T) error {
	if worked != said {
		return fmt.Errorf("it comes to %v and says %v", worked, said)
	}
	return nil
}
