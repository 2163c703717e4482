package totals

import (
	"fmt"
	"slices"

	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// Compute adds a cart up. It fails with AMOUNT_RANGE when an amount gets too large, and with an untyped error when a
// promotion takes off more than there is, which pricing never does.
func Compute(in Input) (Result, error) {
	w := work{in: in, result: Result{Lines: make([]Line, len(in.Lines))}}
	for _, step := range []func() error{w.prices, w.shipping, w.taxes, w.finish} {
		if err := step(); err != nil {
			return Result{}, fmt.Errorf("add up the cart: %w", err)
		}
	}
	return w.result, nil
}

// work is a computation under way. net is what is left to pay of each line before tax.
type work struct {
	in     Input
	result Result
	net    []int64
	parts  []part
}

// part is an amount that one charge applies to: a line, or the share of shipping that is taxed alike. line is −1 for shipping.
type part struct {
	line   int
	charge tax.Charge
	basis  int64
}

func (w *work) money(minor int64) money.Money {
	return money.Money{Currency: w.in.Currency, Minor: minor}
}

func (w *work) step(s Step) { w.result.Trace = append(w.result.Trace, s) }

func (w *work) prices() error {
	w.net = make([]int64, len(w.in.Lines))
	for i, line := range w.in.Lines {
		subtotal, err := w.money(line.Unit).Times(int64(line.Quantity))
		if err != nil {
			return err
		}
		w.step(Step{Kind: Price, LineID: line.ID, Source: line.Source, Unit: line.Unit, Quantity: line.Quantity, Amount: subtotal.Minor})
		net, err := w.offs(subtotal.Minor, line.Offs, Step{Kind: Promotion, LineID: line.ID})
		if err != nil {
			return err
		}
		home, err := w.homeTax(net, line.Charge, line.Home, line.ID)
		if err != nil {
			return err
		}
		w.net[i] = net - home
		w.result.Lines[i] = Line{ID: line.ID, Subtotal: subtotal.Minor, Discount: subtotal.Minor - w.net[i], HomeTax: home}
		w.parts = append(w.parts, part{line: i, charge: line.Charge, basis: w.net[i]})
	}
	return nil
}

func (w *work) offs(amount int64, offs []Off, like Step) (int64, error) {
	for _, off := range offs {
		if off.Amount < 0 || off.Amount > amount {
			return 0, fmt.Errorf("promotion %s takes %d off %d", off.Source, off.Amount, amount)
		}
		if off.Amount == 0 {
			continue
		}
		amount -= off.Amount
		like.Source, like.Name, like.Amount = off.Source, off.Text, -off.Amount
		w.step(like)
	}
	return amount, nil
}

// homeTax is the tax to take out of an inclusive amount that no tax applies to.
func (w *work) homeTax(net int64, charge, home tax.Charge, lineID string) (int64, error) {
	if !w.in.Inclusive || charge.Rate != 0 || home.Rate == 0 || net == 0 {
		return 0, nil
	}
	out, err := w.money(net).InclusiveTax(home.Rate, w.in.Policy.Rounding())
	if err != nil || out.IsZero() {
		return 0, err
	}
	w.step(Step{
		Kind: HomeTax, LineID: lineID, Source: home.Jurisdiction, Name: home.Name, Amount: -out.Minor,
		Basis: net, Rate: home.Rate, Policy: w.in.Policy,
	})
	return out.Minor, nil
}

func (w *work) shipping() error {
	in := w.in.Shipping
	if in == nil {
		return nil
	}
	w.step(Step{Kind: ShippingPrice, Source: in.Source, Name: in.Text, Amount: in.Price})
	net, err := w.offs(in.Price, in.Offs, Step{Kind: ShippingDiscount})
	if err != nil {
		return err
	}
	result := &Shipping{Price: in.Price}
	shares, err := w.shippingShares(net)
	if err != nil {
		return err
	}
	for _, share := range shares {
		home, err := w.homeTax(share.basis, share.charge, share.home, "")
		if err != nil {
			return err
		}
		result.HomeTax += home
		w.parts = append(w.parts, part{line: -1, charge: share.charge, basis: share.basis - home})
	}
	result.Discount = in.Price - net + result.HomeTax
	w.result.Shipping = result
	return nil
}

// share is the part of shipping that is taxed alike.
type share struct {
	charge, home tax.Charge
	basis        int64
}

func (w *work) shippingShares(net int64) ([]share, error) {
	in := w.in.Shipping
	if !in.Proportional || len(w.in.Lines) == 0 {
		return []share{{charge: in.Charge, home: in.Home, basis: net}}, nil
	}
	var shares []share
	var weights []int64
	for i, line := range w.in.Lines {
		at := slices.IndexFunc(shares, func(s share) bool { return s.charge == line.Charge && s.home == line.Home })
		if at < 0 {
			at, shares, weights = len(shares), append(shares, share{charge: line.Charge, home: line.Home}), append(weights, 0)
		}
		sum, err := w.money(weights[at]).Add(w.money(w.net[i]))
		if err != nil {
			return nil, err
		}
		weights[at] = sum.Minor
	}
	amounts, err := money.Allocate(w.money(net), weights)
	if err != nil {
		return nil, err
	}
	for i, amount := range amounts {
		shares[i].basis = amount.Minor
	}
	return shares, nil
}

func (w *work) taxes() error {
	amounts, err := taxOf(w.in.Currency, w.in.Policy, w.in.Inclusive, w.parts)
	if err != nil {
		return err
	}
	for i, p := range w.parts {
		if p.charge.Name == "" {
			continue
		}
		applied := tax.Applied{Charge: p.charge, Amount: amounts[i]}
		step := Step{
			Kind: Tax, Source: p.charge.Jurisdiction, Name: p.charge.Name, Amount: amounts[i], Contained: w.in.Inclusive,
			Basis: p.basis, Rate: p.charge.Rate, Policy: w.in.Policy,
		}
		if p.line < 0 {
			w.result.Shipping.Tax += amounts[i]
			w.result.Shipping.Taxes = append(w.result.Shipping.Taxes, applied)
		} else {
			step.LineID = w.in.Lines[p.line].ID
			w.result.Lines[p.line].Tax = amounts[i]
			w.result.Lines[p.line].Taxes = []tax.Applied{applied}
		}
		w.step(step)
	}
	return nil
}

// taxOf is the tax on each part, rounded by itself or, per total, as its share of the rounded tax on all parts with
// the same charge.
func taxOf(currency string, policy tax.Policy, inclusive bool, parts []part) ([]int64, error) {
	amounts := make([]int64, len(parts))
	if !policy.PerTotal() {
		for i, p := range parts {
			amount, err := p.charge.Of(money.Money{Currency: currency, Minor: p.basis}, inclusive, policy.Rounding())
			if err != nil {
				return nil, err
			}
			amounts[i] = amount.Minor
		}
		return amounts, nil
	}
	groups := map[tax.Charge][]int{}
	for i, p := range parts {
		groups[p.charge] = append(groups[p.charge], i)
	}
	for charge, members := range groups {
		sum, weights := money.Zero(currency), make([]int64, len(members))
		for k, i := range members {
			weights[k] = parts[i].basis
			var err error
			if sum, err = sum.Add(money.Money{Currency: currency, Minor: parts[i].basis}); err != nil {
				return nil, err
			}
		}
		whole, err := charge.Of(sum, inclusive, policy.Rounding())
		if err != nil {
			return nil, err
		}
		shares, err := money.Allocate(whole, weights)
		if err != nil {
			return nil, err
		}
		for k, i := range members {
			amounts[i] = shares[k].Minor
		}
	}
	return amounts, nil
}

// finish adds up, and takes the totals from the trace itself, so that a trace which does not explain them cannot leave.
func (w *work) finish() error {
	sum := money.Zero(w.in.Currency)
	add := func(amounts ...int64) (err error) {
		for _, amount := range amounts {
			if err == nil {
				sum, err = sum.Add(w.money(amount))
			}
		}
		return err
	}
	for i := range w.result.Lines {
		line := &w.result.Lines[i]
		line.Total = line.Subtotal - line.Discount
		if !w.in.Inclusive {
			onTop, err := w.money(line.Total).Add(w.money(line.Tax))
			if err != nil {
				return err
			}
			line.Total = onTop.Minor
		}
		if err := add(line.Total); err != nil {
			return err
		}
	}
	if shipping := w.result.Shipping; shipping != nil {
		shipping.Total = shipping.Price - shipping.Discount
		if !w.in.Inclusive {
			shipping.Total += shipping.Tax
		}
		if err := add(shipping.Total); err != nil {
			return err
		}
	}
	w.step(Step{Kind: Total, Amount: sum.Minor, Basis: w.taxSum(), Contained: w.in.Inclusive, Policy: w.in.Policy})
	w.cards(sum.Minor)
	totals, err := Replay(w.in.Currency, w.result.Trace)
	w.result.Totals = totals
	return err
}

// taxSum is all tax; replaying the trace refuses sums that do not fit.
func (w *work) taxSum() int64 {
	var sum int64
	for _, line := range w.result.Lines {
		sum += line.Tax
	}
	if w.result.Shipping != nil {
		sum += w.result.Shipping.Tax
	}
	return sum
}

func (w *work) cards(due int64) {
	w.result.Cards = make([]int64, len(w.in.Cards))
	for i, card := range w.in.Cards {
		pays := max(0, min(card.Balance, due))
		w.result.Cards[i] = pays
		if due -= pays; pays > 0 {
			w.step(Step{Kind: GiftCard, Source: card.ID, Name: "…" + card.Last4, Amount: -pays})
		}
	}
	w.step(Step{Kind: Due, Amount: due})
}
