package cart

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/cartwright-shop/cartwright/services/cart/internal/shipping"
	"github.com/cartwright-shop/cartwright/services/cart/internal/totals"
)

// Options are the ways to deliver a cart.
type Options struct {
	// Methods are cheapest first; none when nothing in the cart is delivered.
	Methods []PricedShipping
	// Currency is that of the amounts.
	Currency string
	// Inclusive tells whether prices contain tax.
	Inclusive bool
	// Estimated tells that the address is not known and the cart's country stands for it.
	Estimated bool
}

// ShippingOptions answers the ways to deliver a cart with what each costs, tax and promotions included;
// shipping.ErrUnavailable when the shop does not deliver to the cart's place.
func (s *Service) ShippingOptions(ctx context.Context, cartID string) (Options, error) {
	c, err := s.View(ctx, cartID)
	if err != nil {
		return Options{}, err
	}
	p := c.Priced
	if !p.RequiresShipping {
		return Options{Currency: c.Currency, Inclusive: p.Totals.Inclusive}, nil
	}
	t, err := s.lookUp(ctx, c)
	if err != nil {
		return Options{}, err
	}
	zone, err := s.Zones.Covering(ctx, c.Channel, c.Currency, t.place)
	if err != nil {
		return Options{}, err
	}
	options := Options{Currency: c.Currency, Inclusive: t.inclusive, Estimated: c.Shipping == nil}
	for _, method := range zone.Methods {
		option, offered, err := p.option(c, t, zone, method)
		if err != nil {
			return Options{}, err
		}
		if offered {
			options.Methods = append(options.Methods, option)
		}
	}
	slices.SortFunc(options.Methods, func(a, b PricedShipping) int {
		return cmp.Or(cmp.Compare(a.Total, b.Total), cmp.Compare(a.Price, b.Price), cmp.Compare(a.MethodKey, b.MethodKey))
	})
	return options, nil
}

// option is what the cart would pay for one way to deliver.
func (p *Priced) option(c *Cart, t tables, zone shipping.Zone, method shipping.Method) (PricedShipping, bool, error) {
	in := p.input(c, t)
	in.Cards = nil
	price, offered := method.Quote(p.load(in))
	if !offered {
		return PricedShipping{}, false, nil
	}
	option := pricedMethod(zone, method, c.Locale)
	in.Shipping = p.shippingInput(t, method, option.Name, price)
	option.TaxClass = t.shippingClass(method)
	result, err := totals.Compute(in)
	if err != nil {
		return PricedShipping{}, false, tooLarge(fmt.Errorf("price shipping method %s: %w", method.Key, err))
	}
	sum := result.Shipping
	option.Price, option.Discount, option.Tax, option.Total, option.Taxes = sum.Price, sum.Discount, sum.Tax, sum.Total, sum.Taxes
	return *option, true, nil
}
