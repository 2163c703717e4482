package settings

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/memo"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/iso"
)

// ErrHome is a home country that is missing or does not exist.
var ErrHome = errs.Define(errs.Invalid, "COUNTRY_INVALID", "The country does not exist or is needed and missing.")

// Store keeps settings.
type Store interface {
	// Get reads a channel's own settings; false when it has none.
	Get(ctx context.Context, channel string) (Settings, bool, error)
	// List reads up to limit settings of channels after the one given, by key.
	List(ctx context.Context, after string, limit int) ([]Settings, error)
	// Put writes settings whose stored version is s.Version (0 for none yet) and returns them with the new version;
	// errs.VersionConflict when the stored version is another one.
	Put(ctx context.Context, s Settings) (Settings, error)
}

// Service answers and changes settings. It is safe for concurrent use.
type Service struct {
	store Store
	known *memo.Memo[string, Settings]
}

// New makes a service that remembers settings for life.
func New(store Store, c clock.Clock, life time.Duration) *Service {
	return &Service{store: store, known: memo.New[string, Settings](c, life)}
}

// Get answers the settings in force for a channel, as they were at most the memo's life ago.
func (s *Service) Get(ctx context.Context, channel string) (Settings, error) {
	return s.known.Get(ctx, channel, func(ctx context.Context) (Settings, error) { return s.Read(ctx, channel) })
}

// Read answers the settings in force for a channel now.
func (s *Service) Read(ctx context.Context, channel string) (Settings, error) {
	own, ok, err := s.store.Get(ctx, channel)
	if err != nil || ok {
		return own, err
	}
	return Default(channel), nil
}

// List answers settings that channels have of their own, by key.
func (s *Service) List(ctx context.Context, after string, limit int) ([]Settings, error) {
	return s.store.List(ctx, after, limit)
}

// Update replaces a channel's settings. Fields left empty get their defaults.
func (s *Service) Update(ctx context.Context, wanted Settings) (Settings, error) {
	wanted = wanted.complete()
	if err := wanted.validate(); err != nil {
		return Settings{}, err
	}
	saved, err := s.store.Put(ctx, wanted)
	s.known.Clear()
	return saved, err
}

func (s Settings) complete() Settings {
	d := Default(s.Channel)
	if s.Capture == "" {
		s.Capture = d.Capture
	}
	if s.Display == "" {
		s.Display = d.Display
	}
	if s.Rounding == "" {
		s.Rounding = d.Rounding
	}
	if s.OrderPrefix == "" {
		s.OrderPrefix = d.OrderPrefix
	}
	if s.ShippingTaxClass == "" {
		s.ShippingTaxClass = d.ShippingTaxClass
	}
	return s
}

func (s Settings) validate() error {
	if s.HomeCountry == "" && s.RemoveHomeTax {
		return ErrHome.At("settings.homeCountryCode", "Whose tax is taken out must be said.")
	}
	if _, ok := iso.Country(s.HomeCountry); s.HomeCountry != "" && !ok {
		return ErrHome.At("settings.homeCountryCode", "Must be an ISO 3166-1 alpha-2 code, such as GB.")
	}
	return nil
}
