package cart

import (
	"context"
	"fmt"
	"slices"

	"github.com/cartwright-shop/cartwright/services/cart/internal/settings"
	"github.com/cartwright-shop/cartwright/services/cart/internal/shipping"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/cart/internal/totals"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// tables is what this service's own tables say for a cart.
type tables struct {
	settings  settings.Settings
	inclusive bool
	place     tax.Place
	rates     tax.Table
	home      tax.Table // the rates to take out of prices; empty when nothing is taken out
}

func (s *Service) lookUp(ctx context.Context, c *Cart) (tables, error) {
	t := tables{place: c.Place()}
	var err error
	if t.settings, err = s.Settings.Get(ctx, c.Channel); err != nil {
		return tables{}, fmt.Errorf("read channel settings: %w", err)
	}
	t.inclusive = t.settings.Inclusive(t.place.Country)
	day := s.Clock.Now()
	if t.rates, err = s.Taxes.At(ctx, t.place, day); err != nil {
		return tables{}, fmt.Errorf("read tax rates: %w", err)
	}
	if t.inclusive && t.settings.RemoveHomeTax && t.settings.HomeCountry != "" && !t.rates.Taxed() {
		if t.home, err = s.Taxes.At(ctx, tax.Place{Country: t.settings.HomeCountry}, day); err != nil {
			return tables{}, fmt.Errorf("read home tax rates: %w", err)
		}
	}
	return t, nil
}

func (s *Service) workOut(ctx context.Context, c *Cart, f facts) (*Priced, error) {
	t, err := s.lookUp(ctx, c)
	if err != nil {
		return nil, err
	}
	p := &Priced{
		Lines: pricedLines(c, f), Settings: t.settings, Place: t.place, Basket: f.basket, Quote: f.quote, Demand: f.demand,
		TaxEstimated: (c.Shipping == nil && c.Billing == nil) || !t.rates.Known,
		At:           s.Clock.Now(),
	}
	if f.from != nil {
		p.At = f.from.At
	}
	p.RequiresShipping = slices.ContainsFunc(p.Lines, func(l PricedLine) bool { return l.RequiresShipping })
	in := p.input(c, t)
	if err := s.chooseShipping(ctx, c, p, t, &in); err != nil {
		return nil, err
	}
	result, err := totals.Compute(in)
	if err != nil {
		return nil, tooLarge(err)
	}
	p.take(c, result)
	return p, nil
}

// pricedLines joins the cart's lines with what is known of them.
func pricedLines(c *Cart, f facts) []PricedLine {
	quoted := make(map[string]QuoteLine, len(f.quote.Lines))
	for _, line := range f.quote.Lines {
		quoted[line.LineID] = line
	}
	lines := make([]PricedLine, len(c.Lines))
	for i, line := range c.Lines {
		variant, known := f.variants[line.SKU]
		quote, priced := quoted[line.ID]
		priced = priced && !slices.Contains(f.quote.Unpriced, line.ID)
		lines[i] = PricedLine{
			ID: line.ID, SKU: line.SKU, Quantity: line.Quantity,
			ProductID: variant.ProductID, Handle: variant.Handle, Title: variant.Title, VariantTitle: variant.VariantTitle,
			ImageURL: variant.ImageURL, CategoryIDs: variant.CategoryIDs, Tags: variant.Tags, TaxClass: variant.TaxClass,
			RequiresShipping: variant.RequiresShipping, WeightGrams: variant.WeightGrams,
			Unit: quote.Unit, PriceList: quote.PriceList,
		}
		switch {
		case !known || !variant.Published:
			lines[i].Problem = Unavailable
		case !priced:
			lines[i].Problem = Unpriced
		}
	}
	return lines
}

// input is what there is to add up, but for shipping: the lines that can be bought.
func (p *Priced) input(c *Cart, t tables) totals.Input {
	in := totals.Input{Currency: c.Currency, Inclusive: t.inclusive, Policy: t.settings.Rounding}
	for _, line := range p.Lines {
		if line.Problem != "" {
			continue
		}
		input := totals.LineInput{
			ID: line.ID, Source: line.PriceList, Unit: line.Unit, Quantity: line.Quantity,
			Charge: t.rates.For(line.TaxClass), Home: t.home.For(line.TaxClass),
		}
		for _, discount := range p.Quote.Discounts {
			if off := discount.ByLine[line.ID]; off != 0 {
				input.Offs = append(input.Offs, totals.Off{Source: discount.PromotionKey, Text: discount.Name, Amount: off})
			}
		}
		in.Lines = append(in.Lines, input)
	}
	for _, card := range c.GiftCards {
		in.Cards = append(in.Cards, totals.CardInput{ID: card.ID, Last4: card.Last4, Balance: card.Balance})
	}
	return in
}

// chooseShipping adds the chosen way to deliver. When the place does not get it, the cart has none chosen.
func (s *Service) chooseShipping(ctx context.Context, c *Cart, p *Priced, t tables, in *totals.Input) error {
	if !p.RequiresShipping || c.ShippingMethod == "" {
		return nil
	}
	zone, err := s.Zones.Covering(ctx, c.Channel, c.Currency, t.place)
	if errs.Has(err, shipping.ErrUnavailable) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find the shipping zone: %w", err)
	}
	method, ok := zone.Method(c.ShippingMethod)
	if !ok {
		return nil
	}
	price, offered := method.Quote(p.load(*in))
	if !offered {
		return nil
	}
	p.Shipping = pricedMethod(zone, method, c.Locale)
	in.Shipping = p.shippingInput(t, method, p.Shipping.Name, price)
	p.Shipping.TaxClass = t.shippingClass(method)
	return nil
}

func pricedMethod(zone shipping.Zone, method shipping.Method, locale string) *PricedShipping {
	return &PricedShipping{
		ZoneKey: zone.Key, MethodKey: method.Key, Name: method.NameIn(locale), MinDays: method.MinDays, MaxDays: method.MaxDays,
	}
}

// load is what has to be delivered: the weight of what is delivered and the value of all goods after discounts.
func (p *Priced) load(in totals.Input) shipping.Load {
	var load shipping.Load
	for _, line := range in.Lines {
		value := line.Unit * int64(line.Quantity) // totals.Compute refuses products that do not fit
		for _, off := range line.Offs {
			value -= off.Amount
		}
		load.Value += value
	}
	for _, line := range p.Lines {
		if line.RequiresShipping && line.Problem == "" {
			load.Grams += line.WeightGrams * int64(line.Quantity)
		}
	}
	return load
}

func (t tables) shippingClass(method shipping.Method) string {
	switch {
	case method.TaxClass != "":
		return method.TaxClass
	case t.settings.ShippingTaxProportional:
		return ""
	case t.settings.ShippingTaxClass != "":
		return t.settings.ShippingTaxClass
	default:
		return tax.Standard
	}
}

func (p *Priced) shippingInput(t tables, method shipping.Method, name string, price int64) *totals.ShippingInput {
	class := t.shippingClass(method)
	in := &totals.ShippingInput{Source: method.Key, Text: name, Price: price, Proportional: class == ""}
	if !in.Proportional {
		in.Charge, in.Home = t.rates.For(class), t.home.For(class)
	}
	if free := p.Quote.FreeShipping; free != nil && price > 0 {
		in.Offs = []totals.Off{{Source: free.PromotionKey, Text: free.Name, Amount: price}}
	}
	return in
}

// take puts the sums where they belong.
func (p *Priced) take(c *Cart, result totals.Result) {
	p.Totals, p.Trace = result.Totals, result.Trace
	next := 0
	for i := range p.Lines {
		line := &p.Lines[i]
		if line.Problem != "" {
			line.Unit, line.PriceList = 0, ""
			continue
		}
		sum := result.Lines[next]
		next++
		line.Subtotal, line.Discount, line.Tax, line.Total, line.Taxes = sum.Subtotal, sum.Discount, sum.Tax, sum.Total, sum.Taxes
	}
	if sum := result.Shipping; sum != nil {
		p.Shipping.Price, p.Shipping.Discount, p.Shipping.Tax = sum.Price, sum.Discount, sum.Tax
		p.Shipping.Total, p.Shipping.Taxes = sum.Total, sum.Taxes
	}
	p.Discounts = p.discounts(result)
	for i, card := range c.GiftCards {
		p.GiftCards = append(p.GiftCards, AppliedGiftCard{GiftCard: card, Amount: result.Cards[i]})
	}
	for _, code := range c.Coupons {
		p.Coupons = append(p.Coupons, Coupon{Code: code, Applied: len(p.Basket.Lines) > 0 && !slices.Contains(p.Quote.Rejected, code)})
	}
}

// discounts are the promotions with what they take off, and at the end the home tax that was taken out.
func (p *Priced) discounts(result totals.Result) []Discount {
	var list []Discount
	for _, promotion := range p.Quote.Discounts {
		discount := Discount{PromotionKey: promotion.PromotionKey, Name: promotion.Name, Code: promotion.Code}
		for _, off := range promotion.ByLine {
			discount.Amount += off
		}
		list = append(list, discount)
	}
	home := int64(0)
	for _, line := range result.Lines {
		home += line.HomeTax
	}
	if sum := result.Shipping; sum != nil {
		home += sum.HomeTax
		if free := p.Quote.FreeShipping; free != nil && sum.Discount > sum.HomeTax {
			list = append(list, Discount{PromotionKey: free.PromotionKey, Name: free.Name, Code: free.Code, Amount: sum.Discount - sum.HomeTax})
		}
	}
	if home > 0 {
		list = append(list, Discount{Name: "Tax not due at the destination", Amount: home})
	}
	return list
}

func unavailableMethod() error {
	return shipping.ErrUnavailable.At("key", "This way to deliver is not offered for the cart and its address.")
}
