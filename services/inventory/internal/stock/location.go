package stock

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/iso"
)

// Location is a place that holds stock and ships it.
type Location struct {
	// Key names it in requests and never changes.
	Key string
	// Name is for people.
	Name string
	// CountryCode is the ISO 3166-1 alpha-2 code it ships from.
	CountryCode string
	// Channels are those it serves, sorted; empty serves all.
	Channels []string
	// Priority is its place in the order in which stock is taken, lowest first.
	Priority int32
	// Active says whether new reservations may take from it.
	Active bool
	// Version counts its edits from 1.
	Version int64
	// CreatedAt is when it was created.
	CreatedAt time.Time
	// UpdatedAt is when it was last edited.
	UpdatedAt time.Time
}

// CreateLocation stores a new, active location.
func (s *Service) CreateLocation(ctx context.Context, l Location) (Location, error) {
	l, err := l.normalized()
	if err != nil {
		return Location{}, err
	}
	created, err := s.store.InsertLocation(ctx, l)
	if err != nil {
		return Location{}, fmt.Errorf("create location: %w", err)
	}
	return created, nil
}

// UpdateLocation replaces what may be edited. What an inactive location has allocated already is still shipped from it.
func (s *Service) UpdateLocation(ctx context.Context, l Location) (Location, error) {
	l, err := l.normalized()
	if err != nil {
		return Location{}, err
	}
	updated, err := s.store.UpdateLocation(ctx, l)
	if err != nil {
		return Location{}, fmt.Errorf("update location: %w", err)
	}
	if s.memo != nil {
		s.memo.clear()
	}
	return updated, nil
}

// ListLocations returns locations behind after in key order, of one channel or of all.
func (s *Service) ListLocations(ctx context.Context, channel, after string, limit int) ([]Location, error) {
	locations, err := s.store.ListLocations(ctx, channel, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list locations: %w", err)
	}
	return locations, nil
}

func (l Location) normalized() (Location, error) {
	if _, known := iso.Country(l.CountryCode); !known {
		return Location{}, ErrCountryInvalid.At("countryCode", "%q is not an ISO 3166-1 country code.", l.CountryCode)
	}
	l.Channels = slices.Compact(slices.Sorted(slices.Values(l.Channels)))
	if l.Channels == nil {
		l.Channels = []string{}
	}
	return l, nil
}

// requireLocations fails with ErrLocationNotFound at the path of the first key nobody created.
func (s *Service) requireLocations(ctx context.Context, keys []string, path func(i int) string) error {
	distinct := slices.Compact(slices.Sorted(slices.Values(keys)))
	known, err := s.store.KnownLocations(ctx, distinct)
	if err != nil {
		return fmt.Errorf("find locations: %w", err)
	}
	for i, key := range keys {
		if !slices.Contains(known, key) {
			return ErrLocationNotFound.At(path(i), "There is no location %q.", key)
		}
	}
	return nil
}
