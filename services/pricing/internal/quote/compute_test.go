package quote_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/quote"
)

func gbp(minor int64) money.Money { return money.Money{Currency: "GBP", Minor: minor} }

func ladder(minor int64) pricelist.Ladder {
	return pricelist.Ladder{{MinQuantity: 1, Amount: gbp(minor), ListKey: "gbp", ListTier: 1}}
}

func basket(lines ...quote.Line) quote.Basket {
	return quote.Basket{Buyer: pricelist.Buyer{Channel: "uk-web", Currency: "GBP"}, Lines: lines}
}

func automatic(rule promotion.Rule) quote.Candidate {
	return quote.Candidate{Promotion: promotion.Promotion{ID: "id", Key: "p", Rule: rule}}
}

// A fingerprint that moves with a release would tell every buyer at the till that the price changed.
func TestFingerprintStays(t *testing.T) {
	t.Parallel()
	b := basket(quote.Line{ID: "1", SKU: "A", Quantity: 3}, quote.Line{ID: "2", SKU: "B", Quantity: 1})
	q, err := quote.Compute(b, quote.Facts{
		Prices:     map[string]pricelist.Ladder{"A": ladder(333), "B": ladder(1)},
		Candidates: []quote.Candidate{automatic(promotion.Rule{Kind: promotion.KindPercentage, Scope: promotion.Order, Rate: 100_000})},
	})
	require.NoError(t, err)
	require.Equal(t, gbp(900), q.Total)
	require.Equal(t, "2df14c01befc2fb74724cf36766f79a48142266a5f81cb0ca4f62e87c1a20697", q.Fingerprint)
}

// Buy two, get one: a buyer would get the dear one free, the same unit would count as bought and given, or the offer would
// repeat more often than it says.
func TestBuyXGetY(t *testing.T) {
	t.Parallel()
	prices := map[string]pricelist.Ladder{"DEAR": ladder(1000), "CHEAP": ladder(300), "GIFT": ladder(50)}
	cases := []struct {
		name  string
		rule  promotion.Rule
		lines []quote.Line
		want  int64
	}{
		{"the cheapest is free", promotion.Rule{Buy: 2, Get: 1, Rate: money.One},
			[]quote.Line{{ID: "1", SKU: "DEAR", Quantity: 2}, {ID: "2", SKU: "CHEAP", Quantity: 1}}, 300},
		{"too few", promotion.Rule{Buy: 2, Get: 1, Rate: money.One}, []quote.Line{{ID: "1", SKU: "DEAR", Quantity: 2}}, 0},
		{"repeats", promotion.Rule{Buy: 1, Get: 1, Rate: 500_000},
			[]quote.Line{{ID: "1", SKU: "DEAR", Quantity: 3}, {ID: "2", SKU: "CHEAP", Quantity: 3}}, 450},
		{"repeats bounded", promotion.Rule{Buy: 1, Get: 1, Rate: money.One, MaxRepeats: 1},
			[]quote.Line{{ID: "1", SKU: "CHEAP", Quantity: 10}}, 300},
		{"gift of another kind", promotion.Rule{Buy: 1, Get: 1, Rate: money.One, GetSelector: promotion.Selector{SKUs: []string{"GIFT"}},
			Conditions: promotion.Conditions{Selector: promotion.Selector{SKUs: []string{"DEAR"}}}},
			[]quote.Line{{ID: "1", SKU: "DEAR", Quantity: 1}, {ID: "2", SKU: "GIFT", Quantity: 5}}, 50},
		{"gift without purchase", promotion.Rule{Buy: 1, Get: 1, Rate: money.One, GetSelector: promotion.Selector{SKUs: []string{"GIFT"}},
			Conditions: promotion.Conditions{Selector: promotion.Selector{SKUs: []string{"DEAR"}}}},
			[]quote.Line{{ID: "2", SKU: "GIFT", Quantity: 5}}, 0},
		{"a unit is not both", promotion.Rule{Buy: 1, Get: 1, Rate: money.One, GetSelector: promotion.Selector{SKUs: []string{"CHEAP", "GIFT"}},
			Conditions: promotion.Conditions{Selector: promotion.Selector{SKUs: []string{"CHEAP"}}}},
			[]quote.Line{{ID: "1", SKU: "CHEAP", Quantity: 2}, {ID: "2", SKU: "GIFT", Quantity: 1}}, 50},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.rule.Kind = promotion.KindBuyXGetY
			q, err := quote.Compute(basket(c.lines...), quote.Facts{Prices: prices, Candidates: []quote.Candidate{automatic(c.rule)}})
			require.NoError(t, err)
			require.Equal(t, c.want, q.Discount.Minor)
		})
	}
}

// A promotion would reach buyers, channels or baskets it is not for.
func TestConditions(t *testing.T) {
	t.Parallel()
	prices := map[string]pricelist.Ladder{"A": ladder(1000), "B": ladder(500)}
	lines := []quote.Line{
		{ID: "1", SKU: "A", Quantity: 2, CategoryIDs: []string{"cat", "parent"}, Tags: []string{"new"}},
		{ID: "2", SKU: "B", Quantity: 1},
	}
	cases := []struct {
		name       string
		conditions promotion.Conditions
		want       int64
	}{
		{"none", promotion.Conditions{}, 250},
		{"group", promotion.Conditions{Groups: []string{"trade"}}, 0},
		{"channel", promotion.Conditions{Channels: []string{"eu-web"}}, 0},
		{"channel met", promotion.Conditions{Channels: []string{"eu-web", "uk-web"}}, 250},
		{"sku", promotion.Conditions{Selector: promotion.Selector{SKUs: []string{"B"}}}, 50},
		{"ancestor category", promotion.Conditions{Selector: promotion.Selector{CategoryIDs: []string{"parent"}}}, 200},
		{"tag and category", promotion.Conditions{Selector: promotion.Selector{CategoryIDs: []string{"cat"}, Tags: []string{"old"}}}, 0},
		{"subtotal reached", promotion.Conditions{MinSubtotals: []money.Money{gbp(2500)}}, 250},
		{"subtotal of the lines that count", promotion.Conditions{MinSubtotals: []money.Money{gbp(2001)}, Selector: promotion.Selector{SKUs: []string{"A"}}}, 0},
		{"subtotal in another currency", promotion.Conditions{MinSubtotals: []money.Money{{Currency: "EUR", Minor: 1}}}, 0},
		{"quantity reached", promotion.Conditions{MinQuantity: 3}, 250},
		{"quantity missed", promotion.Conditions{MinQuantity: 4}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rule := promotion.Rule{Kind: promotion.KindPercentage, Scope: promotion.MatchingLines, Rate: 100_000, Conditions: c.conditions}
			q, err := quote.Compute(basket(lines...), quote.Facts{Prices: prices, Candidates: []quote.Candidate{automatic(rule)}})
			require.NoError(t, err)
			require.Equal(t, c.want, q.Discount.Minor)
		})
	}
}

// A fixed amount would pay the buyer, be lost in sharing, or be taken in a currency nobody set.
func TestAmountOff(t *testing.T) {
	t.Parallel()
	rule := promotion.Rule{Kind: promotion.KindAmount, Scope: promotion.Order, Amounts: []money.Money{gbp(1000)}}
	three := basket(quote.Line{ID: "1", SKU: "A", Quantity: 1}, quote.Line{ID: "2", SKU: "A", Quantity: 1}, quote.Line{ID: "3", SKU: "A", Quantity: 1})
	shares := func(b quote.Basket, price int64) []int64 {
		q, err := quote.Compute(b, quote.Facts{
			Prices: map[string]pricelist.Ladder{"A": {{MinQuantity: 1, Amount: money.Money{Currency: b.Buyer.Currency, Minor: price}}}}, Candidates: []quote.Candidate{automatic(rule)},
		})
		require.NoError(t, err)
		var discounts []int64
		for _, line := range q.Lines {
			discounts = append(discounts, line.Discount.Minor)
		}
		return discounts
	}
	require.Equal(t, []int64{334, 333, 333}, shares(three, 500))
	require.Equal(t, []int64{100, 100, 100}, shares(three, 100))
	euros := three
	euros.Buyer.Currency = "EUR"
	require.Equal(t, []int64{0, 0, 0}, shares(euros, 500))
}

// Legal prices and quantities would overflow into a negative total.
func TestTotalBeyondRange(t *testing.T) {
	t.Parallel()
	lines := make([]quote.Line, 10)
	for i := range lines {
		lines[i] = quote.Line{ID: string(rune('a' + i)), SKU: "A", Quantity: 1_000_000}
	}
	_, err := quote.Compute(basket(lines...), quote.Facts{Prices: map[string]pricelist.Ladder{"A": ladder(pricelist.MaxAmount)}})
	require.Equal(t, "AMOUNT_RANGE", errs.ReasonOf(err))
	require.Equal(t, errs.FailedPrecondition, errs.CodeOf(err))
	_, err = quote.Compute(basket(lines[0], lines[0]), quote.Facts{})
	require.Equal(t, "LINE_DUPLICATE", errs.ReasonOf(err))
}
