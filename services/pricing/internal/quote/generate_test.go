package quote_test

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/quote"
)

// world is a basket with what the database knows about it.
type world struct {
	basket quote.Basket
	facts  quote.Facts
}

var (
	skus = []string{"A", "B", "C", "D"}
	tags = []string{"new", "sale"}
)

func worlds() *rapid.Generator[world] {
	return rapid.Custom(func(t *rapid.T) world {
		var w world
		w.facts.Prices = map[string]pricelist.Ladder{}
		for _, sku := range skus {
			if rapid.IntRange(0, 9).Draw(t, "priced") > 0 {
				amount := rapid.OneOf(rapid.Int64Range(0, 20), rapid.Int64Range(0, 1_000_000_000_000)).Draw(t, "price")
				w.facts.Prices[sku] = pricelist.Ladder{{MinQuantity: 1, Amount: money.Money{Currency: "GBP", Minor: amount}, ListKey: "gbp", ListTier: 1}}
			}
		}
		w.basket = quote.Basket{Buyer: pricelist.Buyer{Channel: "uk-web", Currency: "GBP", Groups: []string{"vip"}}, CustomerKey: "c"}
		for i := range rapid.IntRange(0, 8).Draw(t, "lines") {
			w.basket.Lines = append(w.basket.Lines, quote.Line{
				ID: fmt.Sprintf("l%d", i), SKU: rapid.SampledFrom(skus).Draw(t, "sku"),
				Quantity: rapid.OneOf(rapid.Int32Range(1, 9), rapid.Int32Range(1, 100_000)).Draw(t, "quantity"),
				Tags:     rapid.SliceOfN(rapid.SampledFrom(tags), 0, 2).Draw(t, "tags"),
			})
		}
		for i := range rapid.IntRange(0, 6).Draw(t, "promotions") {
			c := quote.Candidate{Promotion: promotions(i).Draw(t, "promotion"), Exhausted: rapid.IntRange(0, 5).Draw(t, "exhausted") == 0}
			if rapid.Bool().Draw(t, "by code") {
				c.Code = fmt.Sprintf("CODE%d", i)
				w.basket.Codes = append(w.basket.Codes, c.Code)
			}
			w.facts.Candidates = append(w.facts.Candidates, c)
		}
		return w
	})
}

func promotions(i int) *rapid.Generator[promotion.Promotion] {
	return rapid.Custom(func(t *rapid.T) promotion.Promotion {
		p := promotion.Promotion{
			ID: fmt.Sprintf("id-%d", i), Key: fmt.Sprintf("p%d", i), Version: 1,
			Priority: rapid.Int32Range(0, 2).Draw(t, "priority"), Exclusive: rapid.IntRange(0, 5).Draw(t, "exclusive") == 0,
		}
		p.Rule = promotion.Rule{
			Kind:    rapid.SampledFrom([]promotion.Kind{promotion.KindPercentage, promotion.KindAmount, promotion.KindBuyXGetY, promotion.KindFreeShipping}).Draw(t, "kind"),
			Scope:   rapid.SampledFrom([]promotion.Scope{promotion.Order, promotion.MatchingLines}).Draw(t, "scope"),
			Rate:    money.Rate(rapid.OneOf(rapid.Just(int64(money.One)), rapid.Int64Range(1, int64(money.One))).Draw(t, "rate")),
			Amounts: []money.Money{{Currency: "GBP", Minor: rapid.Int64Range(1, 5000).Draw(t, "amount")}},
			Buy:     rapid.Int64Range(1, 3).Draw(t, "buy"), Get: rapid.Int64Range(1, 3).Draw(t, "get"),
			MaxRepeats:  rapid.Int64Range(0, 3).Draw(t, "repeats"),
			GetSelector: selectors().Draw(t, "get selector"),
			Conditions:  promotion.Conditions{Selector: selectors().Draw(t, "selector"), MinQuantity: rapid.Int64Range(0, 4).Draw(t, "min")},
		}
		return p
	})
}

func selectors() *rapid.Generator[promotion.Selector] {
	return rapid.Custom(func(t *rapid.T) promotion.Selector {
		return promotion.Selector{
			SKUs: rapid.SliceOfN(rapid.SampledFrom(skus), 0, 2).Draw(t, "skus"),
			Tags: rapid.SliceOfN(rapid.SampledFrom(tags), 0, 1).Draw(t, "tags"),
		}
	})
}
