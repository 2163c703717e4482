package shipping

import (
	"context"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/memo"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/iso"
)

// Store keeps zones.
type Store interface {
	// Of reads all zones of a channel and currency.
	Of(ctx context.Context, channel, currency string) ([]Zone, error)
	// Get reads a zone; ErrZone when there is none.
	Get(ctx context.Context, key string) (Zone, error)
	// List reads up to limit zones after a key; an empty channel is all.
	List(ctx context.Context, channel, after string, limit int) ([]Zone, error)
	// Insert adds a zone; errs.AlreadyExistsKind when the key is taken.
	Insert(ctx context.Context, z Zone) (Zone, error)
	// Update replaces a zone whose stored version is z.Version; ErrZone or errs.VersionConflict.
	Update(ctx context.Context, z Zone) (Zone, error)
	// Delete removes a zone whose stored version is the one given (0 for any); ErrZone or errs.VersionConflict.
	Delete(ctx context.Context, key string, version int64) error
}

type market struct{ channel, currency string }

// Service answers and changes zones. It is safe for concurrent use.
type Service struct {
	Store
	known *memo.Memo[market, []Zone]
}

// New makes a service that remembers zones for life.
func New(store Store, c clock.Clock, life time.Duration) *Service {
	return &Service{Store: store, known: memo.New[market, []Zone](c, life)}
}

// Covering answers the zone that serves a place, as zones were at most the memo's life ago; ErrUnavailable when none does.
func (s *Service) Covering(ctx context.Context, channel, currency string, place tax.Place) (Zone, error) {
	zones, err := s.known.Get(ctx, market{channel, currency}, func(ctx context.Context) ([]Zone, error) {
		return s.Of(ctx, channel, currency)
	})
	if err != nil {
		return Zone{}, err
	}
	return Covering(zones, place)
}

// Create adds a zone.
func (s *Service) Create(ctx context.Context, z Zone) (Zone, error) {
	if err := z.validate(); err != nil {
		return Zone{}, err
	}
	made, err := s.Insert(ctx, z)
	s.known.Clear()
	return made, err
}

// Replace replaces a zone.
func (s *Service) Replace(ctx context.Context, z Zone) (Zone, error) {
	if err := z.validate(); err != nil {
		return Zone{}, err
	}
	saved, err := s.Update(ctx, z)
	s.known.Clear()
	return saved, err
}

// Remove removes a zone.
func (s *Service) Remove(ctx context.Context, key string, version int64) error {
	err := s.Delete(ctx, key, version)
	s.known.Clear()
	return err
}

func (z Zone) validate() error {
	if _, ok := iso.Currency(z.Currency); !ok {
		return invalid("zone.currencyCode", "Must be an ISO 4217 code, such as GBP.")
	}
	for i, location := range z.Locations {
		path := fmt.Sprintf("zone.locations[%d]", i)
		if _, ok := iso.Country(location.Country); location.Country != "" && !ok {
			return invalid(path+".countryCode", "Must be an ISO 3166-1 alpha-2 code, such as GB.")
		}
		if location.Country == "" && (location.Region != "" || location.PostcodePrefix != "") {
			return invalid(path+".countryCode", "Must be set for a region or postcode.")
		}
	}
	seen := map[string]bool{}
	for i, method := range z.Methods {
		path := fmt.Sprintf("zone.methods[%d]", i)
		if seen[method.Key] {
			return invalid(path+".key", "Must be unique in the zone.")
		}
		seen[method.Key] = true
		if err := method.validate(path); err != nil {
			return err
		}
	}
	return nil
}

func (m Method) validate(path string) error {
	if m.MaxDays < m.MinDays {
		return invalid(path+".maxDays", "Must not be fewer than minDays.")
	}
	if m.Price < 0 {
		return invalid(path+".price", "Must not be negative.")
	}
	if m.FreeAbove != nil && *m.FreeAbove < 0 {
		return invalid(path+".freeAbove", "Must not be negative.")
	}
	switch m.Kind {
	case ByWeight:
		return m.validateTiers(path+".weightTiers", func(i int, limit int64) bool {
			last := i == len(m.Tiers)-1
			return (limit == 0 && last) || (limit > 0 && (i == 0 || limit > m.Tiers[i-1].Limit))
		})
	case BySubtotal:
		return m.validateTiers(path+".subtotalTiers", func(i int, limit int64) bool {
			return (i == 0 && limit == 0) || (i > 0 && limit > m.Tiers[i-1].Limit)
		})
	default:
		if len(m.Tiers) > 0 {
			return invalid(path, "A flat method has a price and no tiers.")
		}
		return nil
	}
}

func (m Method) validateTiers(path string, inOrder func(i int, limit int64) bool) error {
	if len(m.Tiers) == 0 {
		return invalid(path, "Must not be empty.")
	}
	for i, tier := range m.Tiers {
		if tier.Price < 0 {
			return invalid(fmt.Sprintf("%s[%d].price", path, i), "Must not be negative.")
		}
		if !inOrder(i, tier.Limit) {
			return invalid(fmt.Sprintf("%s[%d]", path, i), "Tiers must rise; only the last weight tier is without limit, and the first subtotal tier starts at 0.")
		}
	}
	return nil
}

func invalid(path, message string) error {
	return errs.InvalidField.New("The shipping zone contradicts itself.").Field(path, ErrInvalid.Reason(), message)
}
