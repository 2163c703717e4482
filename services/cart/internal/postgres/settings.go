package postgres

import (
	"context"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/cart/internal/settings"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// Settings implements the store of package settings. It is safe for concurrent use.
type Settings struct{ q *db.Queries }

var _ settings.Store = (*Settings)(nil)

// NewSettings returns a store on a database whose schema has the migrations of this package.
func NewSettings(database *postgres.DB) *Settings { return &Settings{q: db.New(database)} }

// Get reads a channel's own settings.
func (s *Settings) Get(ctx context.Context, channel string) (settings.Settings, bool, error) {
	row, err := s.q.GetChannelSettings(ctx, channel)
	if postgres.NoRows(err) {
		return settings.Settings{}, false, nil
	}
	if err != nil {
		return settings.Settings{}, false, fmt.Errorf("read channel settings: %w", err)
	}
	return settingsOf(row), true, nil
}

// List reads settings by channel.
func (s *Settings) List(ctx context.Context, after string, limit int) ([]settings.Settings, error) {
	rows, err := s.q.ListChannelSettings(ctx, db.ListChannelSettingsParams{After: after, Page: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list channel settings: %w", err)
	}
	list := make([]settings.Settings, len(rows))
	for i, row := range rows {
		list[i] = settingsOf(row)
	}
	return list, nil
}

// Put writes settings.
func (s *Settings) Put(ctx context.Context, wanted settings.Settings) (settings.Settings, error) {
	var err error
	if wanted.Version == 0 {
		var row db.InsertChannelSettingsRow
		row, err = s.q.InsertChannelSettings(ctx, db.InsertChannelSettingsParams{
			Channel: wanted.Channel, Capture: string(wanted.Capture), TaxDisplay: string(wanted.Display), Rounding: string(wanted.Rounding),
			OrderPrefix: wanted.OrderPrefix, ShippingTaxClass: wanted.ShippingTaxClass,
			ShippingTaxProportional: wanted.ShippingTaxProportional, HomeCountry: wanted.HomeCountry, RemoveHomeTax: wanted.RemoveHomeTax,
		})
		wanted.Version, wanted.UpdatedAt = row.Version, row.UpdatedAt
	} else {
		var row db.UpdateChannelSettingsRow
		row, err = s.q.UpdateChannelSettings(ctx, db.UpdateChannelSettingsParams{
			Channel: wanted.Channel, Capture: string(wanted.Capture), TaxDisplay: string(wanted.Display), Rounding: string(wanted.Rounding),
			OrderPrefix: wanted.OrderPrefix, ShippingTaxClass: wanted.ShippingTaxClass, Version: wanted.Version,
			ShippingTaxProportional: wanted.ShippingTaxProportional, HomeCountry: wanted.HomeCountry, RemoveHomeTax: wanted.RemoveHomeTax,
		})
		wanted.Version, wanted.UpdatedAt = row.Version, row.UpdatedAt
	}
	if postgres.NoRows(err) {
		return settings.Settings{}, errs.VersionConflict.New("Somebody changed the settings in between.")
	}
	if err != nil {
		return settings.Settings{}, fmt.Errorf("write channel settings: %w", err)
	}
	return wanted, nil
}

func settingsOf(row db.ChannelSetting) settings.Settings {
	return settings.Settings{
		Channel: row.Channel, Capture: settings.Capture(row.Capture), Display: settings.Display(row.TaxDisplay),
		Rounding: tax.Policy(row.Rounding), OrderPrefix: row.OrderPrefix, ShippingTaxClass: row.ShippingTaxClass,
		ShippingTaxProportional: row.ShippingTaxProportional, HomeCountry: row.HomeCountry, RemoveHomeTax: row.RemoveHomeTax,
		Version: row.Version, UpdatedAt: row.UpdatedAt,
	}
}
