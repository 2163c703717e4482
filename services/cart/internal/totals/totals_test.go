package totals_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/cart/internal/totals"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

var (
	vat20 = tax.Charge{Name: "VAT 20%", Jurisdiction: "GB", Rate: 200_000}
	vat5  = tax.Charge{Name: "VAT 5%", Jurisdiction: "GB", Rate: 50_000}
)

// A buyer who cannot follow how a total came about, or is asked for a penny more than its parts, has been cheated: for any cart,
// in currencies with no, two and three digits, the parts add up to the total and the trace gives it again.
func TestEveryTotalIsTheSumOfItsPartsAndReplays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := anyCart(t)
		result, err := totals.Compute(in)
		require.NoError(t, err)
		sum := result.Totals
		var lines, subtotal, discount, taxes, shipping, shippingDiscount int64
		for i, line := range result.Lines {
			require.Equal(t, in.Lines[i].Unit*int64(in.Lines[i].Quantity), line.Subtotal)
			require.GreaterOrEqual(t, line.Subtotal, line.Discount)
			onTop := line.Tax
			if in.Inclusive {
				onTop = 0
				require.LessOrEqual(t, line.Tax, line.Total, "a tax contained in a price is part of it")
			}
			require.Equal(t, line.Subtotal-line.Discount+onTop, line.Total)
			lines, subtotal, discount, taxes = lines+line.Total, subtotal+line.Subtotal, discount+line.Discount, taxes+line.Tax
		}
		if s := result.Shipping; s != nil {
			lines, taxes, shipping, shippingDiscount = lines+s.Total, taxes+s.Tax, s.Price, s.Discount
			var parts int64
			for _, part := range s.Taxes {
				parts += part.Amount
			}
			require.Equal(t, s.Tax, parts)
		}
		require.Equal(t, lines, sum.Total)
		require.Equal(t, []int64{subtotal, discount, shipping, shippingDiscount, taxes},
			[]int64{sum.Subtotal, sum.Discount, sum.Shipping, sum.ShippingDiscount, sum.Tax})
		var byRate, cards int64
		for _, one := range sum.Taxes {
			byRate += one.Amount
		}
		for i, paid := range result.Cards {
			require.LessOrEqual(t, paid, in.Cards[i].Balance)
			cards += paid
		}
		require.Equal(t, sum.Tax, byRate)
		require.Equal(t, sum.Total, sum.GiftCards+sum.Due)
		require.Equal(t, cards, sum.GiftCards)
		require.GreaterOrEqual(t, sum.Due, int64(0))

		again, err := totals.Replay(in.Currency, stored(t, result.Trace))
		require.NoError(t, err)
		require.Equal(t, sum, again)
	})
}

// stored is a trace as it comes back from the database.
func stored(t require.TestingT, trace []totals.Step) []totals.Step {
	body, err := json.Marshal(trace)
	require.NoError(t, err)
	var read []totals.Step
	require.NoError(t, json.Unmarshal(body, &read))
	return read
}

func anyCart(t *rapid.T) totals.Input {
	charges := []tax.Charge{{}, vat20, vat5, {Name: "VAT 0%", Jurisdiction: "ES"}, {Name: "VAT 25.5%", Jurisdiction: "FI", Rate: 255_000}, {Name: "NJ", Jurisdiction: "US-NJ", Rate: 66_250}}
	in := totals.Input{
		Currency:  rapid.SampledFrom([]string{"JPY", "GBP", "KWD"}).Draw(t, "currency"),
		Inclusive: rapid.Bool().Draw(t, "inclusive"),
		Policy:    rapid.SampledFrom(tax.Policies()).Draw(t, "policy"),
	}
	for i := range rapid.IntRange(0, 12).Draw(t, "lines") {
		line := totals.LineInput{
			ID: fmt.Sprint(i), Unit: rapid.Int64Range(0, 999_999).Draw(t, "unit"), Quantity: rapid.Int32Range(1, 1000).Draw(t, "quantity"),
			Charge: rapid.SampledFrom(charges).Draw(t, "charge"), Home: rapid.SampledFrom(charges[:3]).Draw(t, "home"),
		}
		line.Offs = anyOffs(t, line.Unit*int64(line.Quantity))
		in.Lines = append(in.Lines, line)
	}
	if rapid.Bool().Draw(t, "shipped") {
		in.Shipping = &totals.ShippingInput{
			Price: rapid.Int64Range(0, 5000).Draw(t, "shipping"), Proportional: rapid.Bool().Draw(t, "proportional"),
			Charge: rapid.SampledFrom(charges).Draw(t, "charge"), Home: rapid.SampledFrom(charges[:3]).Draw(t, "home"),
		}
		in.Shipping.Offs = anyOffs(t, in.Shipping.Price)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "cards") {
		in.Cards = append(in.Cards, totals.CardInput{ID: fmt.Sprint(i), Balance: rapid.Int64Range(0, 100_000).Draw(t, "balance")})
	}
	return in
}

func anyOffs(t *rapid.T, left int64) []totals.Off {
	var offs []totals.Off
	for range rapid.IntRange(0, 3).Draw(t, "offs") {
		off := rapid.Int64Range(0, left).Draw(t, "off")
		offs, left = append(offs, totals.Off{Source: "sale", Amount: off}), left-off
	}
	return offs
}

// A trace that was tampered with, or of a total computed wrongly, must not pass as an explanation.
func TestReplayRefusesATraceThatDoesNotAddUp(t *testing.T) {
	t.Parallel()
	result, err := totals.Compute(totals.Input{
		Currency: "GBP", Inclusive: true, Policy: tax.HalfUpLine,
		Lines:    []totals.LineInput{{ID: "a", Unit: 1999, Quantity: 3, Offs: []totals.Off{{Source: "sale", Amount: 600}}, Charge: vat20}},
		Shipping: &totals.ShippingInput{Price: 499, Charge: vat20},
		Cards:    []totals.CardInput{{ID: "card", Balance: 1000}},
	})
	require.NoError(t, err)
	for i := range result.Trace {
		trace := append([]totals.Step(nil), result.Trace...)
		trace[i].Amount++
		_, err := totals.Replay("GBP", trace)
		require.Error(t, err, "step %d (%s) says a penny more", i, trace[i].Kind)
		_, err = totals.Replay("GBP", append(append([]totals.Step(nil), result.Trace[:i]...), result.Trace[i+1:]...))
		require.Error(t, err, "step %d (%s) is missing", i, result.Trace[i].Kind)
	}
}

// The named policies decide pennies; a shop whose policy changes its meaning prints invoices that differ from its books.
func TestRoundingPolicies(t *testing.T) {
	t.Parallel()
	lines := []totals.LineInput{ // 20 % of 0.12 is 0.024, of 0.125 is 0.025
		{ID: "a", Unit: 12, Quantity: 1, Charge: vat20}, {ID: "b", Unit: 12, Quantity: 1, Charge: vat20}, {ID: "c", Unit: 12, Quantity: 1, Charge: vat20},
	}
	for policy, want := range map[tax.Policy][]int64{
		tax.HalfUpLine:  {2, 2, 2}, // 2.4 each
		tax.HalfUpTotal: {3, 2, 2}, // 7.2 in all, the penny to the first of equal remainders
		tax.DownTotal:   {3, 2, 2},
		tax.DownLine:    {2, 2, 2},
	} {
		result, err := totals.Compute(totals.Input{Currency: "GBP", Policy: policy, Lines: lines})
		require.NoError(t, err)
		require.Equal(t, want, []int64{result.Lines[0].Tax, result.Lines[1].Tax, result.Lines[2].Tax}, policy)
	}
	half := []totals.LineInput{{ID: "a", Unit: 250, Quantity: 1, Charge: tax.Charge{Name: "1%", Rate: 10_000}}} // 2.5
	for policy, want := range map[tax.Policy]int64{tax.HalfUpLine: 3, tax.HalfEvenLine: 2, tax.DownLine: 2, tax.HalfEvenTotal: 2} {
		result, err := totals.Compute(totals.Input{Currency: "GBP", Policy: policy, Lines: half})
		require.NoError(t, err)
		require.Equal(t, want, result.Totals.Tax, policy)
	}
}

// Worked by hand: an inclusive British cart and an exclusive American one. A change of these figures changes what buyers pay.
func TestWorkedExamples(t *testing.T) {
	t.Parallel()
	british, err := totals.Compute(totals.Input{
		Currency: "GBP", Inclusive: true, Policy: tax.HalfUpLine,
		Lines: []totals.LineInput{
			{ID: "mug", Unit: 1250, Quantity: 2, Charge: vat20, Offs: []totals.Off{{Source: "ten", Text: "10 % off", Amount: 250}}},
			{ID: "book", Unit: 999, Quantity: 1, Charge: tax.Charge{Name: "Zero-rated", Jurisdiction: "GB"}},
		},
		Shipping: &totals.ShippingInput{Source: "standard", Price: 495, Charge: vat20},
	})
	require.NoError(t, err)
	require.Equal(t, int64(375), british.Lines[0].Tax, "22.50 contains 3.75")
	require.Equal(t, int64(83), british.Shipping.Tax, "4.95 contains 0.825")
	require.Equal(t, int64(2250+999+495), british.Totals.Total)

	american, err := totals.Compute(totals.Input{
		Currency: "USD", Policy: tax.HalfUpLine,
		Lines:    []totals.LineInput{{ID: "mug", Unit: 1999, Quantity: 3, Charge: tax.Charge{Name: "CA", Jurisdiction: "US-CA", Rate: 72_500}}},
		Shipping: &totals.ShippingInput{Price: 599},
		Cards:    []totals.CardInput{{ID: "card", Balance: 5000}},
	})
	require.NoError(t, err)
	require.Equal(t, int64(435), american.Totals.Tax, "7.25 % of 59.97 is 4.347825")
	require.Equal(t, int64(5997+435+599), american.Totals.Total)
	require.Equal(t, int64(5997+435+599-5000), american.Totals.Due)
}

// A buyer abroad pays the price without the home country's tax, when the shop says so, and sees why.
func TestHomeTaxIsTakenOut(t *testing.T) {
	t.Parallel()
	result, err := totals.Compute(totals.Input{
		Currency: "EUR", Inclusive: true, Policy: tax.HalfUpLine,
		Lines: []totals.LineInput{{ID: "a", Unit: 12100, Quantity: 1, Charge: tax.Charge{Name: "VAT 0%", Jurisdiction: "ES"}, Home: tax.Charge{Name: "VAT 21%", Jurisdiction: "ES", Rate: 210_000}}},
	})
	require.NoError(t, err)
	require.Equal(t, int64(10000), result.Totals.Total)
	require.Equal(t, int64(2100), result.Lines[0].HomeTax)
	require.Zero(t, result.Totals.Tax)
}

// An order nobody can pay must be refused by name and not wrap around to a small amount.
func TestAmountsThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]totals.Input{
		"product": {Lines: []totals.LineInput{{Unit: math.MaxInt64 / 2, Quantity: 3}}},
		"sum":     {Lines: []totals.LineInput{{ID: "a", Unit: math.MaxInt64, Quantity: 1}, {ID: "b", Unit: 1, Quantity: 1}}},
		"tax":     {Lines: []totals.LineInput{{ID: "a", Unit: math.MaxInt64, Quantity: 1, Charge: vat20}}},
	} {
		in.Currency, in.Policy = "GBP", tax.HalfUpLine
		_, err := totals.Compute(in)
		require.True(t, errs.Has(err, money.ErrRange), "%s: %v", name, err)
	}
	_, err := totals.Compute(totals.Input{Currency: "GBP", Policy: tax.HalfUpLine, Lines: []totals.LineInput{{Unit: 1, Quantity: 1, Offs: []totals.Off{{Amount: 2}}}}})
	require.Error(t, err, "a promotion that takes off more than there is")
}

// Free goods are delivered all the same: the whole shipping cost is taxed and paid.
func TestProportionalShippingTax(t *testing.T) {
	t.Parallel()
	result, err := totals.Compute(totals.Input{
		Currency: "GBP", Inclusive: true, Policy: tax.HalfUpLine,
		Lines:    []totals.LineInput{{ID: "a", Unit: 3000, Quantity: 1, Charge: vat20}, {ID: "b", Unit: 1000, Quantity: 1, Charge: vat5}},
		Shipping: &totals.ShippingInput{Price: 400, Proportional: true},
	})
	require.NoError(t, err)
	require.Equal(t, []tax.Applied{{Charge: vat20, Amount: 50}, {Charge: vat5, Amount: 5}}, result.Shipping.Taxes, "3.00 contains 0.50 and 1.00 contains 0.048")
}

// Whoever reads the explanation must find rates and amounts as the shop prints them.
func TestSentences(t *testing.T) {
	t.Parallel()
	step := totals.Step{Kind: totals.Tax, Source: "FI", Name: "VAT 25.5%", Amount: 203, Contained: true, Basis: 999, Rate: 255_000, Policy: tax.HalfUpLine}
	require.Equal(t, "2.03 EUR VAT 25.5% (25.5000 %, FI) contained in 9.99 EUR, rounded half_up/line", step.Sentence("EUR"))
	require.Equal(t, "3 × 500 JPY by price list retail", totals.Step{Kind: totals.Price, Source: "retail", Unit: 500, Quantity: 3}.Sentence("JPY"))
}
