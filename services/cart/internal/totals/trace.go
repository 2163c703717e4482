package totals

import (
	"fmt"

	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// Kind says what a step of a trace is.
type Kind string

// The kinds of steps.
const (
	Price            Kind = "price"
	Promotion        Kind = "promotion"
	ShippingPrice    Kind = "shipping"
	ShippingDiscount Kind = "shipping_discount"
	HomeTax          Kind = "home_tax"
	Tax              Kind = "tax"
	Total            Kind = "total"
	GiftCard         Kind = "gift_card"
	Due              Kind = "due"
)

// Step is one step of how a total came about.
type Step struct {
	// Kind says what it is.
	Kind Kind `json:"kind"`
	// LineID names the line it belongs to; empty for shipping and the whole cart.
	LineID string `json:"line_id,omitempty"`
	// Source is what decided: a price list, a promotion, a shipping method, a gift card, a tax jurisdiction.
	Source string `json:"source,omitempty"`
	// Name is what the source is called.
	Name string `json:"name,omitempty"`
	// Amount is what it comes to; negative when it takes off.
	Amount int64 `json:"amount"`
	// Contained says that Amount is part of an earlier amount and does not change the sum.
	Contained bool `json:"contained,omitempty"`
	// Unit and Quantity make the amount of a price step.
	Unit     int64 `json:"unit,omitempty"`
	Quantity int32 `json:"quantity,omitempty"`
	// Basis and Rate make the amount of a tax or home tax step, rounded by Policy; the Basis of the total step is all tax.
	Basis  int64      `json:"basis,omitempty"`
	Rate   money.Rate `json:"rate,omitempty"`
	Policy tax.Policy `json:"policy,omitempty"`
}

// Sentence says the step to people; currency is that of the trace.
func (s Step) Sentence(currency string) string {
	of := func(minor int64) string { return money.Money{Currency: currency, Minor: minor}.String() }
	percent := func(r money.Rate) string {
		return money.Money{Currency: "CLF", Minor: int64(r)}.Decimal() + " %" // CLF has four digits: ppm / 10,000
	}
	switch s.Kind {
	case Price:
		return fmt.Sprintf("%d × %s by price list %s", s.Quantity, of(s.Unit), s.Source)
	case Promotion:
		return fmt.Sprintf("%s for promotion %s", of(s.Amount), s.Name)
	case ShippingPrice:
		return fmt.Sprintf("%s for delivery by %s", of(s.Amount), s.Name)
	case ShippingDiscount:
		return fmt.Sprintf("%s on delivery for promotion %s", of(s.Amount), s.Name)
	case HomeTax:
		return fmt.Sprintf("%s: %s (%s) taken out of %s", of(s.Amount), s.Name, percent(s.Rate), of(s.Basis))
	case Tax:
		relation := "on"
		if s.Contained {
			relation = "contained in"
		}
		return fmt.Sprintf("%s %s (%s, %s) %s %s, rounded %s", of(s.Amount), s.Name, percent(s.Rate), s.Source, relation, of(s.Basis), s.Policy)
	case Total:
		return fmt.Sprintf("%s in total", of(s.Amount))
	case GiftCard:
		return fmt.Sprintf("%s by gift card %s", of(s.Amount), s.Name)
	default:
		return fmt.Sprintf("%s left to pay", of(s.Amount))
	}
}
