package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/money"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// TaxRates implements the store of package tax. It is safe for concurrent use.
type TaxRates struct{ q *db.Queries }

var _ tax.Store = (*TaxRates)(nil)

// NewTaxRates returns a store on a database whose schema has the migrations of this package.
func NewTaxRates(database *postgres.DB) *TaxRates { return &TaxRates{q: db.New(database)} }

// OfCountry reads a country's rates.
func (s *TaxRates) OfCountry(ctx context.Context, country string, since time.Time) ([]tax.Rate, error) {
	rows, err := s.q.CountryTaxRates(ctx, db.CountryTaxRatesParams{Country: country, Since: since})
	if err != nil {
		return nil, fmt.Errorf("read tax rates of %s: %w", country, err)
	}
	return ratesOf(rows), nil
}

// firstUUID sorts before every other.
const firstUUID = "00000000-0000-0000-0000-000000000000"

// List reads rates.
func (s *TaxRates) List(ctx context.Context, f tax.Filter, after tax.Rate, limit int) ([]tax.Rate, error) {
	p := db.ListTaxRatesParams{
		Country: f.Country, Region: f.Region, TaxClass: f.Class, AfterCountry: after.Country, AfterRegion: after.Region,
		AfterPostcode: after.PostcodePattern, AfterClass: after.Class, AfterFrom: after.ValidFrom, AfterID: after.ID, Page: int32(limit),
	}
	if p.AfterID == "" {
		p.AfterID = firstUUID
	}
	if !f.On.IsZero() {
		p.OnDay = &f.On
	}
	rows, err := s.q.ListTaxRates(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("list tax rates: %w", err)
	}
	return ratesOf(rows), nil
}

// Set writes a rate of the merchant's.
func (s *TaxRates) Set(ctx context.Context, r tax.Rate) (tax.Rate, error) {
	p := db.SetTaxRateParams{
		ID: r.ID, Country: r.Country, Region: r.Region, PostcodePattern: r.PostcodePattern, TaxClass: r.Class,
		RatePpm: int64(r.Rate), Name: r.Name, ValidFrom: r.ValidFrom, Version: r.Version,
	}
	if !r.ValidUntil.IsZero() {
		p.ValidUntil = &r.ValidUntil
	}
	row, err := s.q.SetTaxRate(ctx, p)
	if postgres.NoRows(err) {
		return tax.Rate{}, errs.VersionConflict.New("Somebody changed the rate in between.")
	}
	if err != nil {
		return tax.Rate{}, fmt.Errorf("set tax rate: %w", err)
	}
	return rateOf(row), nil
}

// Delete removes a rate of the merchant's.
func (s *TaxRates) Delete(ctx context.Context, rateID string) error {
	n, err := s.q.DeleteMerchantTaxRate(ctx, rateID)
	if err != nil {
		return fmt.Errorf("delete tax rate: %w", err)
	}
	if n == 1 {
		return nil
	}
	_, err = s.q.GetTaxRate(ctx, rateID)
	switch {
	case postgres.NoRows(err):
		return tax.ErrNotFound.New("There is no such tax rate.")
	case err != nil:
		return fmt.Errorf("read tax rate: %w", err)
	default:
		return tax.ErrBuiltIn.New("This tax rate was delivered with the service.")
	}
}

// Classes reads the classes that rates are for.
func (s *TaxRates) Classes(ctx context.Context) ([]string, error) {
	classes, err := s.q.ListTaxClasses(ctx)
	if err != nil {
		return nil, fmt.Errorf("list tax classes: %w", err)
	}
	return classes, nil
}

func ratesOf(rows []db.TaxRate) []tax.Rate {
	rates := make([]tax.Rate, len(rows))
	for i, row := range rows {
		rates[i] = rateOf(row)
	}
	return rates
}

func rateOf(row db.TaxRate) tax.Rate {
	r := tax.Rate{
		ID: row.ID, Country: row.Country, Region: row.Region, PostcodePattern: row.PostcodePattern, Class: row.TaxClass,
		Rate: money.Rate(row.RatePpm), Name: row.Name, ValidFrom: row.ValidFrom, Source: row.Source, Version: row.Version, UpdatedAt: row.UpdatedAt,
	}
	if row.ValidUntil != nil {
		r.ValidUntil = *row.ValidUntil
	}
	return r
}
