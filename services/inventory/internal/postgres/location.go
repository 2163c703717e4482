package postgres

import (
	"context"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// InsertLocation stores a new location; it fails with ErrLocationExists.
func (s *Store) InsertLocation(ctx context.Context, l stock.Location) (stock.Location, error) {
	row, err := s.q.InsertLocation(ctx, db.InsertLocationParams{
		Key: l.Key, Name: l.Name, CountryCode: l.CountryCode, Channels: l.Channels, Priority: l.Priority,
	})
	if postgres.NoRows(err) {
		return stock.Location{}, stock.ErrLocationExists.At("key", "There is a location %q already.", l.Key)
	}
	if err != nil {
		return stock.Location{}, fmt.Errorf("insert location: %w", err)
	}
	return location(row), nil
}

// UpdateLocation stores an edit of the version in l; it fails with VersionConflict or ErrLocationNotFound.
func (s *Store) UpdateLocation(ctx context.Context, l stock.Location) (stock.Location, error) {
	row, err := s.q.UpdateLocation(ctx, db.UpdateLocationParams{
		Key: l.Key, Name: l.Name, CountryCode: l.CountryCode, Channels: l.Channels, Priority: l.Priority,
		Active: l.Active, Version: l.Version,
	})
	if err == nil {
		return location(row), nil
	}
	if !postgres.NoRows(err) {
		return stock.Location{}, fmt.Errorf("update location: %w", err)
	}
	known, err := s.KnownLocations(ctx, []string{l.Key})
	if err != nil {
		return stock.Location{}, err
	}
	if len(known) == 0 {
		return stock.Location{}, stock.ErrLocationNotFound.At("key", "There is no location %q.", l.Key)
	}
	return stock.Location{}, errs.VersionConflict.At("version", "Version %d of the location is not the latest.", l.Version)
}

// ListLocations returns locations with keys behind after, in key order.
func (s *Store) ListLocations(ctx context.Context, channel, after string, limit int) ([]stock.Location, error) {
	rows, err := s.q.ListLocations(ctx, db.ListLocationsParams{After: after, Channel: channel, PageLimit: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list locations: %w", err)
	}
	locations := make([]stock.Location, len(rows))
	for i, row := range rows {
		locations[i] = location(row)
	}
	return locations, nil
}

// KnownLocations returns those of keys that exist.
func (s *Store) KnownLocations(ctx context.Context, keys []string) ([]string, error) {
	known, err := s.q.KnownLocations(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("find locations: %w", err)
	}
	return known, nil
}

func location(row db.Location) stock.Location {
	return stock.Location{
		Key: row.Key, Name: row.Name, CountryCode: row.CountryCode, Channels: row.Channels, Priority: row.Priority,
		Active: row.Active, Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}
