package cart

import (
	"context"
	"fmt"
	"slices"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// Start says for whom a new cart is; empty fields mean what the channel says.
type Start struct {
	// Channel, Currency, Country and Locale are where and how it is sold.
	Channel, Currency, Country, Locale string
	// Email is the buyer's.
	Email string
	// Lines are those to start with.
	Lines []LineInput
	// Once stores the answer; nil when the caller gave no key.
	Once Once
}

// Create starts a cart. It belongs to the caller when that is a customer; ErrExists when they have one in the channel.
func (s *Service) Create(ctx context.Context, start Start) (*Cart, error) {
	channel, err := s.Catalogue.Channel(ctx, start.Channel)
	if err != nil {
		return nil, err
	}
	c, err := channel.newCart(ctx, start)
	if err != nil {
		return nil, err
	}
	if err := s.refuseSecond(ctx, c); err != nil {
		return nil, err
	}
	if err := c.add(start.Lines); err != nil {
		return nil, err
	}
	if c.Priced, err = s.Price(ctx, c); err != nil {
		return nil, err
	}
	if err := c.sellable(start.Lines); err != nil {
		return nil, err
	}
	return s.write(ctx, c, start.Once, s.Store.Insert)
}

// refuseSecond answers early, and by name, what the store would refuse.
func (s *Service) refuseSecond(ctx context.Context, c *Cart) error {
	if c.CustomerID == "" {
		return nil
	}
	existing, err := s.Store.FindActive(ctx, c.CustomerID, c.Channel)
	if errs.Has(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return ErrExists.New("There is an active cart already.").Meta("cart_id", existing.ID)
}

func (ch Channel) newCart(ctx context.Context, start Start) (*Cart, error) {
	or := func(value, otherwise string) string {
		if value != "" {
			return value
		}
		return otherwise
	}
	c := &Cart{
		ID: id.Secret(), Channel: ch.Key, State: Active, CustomerID: customer(ctx), Email: start.Email,
		Currency: or(start.Currency, ch.DefaultCurrency), Country: or(start.Country, ch.DefaultCountry), Locale: or(start.Locale, ch.DefaultLocale),
	}
	if c.Email == "" && c.CustomerID != "" {
		c.Email = identity.From(ctx).Email
	}
	if !slices.Contains(ch.Currencies, c.Currency) {
		return nil, ErrCurrency.At("currencyCode", "The channel does not sell in %s.", c.Currency)
	}
	if err := ch.serves(c.Country); err != nil {
		return nil, err
	}
	if start.Email != "" {
		return c, address.CheckEmail("email", start.Email)
	}
	return c, nil
}

func (ch Channel) serves(country string) error {
	if !slices.Contains(ch.Countries, country) {
		return ErrCountry.At("countryCode", "The channel does not sell to %s.", country)
	}
	return nil
}

// Merge moves a guest cart's lines, codes and cards into the calling customer's active cart of the same channel, which is
// made when there is none. What the customer's cart does not say of the buyer it takes from the guest's.
func (s *Service) Merge(ctx context.Context, guestID string, once Once) (*Cart, error) {
	if customer(ctx) == "" {
		return nil, errs.Unauthorized.New("Only customers have carts to merge into.")
	}
	var err error
	for range writeAttempts {
		var guest, into *Cart
		if guest, into, err = s.merged(ctx, guestID); err != nil {
			return nil, err
		}
		store := s.Store.Save
		if into.Version == 0 {
			store = s.Store.Insert
		}
		var c *Cart
		c, err = s.write(ctx, into, once, func(ctx context.Context, c *Cart) error {
			if err := store(ctx, c); err != nil {
				return err
			}
			return s.Store.SetMerged(ctx, guest, c.ID)
		})
		if err == nil {
			return c, nil
		}
		if !errs.Has(err, errs.VersionConflict) && !errs.Has(err, ErrExists) {
			return nil, err
		}
		s.Metrics.conflict()
	}
	return nil, err
}

// merged reads both carts and joins them in memory; into has version 0 when it is new.
func (s *Service) merged(ctx context.Context, guestID string) (guest, into *Cart, err error) {
	if guest, err = s.writable(ctx, guestID); err != nil {
		return nil, nil, err
	}
	if guest.CustomerID != "" {
		return nil, nil, ErrSame.At("cartId", "The cart is the customer's own.")
	}
	into, err = s.Store.FindActive(ctx, customer(ctx), guest.Channel)
	switch {
	case errs.Has(err, ErrNotFound):
		into = &Cart{
			ID: id.Secret(), Channel: guest.Channel, Currency: guest.Currency, Country: guest.Country, Locale: guest.Locale,
			CustomerID: customer(ctx), State: Active, Email: identity.From(ctx).Email,
		}
	case err != nil:
		return nil, nil, err
	}
	if into.Currency != guest.Currency {
		return nil, nil, ErrCurrencyMixed.New("The guest cart is in %s and the customer's in %s.", guest.Currency, into.Currency)
	}
	into = into.clone()
	if err := into.absorb(guest); err != nil {
		return nil, nil, err
	}
	if into.Priced, err = s.reprice(ctx, into); err != nil {
		return nil, nil, fmt.Errorf("price the merged cart: %w", err)
	}
	return guest, into, nil
}

// absorb takes over what another cart has.
func (c *Cart) absorb(o *Cart) error {
	inputs := make([]LineInput, len(o.Lines))
	for i, line := range o.Lines {
		inputs[i] = LineInput{SKU: line.SKU, Quantity: line.Quantity}
	}
	if err := c.add(inputs); err != nil {
		return err
	}
	for _, code := range o.Coupons {
		if len(c.Coupons) < MaxCoupons && !slices.Contains(c.Coupons, code) {
			c.Coupons = append(c.Coupons, code)
		}
	}
	for _, card := range o.GiftCards {
		if len(c.GiftCards) < MaxGiftCards && !slices.ContainsFunc(c.GiftCards, func(g GiftCard) bool { return g.ID == card.ID }) {
			c.GiftCards = append(c.GiftCards, card)
		}
	}
	if c.Email == "" {
		c.Email = o.Email
	}
	if c.Shipping == nil {
		c.Shipping = o.Shipping
	}
	if c.Billing == nil {
		c.Billing = o.Billing
	}
	if c.Note == "" {
		c.Note = o.Note
	}
	if c.ShippingMethod == "" {
		c.ShippingMethod = o.ShippingMethod
	}
	return nil
}
