package cart

import (
	"context"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// writeAttempts is how often a change is made again because another one was faster.
const writeAttempts = 5

// Target names the cart a change is for, the version the caller saw (0 for any) and how the change is made once.
type Target struct {
	// CartID names the cart.
	CartID string
	// Expected is the version the caller saw; 0 for any.
	Expected int64
	// Once stores the answer; nil when the caller gave no key.
	Once Once
}

// edit is a change of a cart in memory. check, if there is one, looks at the price the changed cart has.
type edit struct {
	apply func(ctx context.Context, c *Cart) error
	check func(c *Cart) error
}

// change reads the cart, changes the copy, prices it with no transaction open, and writes it where the version is still the
// one that was read. When another change was faster it starts over, unless the caller named a version.
func (s *Service) change(ctx context.Context, t Target, e edit) (*Cart, error) {
	var err error
	for range writeAttempts {
		var c *Cart
		if c, err = s.changed(ctx, t, e); err != nil {
			return nil, err
		}
		if c, err = s.write(ctx, c, t.Once, s.Store.Save); err == nil {
			return c, nil
		}
		if t.Expected != 0 || !errs.Has(err, errs.VersionConflict) {
			return nil, err
		}
		s.Metrics.conflict()
	}
	return nil, err
}

func (s *Service) changed(ctx context.Context, t Target, e edit) (*Cart, error) {
	c, err := s.writable(ctx, t.CartID)
	if err != nil {
		return nil, err
	}
	if t.Expected != 0 && t.Expected != c.Version {
		return nil, errs.VersionConflict.New("The cart has version %d now.", c.Version).Meta("version", fmt.Sprint(c.Version))
	}
	c = c.clone()
	if err := e.apply(ctx, c); err != nil {
		return nil, err
	}
	if c.Priced, err = s.reprice(ctx, c); err != nil {
		return nil, err
	}
	if e.check != nil {
		if err := e.check(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// write makes one durable step of claim, change and answer. It works on copies, as a transaction may run again.
func (s *Service) write(ctx context.Context, c *Cart, once Once, store func(context.Context, *Cart) error) (*Cart, error) {
	var written *Cart
	err := s.Store.Tx(ctx, func(ctx context.Context) error {
		written = c.clone()
		if once != nil {
			if err := once.Claim(ctx); err != nil {
				return err
			}
		}
		if err := store(ctx, written); err != nil {
			return err
		}
		if once == nil {
			return nil
		}
		return once.Answer(ctx, written)
	})
	if err != nil {
		return nil, err
	}
	s.Metrics.changed()
	return written, nil
}

// writable reads a cart that the caller may change and that is open for changes.
func (s *Service) writable(ctx context.Context, cartID string) (*Cart, error) {
	c, err := s.Store.Find(ctx, cartID)
	if err != nil {
		return nil, err
	}
	if !c.ownedBy(identity.From(ctx)) {
		return nil, notFound()
	}
	return c, c.open()
}

// open tells why a cart cannot be changed; nil when it can.
func (c *Cart) open() error {
	switch c.State {
	case Active:
		return nil
	case CheckingOut:
		return ErrCheckoutRunning.New("The cart is being checked out.").Meta("order_id", c.OrderID)
	case Converted:
		return ErrConverted.New("The cart was bought.").Meta("order_id", c.OrderID)
	case Merged:
		return ErrConverted.New("The cart was merged into another one.")
	default:
		return ErrConverted.New("The cart has expired.")
	}
}

// View reads a cart with what it costs: as remembered when that is young enough, else worked out anew. When the services
// that know do not answer, what is remembered is answered however old it is; Priced.At says since when it holds.
func (s *Service) View(ctx context.Context, cartID string) (*Cart, error) {
	c, err := s.Get(ctx, cartID)
	if err != nil {
		return nil, err
	}
	return s.priced(ctx, c)
}

// ViewActive is View of the calling customer's active cart in a channel; an empty channel is the default one.
func (s *Service) ViewActive(ctx context.Context, channel string) (*Cart, error) {
	caller := identity.From(ctx)
	if caller.Kind != identity.Customer {
		return nil, errs.Unauthorized.New("Only customers have carts of their own.")
	}
	if channel == "" {
		known, err := s.Catalogue.Channel(ctx, channel)
		if err != nil {
			return nil, err
		}
		channel = known.Key
	}
	c, err := s.Store.FindActive(ctx, caller.Subject, channel)
	if err != nil {
		return nil, err
	}
	return s.priced(ctx, c)
}

func (s *Service) priced(ctx context.Context, c *Cart) (*Cart, error) {
	if c.Priced != nil && (c.State != Active || (s.fresh(c.Priced) && c.Priced.Demand == s.demand(ctx, c))) {
		return c, nil
	}
	priced, err := s.Price(ctx, c)
	switch {
	case err == nil:
		c.Priced = priced
		if c.State != Active {
			return c, nil
		}
		return c, s.Store.KeepPrice(ctx, c)
	case c.Priced != nil && transient(err):
		s.Metrics.stale()
		return c, nil
	default:
		return nil, err
	}
}

func (s *Service) fresh(p *Priced) bool { return s.Clock.Now().Sub(p.At) < s.Freshness }

// transient tells whether asking again later may work.
func transient(err error) bool {
	code := errs.CodeOf(err)
	return code == errs.Unavailable || code == errs.DeadlineExceeded || code == errs.ResourceExhausted
}

// How long carts are kept: guests' active ones, and those that ended without an order.
const (
	GuestLife = 30 * 24 * time.Hour
	EndedLife = 30 * 24 * time.Hour
	// sweepBatch bounds one statement of a sweep, so that it never holds many rows for long.
	sweepBatch = 1000
)

// Sweep expires guests' carts that nobody touched for GuestLife and deletes carts that ended without an order EndedLife ago.
func (s *Service) Sweep(ctx context.Context) error {
	for _, sweep := range []struct {
		what string
		run  func(context.Context, time.Duration, int) (int64, error)
		age  time.Duration
	}{{"expire", s.Store.Expire, GuestLife}, {"purge", s.Store.Purge, EndedLife}} {
		for {
			n, err := sweep.run(ctx, sweep.age, sweepBatch)
			if err != nil {
				return fmt.Errorf("%s carts: %w", sweep.what, err)
			}
			if n < sweepBatch {
				break
			}
		}
	}
	return nil
}
