package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/cart/internal/shipping"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// Zones implements the store of package shipping. It is safe for concurrent use.
type Zones struct{ q *db.Queries }

var _ shipping.Store = (*Zones)(nil)

// NewZones returns a store on a database whose schema has the migrations of this package.
func NewZones(database *postgres.DB) *Zones { return &Zones{q: db.New(database)} }

// Of reads all zones of a channel and currency.
func (s *Zones) Of(ctx context.Context, channel, currency string) ([]shipping.Zone, error) {
	rows, err := s.q.ZonesOf(ctx, db.ZonesOfParams{Channel: channel, Currency: currency})
	if err != nil {
		return nil, fmt.Errorf("read shipping zones: %w", err)
	}
	return zonesOf(rows)
}

// Get reads a zone.
func (s *Zones) Get(ctx context.Context, key string) (shipping.Zone, error) {
	row, err := s.q.GetZone(ctx, key)
	if postgres.NoRows(err) {
		return shipping.Zone{}, noZone()
	}
	if err != nil {
		return shipping.Zone{}, fmt.Errorf("read shipping zone: %w", err)
	}
	return zoneOf(row)
}

// List reads zones by key.
func (s *Zones) List(ctx context.Context, channel, after string, limit int) ([]shipping.Zone, error) {
	rows, err := s.q.ListZones(ctx, db.ListZonesParams{Channel: channel, After: after, Page: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list shipping zones: %w", err)
	}
	return zonesOf(rows)
}

// Insert adds a zone.
func (s *Zones) Insert(ctx context.Context, z shipping.Zone) (shipping.Zone, error) {
	locations, methods, err := zoneDocuments(z)
	if err != nil {
		return shipping.Zone{}, err
	}
	row, err := s.q.InsertZone(ctx, db.InsertZoneParams{
		Key: z.Key, Name: z.Name, Channel: z.Channel, Currency: z.Currency, Locations: locations, Priority: z.Priority, Methods: methods,
	})
	if postgres.NoRows(err) {
		return shipping.Zone{}, errs.AlreadyExistsKind.At("zone.key", "There is a shipping zone with this key already.")
	}
	if err != nil {
		return shipping.Zone{}, fmt.Errorf("insert shipping zone: %w", err)
	}
	z.Version, z.UpdatedAt = row.Version, row.UpdatedAt
	return z, nil
}

// Update replaces a zone.
func (s *Zones) Update(ctx context.Context, z shipping.Zone) (shipping.Zone, error) {
	locations, methods, err := zoneDocuments(z)
	if err != nil {
		return shipping.Zone{}, err
	}
	row, err := s.q.UpdateZone(ctx, db.UpdateZoneParams{
		Key: z.Key, Name: z.Name, Channel: z.Channel, Currency: z.Currency, Locations: locations, Priority: z.Priority, Methods: methods,
		Version: z.Version,
	})
	if postgres.NoRows(err) {
		return shipping.Zone{}, s.whyNot(ctx, z.Key)
	}
	if err != nil {
		return shipping.Zone{}, fmt.Errorf("update shipping zone: %w", err)
	}
	z.Version, z.UpdatedAt = row.Version, row.UpdatedAt
	return z, nil
}

// Delete removes a zone.
func (s *Zones) Delete(ctx context.Context, key string, version int64) error {
	n, err := s.q.DeleteZone(ctx, db.DeleteZoneParams{Key: key, Version: version})
	if err != nil {
		return fmt.Errorf("delete shipping zone: %w", err)
	}
	if n == 0 {
		return s.whyNot(ctx, key)
	}
	return nil
}

// whyNot tells a zone that is not there from one with another version.
func (s *Zones) whyNot(ctx context.Context, key string) error {
	_, err := s.q.GetZone(ctx, key)
	switch {
	case postgres.NoRows(err):
		return noZone()
	case err != nil:
		return fmt.Errorf("read shipping zone: %w", err)
	default:
		return errs.VersionConflict.New("Somebody changed the shipping zone in between.")
	}
}

func noZone() error { return shipping.ErrZone.New("There is no such shipping zone.") }

func zoneDocuments(z shipping.Zone) (locations, methods []byte, err error) {
	if locations, err = json.Marshal(z.Locations); err != nil {
		return nil, nil, fmt.Errorf("encode shipping zone: %w", err)
	}
	if methods, err = json.Marshal(z.Methods); err != nil {
		return nil, nil, fmt.Errorf("encode shipping zone: %w", err)
	}
	return locations, methods, nil
}

func zonesOf(rows []db.ShippingZone) ([]shipping.Zone, error) {
	zones := make([]shipping.Zone, len(rows))
	for i, row := range rows {
		var err error
		if zones[i], err = zoneOf(row); err != nil {
			return nil, err
		}
	}
	return zones, nil
}

func zoneOf(row db.ShippingZone) (shipping.Zone, error) {
	z := shipping.Zone{
		Key: row.Key, Name: row.Name, Channel: row.Channel, Currency: row.Currency, Priority: row.Priority, Version: row.Version,
		UpdatedAt: row.UpdatedAt,
	}
	if err := json.Unmarshal(row.Locations, &z.Locations); err != nil {
		return shipping.Zone{}, fmt.Errorf("decode shipping zone: %w", err)
	}
	if err := json.Unmarshal(row.Methods, &z.Methods); err != nil {
		return shipping.Zone{}, fmt.Errorf("decode shipping zone: %w", err)
	}
	return z, nil
}
