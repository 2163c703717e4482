package tax

import (
	"context"
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/memo"
	"github.com/cartwright-shop/cartwright/services/cart/internal/usa"
	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/iso"
)

// The ways to fail that callers of the API handle.
var (
	ErrNotFound = errs.Define(errs.NotFound, "TAX_RATE_NOT_FOUND", "There is no tax rate with this id.")
	ErrBuiltIn  = errs.Define(errs.FailedPrecondition, "TAX_RATE_BUILT_IN", "Delivered tax rates cannot be removed; set one of your own instead.")
	ErrCountry  = errs.Define(errs.Invalid, "COUNTRY_INVALID", "The country does not exist or is needed and missing.")
	ErrRegion   = errs.Define(errs.Invalid, "REGION_INVALID", "The region does not exist in the country.")
	ErrPattern  = errs.Define(errs.Invalid, "PATTERN_INVALID", "The text is no regular expression.")
	ErrDate     = errs.Define(errs.Invalid, "DATE_INVALID", "The text is no day.")
	ErrRange    = errs.Define(errs.Invalid, "RANGE_INVALID", "The end of the time is not after its beginning.")
)

// Filter narrows a list of rates; empty fields match all.
type Filter struct {
	// Country, Region and Class are exact.
	Country, Region, Class string
	// On keeps rates in force on a day; zero keeps all.
	On time.Time
}

// Store keeps rates.
type Store interface {
	// OfCountry reads a country's rates that are or will be in force after a day.
	OfCountry(ctx context.Context, country string, since time.Time) ([]Rate, error)
	// List reads up to limit rates after the one given, in the order of its place, class, first day and id.
	List(ctx context.Context, f Filter, after Rate, limit int) ([]Rate, error)
	// Set writes the merchant's rate for its place, class and first day, whose stored version must be r.Version unless that
	// is 0; errs.VersionConflict when it is not.
	Set(ctx context.Context, r Rate) (Rate, error)
	// Delete removes a rate of the merchant's; ErrNotFound or ErrBuiltIn.
	Delete(ctx context.Context, rateID string) error
	// Classes reads the classes that rates are for.
	Classes(ctx context.Context) ([]string, error)
}

// Service answers and changes rates. It is safe for concurrent use.
type Service struct {
	store Store
	known *memo.Memo[string, CountryRates]
}

// New makes a service that remembers rates for life.
func New(store Store, c clock.Clock, life time.Duration) *Service {
	return &Service{store: store, known: memo.New[string, CountryRates](c, life)}
}

// At answers the table of charges at a place on a day, as it was at most the memo's life ago.
func (s *Service) At(ctx context.Context, place Place, day time.Time) (Table, error) {
	rates, err := s.known.Get(ctx, place.Country, func(ctx context.Context) (CountryRates, error) {
		list, err := s.store.OfCountry(ctx, place.Country, day.AddDate(0, 0, -1))
		if err != nil {
			return CountryRates{}, err
		}
		return Compile(place.Country, list)
	})
	if err != nil {
		return Table{}, err
	}
	return rates.At(place, day), nil
}

// List answers rates.
func (s *Service) List(ctx context.Context, f Filter, after Rate, limit int) ([]Rate, error) {
	return s.store.List(ctx, f, after, limit)
}

// Set adds or replaces a rate of the merchant's own.
func (s *Service) Set(ctx context.Context, r Rate) (Rate, error) {
	if err := r.validate(); err != nil {
		return Rate{}, err
	}
	r.ID, r.Source = id.New(), Merchant
	saved, err := s.store.Set(ctx, r)
	s.known.Clear()
	return saved, err
}

// Delete removes a rate of the merchant's own.
func (s *Service) Delete(ctx context.Context, rateID string) error {
	err := s.store.Delete(ctx, rateID)
	s.known.Clear()
	return err
}

func (r Rate) validate() error {
	if _, ok := iso.Country(r.Country); !ok {
		return ErrCountry.At("countryCode", "Must be an ISO 3166-1 alpha-2 code, such as GB.")
	}
	if _, ok := usa.FindState(r.Region); r.Country == "US" && r.Region != "" && !ok {
		return ErrRegion.At("region", "Must be the two-letter code of a state of the US, such as CA.")
	}
	if _, err := CompilePostcode(r.PostcodePattern); err != nil {
		return ErrPattern.At("postcodePattern", "Must be a regular expression.").Because(err)
	}
	if !r.ValidUntil.IsZero() && !r.ValidUntil.After(r.ValidFrom) {
		return ErrRange.At("validUntil", "Must be after validFrom.")
	}
	return nil
}

// Class is a kind of goods that is taxed alike.
type Class struct {
	// Key names it.
	Key string
	// Description is what it is for; empty for the merchant's own.
	Description string
	// BuiltIn tells whether rates are delivered for it.
	BuiltIn bool
}

// BuiltIn are the classes that rates are delivered for.
func BuiltIn() []Class {
	return []Class{
		{Key: Standard, Description: "Most goods and services.", BuiltIn: true},
		{Key: Reduced, Description: "Goods that the country taxes at its first reduced rate, such as food or books in many.", BuiltIn: true},
		{Key: SuperReduced, Description: "Goods that the country taxes at its lowest rate above zero.", BuiltIn: true},
		{Key: Zero, Description: "Goods that are taxed at 0 %.", BuiltIn: true},
	}
}

// Classes answers the built-in classes, then those of the merchant's rates.
func (s *Service) Classes(ctx context.Context) ([]Class, error) {
	keys, err := s.store.Classes(ctx)
	if err != nil {
		return nil, err
	}
	classes := BuiltIn()
	for _, key := range keys {
		if !slices.ContainsFunc(classes, func(c Class) bool { return c.Key == key }) {
			classes = append(classes, Class{Key: key})
		}
	}
	return classes, nil
}
