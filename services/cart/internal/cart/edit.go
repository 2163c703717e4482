package cart

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// LineInput asks for units of a SKU.
type LineInput struct {
	// SKU is what is asked for.
	SKU string
	// Quantity is 1 to MaxQuantity.
	Quantity int32
}

// AddLines adds units of SKUs: ErrUnavailable, ErrPriceMissing, ErrLimit or ErrAmount name the first line that cannot be had.
func (s *Service) AddLines(ctx context.Context, t Target, lines []LineInput) (*Cart, error) {
	return s.change(ctx, t, edit{
		apply: func(_ context.Context, c *Cart) error { return c.add(lines) },
		check: func(c *Cart) error { return c.sellable(lines) },
	})
}

// add raises quantities and appends lines.
func (c *Cart) add(inputs []LineInput) error {
	for i, input := range inputs {
		at := slices.IndexFunc(c.Lines, func(l Line) bool { return l.SKU == input.SKU })
		if at < 0 {
			if len(c.Lines) == MaxLines {
				return ErrLimit.At(fmt.Sprintf("lines[%d]", i), "A cart has at most %d lines.", MaxLines)
			}
			at, c.Lines = len(c.Lines), append(c.Lines, Line{ID: id.New(), SKU: input.SKU})
		}
		sum := int64(c.Lines[at].Quantity) + int64(input.Quantity)
		if sum > MaxQuantity {
			return ErrAmount.At(fmt.Sprintf("lines[%d].quantity", i), "A line has at most %d units.", MaxQuantity)
		}
		c.Lines[at].Quantity = int32(sum)
	}
	return nil
}

// sellable refuses inputs that cannot be bought. Lines that were in the cart before and cannot be bought any more are only
// marked: the buyer has to be able to see and remove them.
func (c *Cart) sellable(inputs []LineInput) error {
	problems := map[string]Problem{}
	for _, line := range c.Priced.Lines {
		problems[line.SKU] = line.Problem
	}
	for i, input := range inputs {
		path := fmt.Sprintf("lines[%d].sku", i)
		switch problems[input.SKU] {
		case Unavailable:
			return ErrUnavailable.At(path, "%s is not sold here.", input.SKU)
		case Unpriced:
			return ErrPriceMissing.At(path, "%s has no price in %s.", input.SKU, c.Currency)
		}
	}
	return nil
}

// UpdateLine sets the quantity of a line; 0 removes it. ErrLineNotFound when the cart has no such line.
func (s *Service) UpdateLine(ctx context.Context, t Target, lineID string, quantity int32) (*Cart, error) {
	return s.change(ctx, t, edit{apply: func(_ context.Context, c *Cart) error {
		at := c.lineIndex(lineID)
		switch {
		case at < 0:
			return ErrLineNotFound.New("The cart has no such line.")
		case quantity == 0:
			c.Lines = slices.Delete(c.Lines, at, at+1)
		default:
			c.Lines[at].Quantity = quantity
		}
		return nil
	}})
}

// Details is what a buyer says about themselves; nil fields stay as they are.
type Details struct {
	// Email and Note are removed by empty texts.
	Email, Note *string
	// Shipping and Billing are where to deliver and bill; ClearBilling removes Billing.
	Shipping, Billing *address.Address
	ClearBilling      bool
	// Country and Locale are where and how the buyer shops.
	Country, Locale *string
}

// Update changes what a cart says about its buyer.
func (s *Service) Update(ctx context.Context, t Target, d Details) (*Cart, error) {
	if err := d.validate(); err != nil {
		return nil, err
	}
	return s.change(ctx, t, edit{apply: func(ctx context.Context, c *Cart) error {
		if d.Country != nil && *d.Country != c.Country {
			channel, err := s.Catalogue.Channel(ctx, c.Channel)
			if err != nil {
				return err
			}
			if err := channel.serves(*d.Country); err != nil {
				return err
			}
		}
		d.apply(c)
		return nil
	}})
}

func (d *Details) validate() error {
	if d.ClearBilling && d.Billing != nil {
		return errs.InvalidField.New("Give a billing address or remove it, not both.").
			Field("clearBillingAddress", "INVALID_VALUE", "Must not be set together with billingAddress.")
	}
	for _, given := range []struct {
		path    string
		address **address.Address
	}{{"shippingAddress", &d.Shipping}, {"billingAddress", &d.Billing}} {
		if *given.address == nil {
			continue
		}
		clean, err := address.Clean(given.path, **given.address)
		if err != nil {
			return err
		}
		*given.address = &clean
	}
	if d.Email != nil && *d.Email != "" {
		return address.CheckEmail("email", *d.Email)
	}
	return nil
}

func (d *Details) apply(c *Cart) {
	set := func(field *string, value *string) {
		if value != nil {
			*field = *value
		}
	}
	set(&c.Email, d.Email)
	set(&c.Note, d.Note)
	set(&c.Country, d.Country)
	set(&c.Locale, d.Locale)
	if d.Shipping != nil {
		c.Shipping = d.Shipping
	}
	if d.Billing != nil || d.ClearBilling {
		c.Billing = d.Billing
	}
}

// ChooseShipping chooses a way to deliver; shipping.ErrUnavailable when the cart's place does not get it.
func (s *Service) ChooseShipping(ctx context.Context, t Target, key string) (*Cart, error) {
	return s.change(ctx, t, edit{
		apply: func(_ context.Context, c *Cart) error { c.ShippingMethod = key; return nil },
		check: func(c *Cart) error {
			if c.Priced.Shipping == nil {
				return unavailableMethod()
			}
			return nil
		},
	})
}

// ApplyCoupon adds a code; see Pricing.CheckCoupon for how it fails.
func (s *Service) ApplyCoupon(ctx context.Context, t Target, code string) (*Cart, error) {
	code = strings.ToUpper(strings.TrimSpace(code))
	added := code
	return s.change(ctx, t, edit{
		apply: func(ctx context.Context, c *Cart) error {
			if slices.Contains(c.Coupons, code) {
				return ErrCouponTwice.New("The cart has this coupon code already.")
			}
			if len(c.Coupons) == MaxCoupons {
				return ErrLimit.At("code", "A cart has at most %d coupon codes.", MaxCoupons)
			}
			basket, err := s.currentBasket(ctx, c)
			if err != nil {
				return err
			}
			if added, err = s.Pricing.CheckCoupon(ctx, basket, code, c.ID); err != nil {
				return err
			}
			if slices.Contains(c.Coupons, added) {
				return ErrCouponTwice.New("The cart has this coupon code already.")
			}
			c.Coupons = append(c.Coupons, added)
			return nil
		},
		check: func(c *Cart) error {
			if slices.Contains(c.Priced.Quote.Rejected, added) {
				return ErrCouponRejected.New("The coupon code gives nothing for this cart.")
			}
			return nil
		},
	})
}

// currentBasket is the cart as pricing sees it.
func (s *Service) currentBasket(ctx context.Context, c *Cart) (Basket, error) {
	if c.Priced != nil && s.fresh(c.Priced) && c.Priced.Demand == s.demand(ctx, c) {
		return c.Priced.Basket, nil
	}
	f, err := s.ask(ctx, c)
	return f.basket, err
}

// RemoveCoupon removes a code; one the cart does not have is no error.
func (s *Service) RemoveCoupon(ctx context.Context, t Target, code string) (*Cart, error) {
	return s.change(ctx, t, edit{apply: func(_ context.Context, c *Cart) error {
		c.Coupons = slices.DeleteFunc(c.Coupons, func(have string) bool { return strings.EqualFold(have, strings.TrimSpace(code)) })
		return nil
	}})
}

// ApplyGiftCard pays a part with a gift card; see GiftCards.Find for how it fails. The code is forgotten.
func (s *Service) ApplyGiftCard(ctx context.Context, t Target, code string) (*Cart, error) {
	c, err := s.writable(ctx, t.CartID)
	if err != nil {
		return nil, err
	}
	card, err := s.GiftCards.Find(ctx, code, c.Currency, c.ID)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, t, edit{apply: func(_ context.Context, c *Cart) error {
		if slices.ContainsFunc(c.GiftCards, func(have GiftCard) bool { return have.ID == card.ID }) {
			return ErrGiftCardTwice.New("The cart has this gift card already.")
		}
		if len(c.GiftCards) == MaxGiftCards {
			return ErrLimit.At("code", "A cart has at most %d gift cards.", MaxGiftCards)
		}
		c.GiftCards = append(c.GiftCards, card)
		return nil
	}})
}

// RemoveGiftCard takes a gift card off; one the cart does not have is no error.
func (s *Service) RemoveGiftCard(ctx context.Context, t Target, cardID string) (*Cart, error) {
	return s.change(ctx, t, edit{apply: func(_ context.Context, c *Cart) error {
		c.GiftCards = slices.DeleteFunc(c.GiftCards, func(have GiftCard) bool { return have.ID == cardID })
		return nil
	}})
}

// customer is the subject of the customer of ctx; empty for everybody else.
func customer(ctx context.Context) string {
	if caller := identity.From(ctx); caller.Kind == identity.Customer {
		return caller.Subject
	}
	return ""
}
