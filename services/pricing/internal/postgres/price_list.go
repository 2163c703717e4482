package postgres

import (
	"context"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/platform/money"
	platform "github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
)

// CreatePriceList implements pricelist.Store.
func (s *Store) CreatePriceList(ctx context.Context, l pricelist.PriceList) (pricelist.PriceList, error) {
	row, err := s.queries.CreatePriceList(ctx, db.CreatePriceListParams{
		Key: l.Key, Name: l.Name, CurrencyCode: l.Currency,
		Channels: list(l.Channels), CountryCodes: list(l.Countries), CustomerGroups: list(l.Groups),
		Priority: l.Priority, ValidFrom: l.ValidFrom, ValidUntil: l.ValidUntil, Active: l.Active,
	})
	if platform.NoRows(err) {
		return pricelist.PriceList{}, pricelist.ErrExists.At("priceList.key", "The key %s is taken.", l.Key)
	}
	if err != nil {
		return pricelist.PriceList{}, fmt.Errorf("create price list: %w", err)
	}
	return priceList(row), nil
}

// UpdatePriceList implements pricelist.Store.
func (s *Store) UpdatePriceList(ctx context.Context, l pricelist.PriceList) (pricelist.PriceList, bool, error) {
	row, err := s.queries.UpdatePriceList(ctx, db.UpdatePriceListParams{
		Key: l.Key, Name: l.Name, Version: l.Version,
		Channels: list(l.Channels), CountryCodes: list(l.Countries), CustomerGroups: list(l.Groups),
		Priority: l.Priority, ValidFrom: l.ValidFrom, ValidUntil: l.ValidUntil, Active: l.Active,
	})
	if platform.NoRows(err) {
		return pricelist.PriceList{}, false, nil
	}
	if err != nil {
		return pricelist.PriceList{}, false, fmt.Errorf("update price list: %w", err)
	}
	return priceList(row), true, nil
}

// PriceList implements pricelist.Store.
func (s *Store) PriceList(ctx context.Context, key string) (pricelist.PriceList, error) {
	row, err := s.queries.GetPriceList(ctx, key)
	return found(row, key, err)
}

// HoldPriceList implements pricelist.Store.
func (s *Store) HoldPriceList(ctx context.Context, key string) (pricelist.PriceList, error) {
	row, err := s.queries.HoldPriceList(ctx, key)
	return found(row, key, err)
}

func found(row db.PriceList, key string, err error) (pricelist.PriceList, error) {
	if platform.NoRows(err) {
		return pricelist.PriceList{}, pricelist.ErrNotFound.New("There is no price list %s.", key)
	}
	if err != nil {
		return pricelist.PriceList{}, fmt.Errorf("get price list: %w", err)
	}
	return priceList(row), nil
}

// PriceLists implements pricelist.Store.
func (s *Store) PriceLists(ctx context.Context, currency, after string, limit int) ([]pricelist.PriceList, error) {
	rows, err := s.queries.ListPriceLists(ctx, db.ListPriceListsParams{
		After: after, CurrencyCode: currency, MaxRows: int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("list price lists: %w", err)
	}
	lists := make([]pricelist.PriceList, len(rows))
	for i, row := range rows {
		lists[i] = priceList(row)
	}
	return lists, nil
}

// DeletePriceList implements pricelist.Store.
func (s *Store) DeletePriceList(ctx context.Context, key string, version int64) (bool, error) {
	n, err := s.queries.DeletePriceList(ctx, db.DeletePriceListParams{Key: key, Version: version})
	if err != nil {
		return false, fmt.Errorf("delete price list: %w", err)
	}
	return n == 1, nil
}

// noAmount stands for NULL in an array of amounts.
const noAmount = -1

// SetPrices implements pricelist.Store.
func (s *Store) SetPrices(ctx context.Context, key string, prices []pricelist.Price) (int, error) {
	params := db.SetPricesParams{PriceListKey: key}
	for _, price := range prices {
		params.Skus = append(params.Skus, price.SKU)
		params.MinQuantities = append(params.MinQuantities, price.MinQuantity)
		params.Amounts = append(params.Amounts, price.Amount.Minor)
		compareAt := int64(noAmount)
		if price.CompareAt != nil {
			compareAt = price.CompareAt.Minor
		}
		params.CompareAts = append(params.CompareAts, compareAt)
	}
	n, err := s.queries.SetPrices(ctx, params)
	if err != nil {
		return 0, fmt.Errorf("set prices: %w", err)
	}
	return int(n), nil
}

// DeletePrices implements pricelist.Store.
func (s *Store) DeletePrices(ctx context.Context, key string, prices []pricelist.PriceKey) (int, error) {
	params := db.DeletePricesParams{PriceListKey: key}
	for _, price := range prices {
		params.Skus = append(params.Skus, price.SKU)
		params.MinQuantities = append(params.MinQuantities, price.MinQuantity)
	}
	n, err := s.queries.DeletePrices(ctx, params)
	if err != nil {
		return 0, fmt.Errorf("delete prices: %w", err)
	}
	return int(n), nil
}

// Prices implements pricelist.Store.
func (s *Store) Prices(ctx context.Context, q pricelist.PricePage) ([]pricelist.Price, error) {
	params := db.ListPricesParams{
		PriceListKey: q.List.Key, AfterSku: q.After.SKU, AfterMinQuantity: q.After.MinQuantity, MaxRows: int32(q.Limit),
	}
	var rows []db.ListPricesRow
	var err error
	if len(q.SKUs) == 0 {
		rows, err = s.queries.ListPrices(ctx, params)
	} else {
		var some []db.ListPricesOfSkusRow
		some, err = s.queries.ListPricesOfSkus(ctx, db.ListPricesOfSkusParams{
			PriceListKey: params.PriceListKey, Skus: q.SKUs,
			AfterSku: params.AfterSku, AfterMinQuantity: params.AfterMinQuantity, MaxRows: params.MaxRows,
		})
		for _, row := range some {
			rows = append(rows, db.ListPricesRow(row))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("list prices: %w", err)
	}
	prices := make([]pricelist.Price, len(rows))
	for i, row := range rows {
		prices[i] = pricelist.Price{
			SKU: row.Sku, MinQuantity: row.MinQuantity, UpdatedAt: row.UpdatedAt,
			Amount: money.Money{Currency: q.List.Currency, Minor: row.AmountMinor},
		}
		if row.CompareAtMinor != nil {
			prices[i].CompareAt = &money.Money{Currency: q.List.Currency, Minor: *row.CompareAtMinor}
		}
	}
	return prices, nil
}

// Candidates implements pricelist.Store and quote.Store.
func (s *Store) Candidates(ctx context.Context, skus []string, buyer pricelist.Buyer) ([]pricelist.Candidate, error) {
	rows, err := s.queries.ListCandidates(ctx, db.ListCandidatesParams{
		CurrencyCode: buyer.Currency, Channel: buyer.Channel, CountryCode: buyer.Country,
		CustomerGroups: list(buyer.Groups), At: buyer.At, Skus: skus,
	})
	if err != nil {
		return nil, fmt.Errorf("read prices: %w", err)
	}
	candidates := make([]pricelist.Candidate, len(rows))
	for i, row := range rows {
		candidates[i] = pricelist.Candidate{
			ListKey: row.Key, Priority: row.Priority,
			ForGroup: row.ForGroup, ForCountry: row.ForCountry, ForChannel: row.ForChannel,
			SKU: row.Sku, MinQuantity: row.MinQuantity, Minor: row.AmountMinor, CompareAtMinor: row.CompareAtMinor,
		}
	}
	return candidates, nil
}

func priceList(row db.PriceList) pricelist.PriceList {
	return pricelist.PriceList{
		Key: row.Key, Name: row.Name, Currency: row.CurrencyCode,
		Channels: row.Channels, Countries: row.CountryCodes, Groups: row.CustomerGroups,
		Priority: row.Priority, ValidFrom: row.ValidFrom, ValidUntil: row.ValidUntil, Active: row.Active,
		Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}
