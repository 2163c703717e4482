package cart

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// Ports is what a Service works with.
type Ports struct {
	// Store keeps the carts.
	Store Store
	// Catalogue, Pricing and GiftCards are other services: they are never called while a transaction is open.
	Catalogue Catalogue
	Pricing   Pricing
	GiftCards GiftCards
	// Settings, Taxes and Zones are this service's own tables.
	Settings Settings
	Taxes    Taxes
	Zones    Zones
	// Clock tells how old a price is and which tax rates are in force.
	Clock clock.Clock
	// Freshness is how long a price is answered again without asking.
	Freshness time.Duration
	// Metrics counts; nil for none.
	Metrics *Metrics
}

// Service changes carts and works out what they cost. It is safe for concurrent use.
type Service struct{ Ports }

// New makes a service.
func New(p Ports) *Service { return &Service{Ports: p} }

// Get reads a cart for the caller of ctx, as it was last written; ErrNotFound when it does not exist or is another's.
func (s *Service) Get(ctx context.Context, cartID string) (*Cart, error) {
	c, err := s.Store.Find(ctx, cartID)
	if err != nil {
		return nil, err
	}
	caller := identity.From(ctx)
	if !c.visibleTo(caller) {
		return nil, notFound()
	}
	return c, nil
}

// visibleTo: a guest's cart to whoever names it, a customer's to the customer, to staff and to our own services.
func (c *Cart) visibleTo(caller identity.Principal) bool {
	return c.CustomerID == "" || c.ownedBy(caller) || caller.Kind == identity.Staff || caller.Kind == identity.Service
}

// ownedBy tells whether the caller may change the cart.
func (c *Cart) ownedBy(caller identity.Principal) bool {
	return c.CustomerID == "" || (caller.Kind == identity.Customer && caller.Subject == c.CustomerID)
}

// notFound is the same for a cart that does not exist and for another's.
func notFound() error { return ErrNotFound.New("The cart does not exist.") }

// Ready tells what is still missing before a cart with this price can be bought; nil when nothing is.
func Ready(c *Cart, p *Priced) error {
	if len(c.Lines) == 0 {
		return ErrEmpty.New("The cart is empty.")
	}
	if err := p.problems(); err != nil {
		return err
	}
	switch {
	case c.Email == "":
		return ErrEmailRequired.At("email", "An e-mail address is needed.")
	case p.RequiresShipping && c.Shipping == nil:
		return ErrAddressRequired.At("shippingAddress", "An address to deliver to is needed.")
	case c.BillingAddress() == nil:
		return ErrAddressRequired.At("billingAddress", "An address is needed.")
	case p.RequiresShipping && c.ShippingMethod == "":
		return ErrShippingRequired.At("shippingOption", "A way to deliver must be chosen.")
	case p.RequiresShipping && p.Shipping == nil:
		return unavailableMethod()
	}
	return nil
}
