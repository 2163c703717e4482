package rpc

import (
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/cart/internal/totals"
)

func cartStates() map[cart.State]cartv1.CartState {
	return map[cart.State]cartv1.CartState{
		cart.Active:      cartv1.CartState_CART_STATE_ACTIVE,
		cart.CheckingOut: cartv1.CartState_CART_STATE_CHECKING_OUT,
		cart.Converted:   cartv1.CartState_CART_STATE_CONVERTED,
		cart.Merged:      cartv1.CartState_CART_STATE_MERGED,
		cart.Expired:     cartv1.CartState_CART_STATE_EXPIRED,
	}
}

func lineProblems() map[cart.Problem]cartv1.LineProblem {
	return map[cart.Problem]cartv1.LineProblem{
		cart.Unavailable: cartv1.LineProblem_LINE_PROBLEM_SKU_UNAVAILABLE,
		cart.Unpriced:    cartv1.LineProblem_LINE_PROBLEM_PRICE_MISSING,
	}
}

// cartToProto shows a priced cart.
func cartToProto(c *cart.Cart) *cartv1.Cart {
	in := amounts(c.Currency)
	msg := &cartv1.Cart{
		Id: c.ID, Channel: c.Channel, CurrencyCode: c.Currency, CountryCode: c.Country, Locale: c.Locale, CustomerId: c.CustomerID,
		State: cartStates()[c.State], Version: c.Version, Email: c.Email, Note: c.Note, OrderId: c.OrderID, MergedInto: c.MergedInto,
		ShippingAddress: orderAddress(c.Shipping), BillingAddress: orderAddress(c.Billing),
		CreatedAt: timestamp(c.CreatedAt), UpdatedAt: timestamp(c.UpdatedAt),
	}
	p := c.Priced
	if p == nil {
		return msg
	}
	msg.RequiresShipping, msg.PricedAt, msg.Totals = p.RequiresShipping, timestamp(p.At), cartTotals(in, p)
	for _, line := range p.Lines {
		msg.Lines = append(msg.Lines, cartLine(in, line))
	}
	if p.Shipping != nil {
		msg.ShippingOption = optionToProto(in, *p.Shipping)
	}
	for _, coupon := range p.Coupons {
		msg.Coupons = append(msg.Coupons, &cartv1.CartCoupon{Code: coupon.Code, Applied: coupon.Applied})
	}
	for _, d := range p.Discounts {
		msg.Discounts = append(msg.Discounts, &cartv1.CartDiscount{PromotionKey: d.PromotionKey, Name: d.Name, Code: d.Code, Amount: in.of(d.Amount)})
	}
	for _, card := range p.GiftCards {
		msg.GiftCards = append(msg.GiftCards, &cartv1.CartGiftCard{
			GiftCardId: card.ID, Last4: card.Last4, Balance: in.of(card.Balance), Amount: in.of(card.Amount),
		})
	}
	for _, step := range p.Trace {
		msg.Explanation = append(msg.Explanation, stepToProto(in, step))
	}
	return msg
}

func cartLine(in amounts, l cart.PricedLine) *cartv1.CartLine {
	return &cartv1.CartLine{
		Id: l.ID, Sku: l.SKU, ProductId: l.ProductID, Handle: l.Handle, Title: l.Title, VariantTitle: l.VariantTitle,
		ImageUrl: l.ImageURL, Quantity: l.Quantity, UnitPrice: in.of(l.Unit), PriceListKey: l.PriceList, Subtotal: in.of(l.Subtotal),
		Discount: in.of(l.Discount), Tax: in.of(l.Tax), Total: in.of(l.Total), TaxClass: l.TaxClass, Taxes: orderTaxes(in, l.Taxes),
		RequiresShipping: l.RequiresShipping, WeightGrams: l.WeightGrams, Problem: lineProblems()[l.Problem],
	}
}

func optionToProto(in amounts, s cart.PricedShipping) *cartv1.ShippingOption {
	return &cartv1.ShippingOption{
		Key: s.MethodKey, ZoneKey: s.ZoneKey, Name: s.Name, Price: in.of(s.Price), Discount: in.of(s.Discount), Tax: in.of(s.Tax),
		Total: in.of(s.Total), Taxes: orderTaxes(in, s.Taxes), MinDays: s.MinDays, MaxDays: s.MaxDays,
	}
}

func cartTotals(in amounts, p *cart.Priced) *cartv1.CartTotals {
	t := p.Totals
	return &cartv1.CartTotals{
		Subtotal: in.of(t.Subtotal), Discount: in.of(t.Discount), Shipping: in.of(t.Shipping), ShippingDiscount: in.of(t.ShippingDiscount),
		Tax: in.of(t.Tax), Total: in.of(t.Total), GiftCards: in.of(t.GiftCards), Due: in.of(t.Due),
		PricesIncludeTax: t.Inclusive, TaxEstimated: p.TaxEstimated, Rounding: string(t.Policy), Taxes: orderTaxes(in, t.Taxes),
	}
}

func stepToProto(in amounts, s totals.Step) *cartv1.ExplanationStep {
	msg := &cartv1.ExplanationStep{
		Kind: string(s.Kind), LineId: s.LineID, Source: s.Source, Text: s.Sentence(string(in)), Amount: in.of(s.Amount),
		Contained: s.Contained && s.Kind == totals.Tax, Quantity: s.Quantity, RatePpm: int64(s.Rate),
	}
	if s.Rate != 0 {
		msg.Basis = in.of(s.Basis)
	}
	return msg
}

// addressOf reads an address as it was sent; nil when none was.
func addressOf(a *typev1.Address) *address.Address {
	if a == nil {
		return nil
	}
	return &address.Address{
		FullName: a.GetFullName(), Company: a.GetCompany(), Line1: a.GetLine1(), Line2: a.GetLine2(), City: a.GetCity(),
		Region: a.GetRegion(), PostalCode: a.GetPostalCode(), CountryCode: a.GetCountryCode(), Phone: a.GetPhone(),
	}
}
