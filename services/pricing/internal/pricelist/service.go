package pricelist

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/page"
)

// Sizes of a page of a list.
const (
	defaultPage = 50
	maxPage     = 200
)

// Store keeps price lists. Its methods join the transaction of the context.
type Store interface {
	// CreatePriceList fails with ErrExists when the key is taken.
	CreatePriceList(ctx context.Context, list PriceList) (PriceList, error)
	// UpdatePriceList replaces the list when its version is still list.Version; false when it is not.
	UpdatePriceList(ctx context.Context, list PriceList) (PriceList, bool, error)
	// PriceList fails with ErrNotFound.
	PriceList(ctx context.Context, key string) (PriceList, error)
	// PriceLists reads lists after a key, at most limit, in one currency or all.
	PriceLists(ctx context.Context, currency, after string, limit int) ([]PriceList, error)
	// DeletePriceList deletes the list with its prices when its version is still the one given; false when it is not.
	DeletePriceList(ctx context.Context, key string, version int64) (bool, error)
	// HoldPriceList keeps the list from being deleted until the transaction ends. It fails with ErrNotFound.
	HoldPriceList(ctx context.Context, key string) (PriceList, error)
	// SetPrices inserts or replaces prices and says how many differ from before.
	SetPrices(ctx context.Context, key string, prices []Price) (int, error)
	// DeletePrices says how many there were.
	DeletePrices(ctx context.Context, key string, prices []PriceKey) (int, error)
	// Prices reads prices of a list by SKU and tier.
	Prices(ctx context.Context, q PricePage) ([]Price, error)
	// Candidates reads the prices of distinct SKUs in every list that is for the buyer now.
	Candidates(ctx context.Context, skus []string, buyer Buyer) ([]Candidate, error)
}

// PricePage asks the store for prices of a list.
type PricePage struct {
	// List is whose prices are asked for.
	List PriceList
	// SKUs restricts them; empty: all.
	SKUs []string
	// After is the last price of the page before.
	After PriceKey
	// Limit is how many to read at most.
	Limit int
}

// Service manages price lists and answers prices.
type Service struct{ store Store }

// New returns the service on a store.
func New(store Store) *Service { return &Service{store: store} }

// CreatePriceList makes a list.
func (s *Service) CreatePriceList(ctx context.Context, list PriceList) (PriceList, error) {
	if err := list.Validate(); err != nil {
		return PriceList{}, err
	}
	return s.store.CreatePriceList(ctx, list)
}

// UpdatePriceList replaces what a list is for. Its currency stays: its amounts are in it.
func (s *Service) UpdatePriceList(ctx context.Context, list PriceList) (PriceList, error) {
	if err := list.Validate(); err != nil {
		return PriceList{}, err
	}
	before, err := s.store.PriceList(ctx, list.Key)
	if err != nil {
		return PriceList{}, err
	}
	if before.Currency != list.Currency {
		return PriceList{}, ErrCurrencyMixed.At("priceList.currencyCode", "The price list is in %s and stays so.", before.Currency)
	}
	updated, ok, err := s.store.UpdatePriceList(ctx, list)
	if err != nil {
		return PriceList{}, err
	}
	if !ok {
		return PriceList{}, VersionConflict("priceList.version")
	}
	return updated, nil
}

// GetPriceList reads a list.
func (s *Service) GetPriceList(ctx context.Context, key string) (PriceList, error) {
	return s.store.PriceList(ctx, key)
}

// ListPriceLists reads a page of lists by key, and the token of the next one.
func (s *Service) ListPriceLists(ctx context.Context, currency string, pageSize int32, pageToken string) ([]PriceList, string, error) {
	size, err := page.Size(pageSize, defaultPage, maxPage)
	if err != nil {
		return nil, "", err
	}
	scope := "price_lists currency=" + currency
	var after string
	if err := page.Decode(scope, pageToken, &after); err != nil {
		return nil, "", err
	}
	lists, err := s.store.PriceLists(ctx, currency, after, size+1)
	if err != nil || len(lists) <= size {
		return lists, "", err
	}
	next, err := page.Encode(scope, lists[size-1].Key)
	return lists[:size], next, err
}

// DeletePriceList deletes a list with its prices.
func (s *Service) DeletePriceList(ctx context.Context, key string, version int64) error {
	if _, err := s.store.PriceList(ctx, key); err != nil {
		return err
	}
	ok, err := s.store.DeletePriceList(ctx, key, version)
	if err != nil {
		return err
	}
	if !ok {
		return VersionConflict("version")
	}
	return nil
}

// SetPrices sets prices of a list and says how many differ from before. It runs in a transaction of the caller.
func (s *Service) SetPrices(ctx context.Context, key string, entries []Price) (int, error) {
	list, err := s.store.HoldPriceList(ctx, key)
	if err != nil {
		return 0, err
	}
	entries = slices.Clone(entries)
	if err := validateEntries(list, entries); err != nil {
		return 0, err
	}
	// Rows are locked in one order by everybody, so that imports of the same SKUs wait instead of deadlocking.
	slices.SortFunc(entries, func(a, b Price) int {
		return compareKeys(PriceKey{a.SKU, a.MinQuantity}, PriceKey{b.SKU, b.MinQuantity})
	})
	return s.store.SetPrices(ctx, key, entries)
}

// DeletePrices deletes prices of a list and says how many there were.
func (s *Service) DeletePrices(ctx context.Context, key string, prices []PriceKey) (int, error) {
	if _, err := s.store.PriceList(ctx, key); err != nil {
		return 0, err
	}
	return s.store.DeletePrices(ctx, key, prices)
}

// PriceQuery asks for a page of a list's prices.
type PriceQuery struct {
	// ListKey names the list.
	ListKey string
	// SKUs restricts it; empty: all.
	SKUs []string
	// PageSize is the number of prices; 0: the default.
	PageSize int32
	// PageToken is that of the page before.
	PageToken string
}

// ListPrices reads a page of a list's prices by SKU and tier, and the token of the next one.
func (s *Service) ListPrices(ctx context.Context, q PriceQuery) ([]Price, string, error) {
	size, err := page.Size(q.PageSize, defaultPage, maxPage)
	if err != nil {
		return nil, "", err
	}
	skus := slices.Clone(q.SKUs)
	slices.Sort(skus)
	skus = slices.Compact(skus)
	scope := fmt.Sprintf("prices list=%s skus=%q", q.ListKey, skus)
	var after PriceKey
	if err := page.Decode(scope, q.PageToken, &after); err != nil {
		return nil, "", err
	}
	list, err := s.store.PriceList(ctx, q.ListKey)
	if err != nil {
		return nil, "", err
	}
	prices, err := s.store.Prices(ctx, PricePage{List: list, SKUs: skus, After: after, Limit: size + 1})
	if err != nil || len(prices) <= size {
		return prices, "", err
	}
	last := prices[size-1]
	next, err := page.Encode(scope, PriceKey{SKU: last.SKU, MinQuantity: last.MinQuantity})
	return prices[:size], next, err
}

// BatchGetPrices answers what SKUs cost a buyer. A SKU without a price is not in the answer.
func (s *Service) BatchGetPrices(ctx context.Context, skus []string, buyer Buyer) (map[string]Ladder, error) {
	if err := CheckBuyer(ctx, "context", buyer); err != nil {
		return nil, err
	}
	skus = slices.Clone(skus)
	slices.Sort(skus)
	candidates, err := s.store.Candidates(ctx, slices.Compact(skus), buyer)
	if err != nil {
		return nil, err
	}
	return Resolve(buyer.Currency, candidates), nil
}

// CheckBuyer validates a buyer at path and that only staff and services ask for another time than now.
func CheckBuyer(ctx context.Context, path string, buyer Buyer) error {
	if err := buyer.Validate(path); err != nil {
		return err
	}
	if buyer.At == nil {
		return nil
	}
	if kind := identity.From(ctx).Kind; kind != identity.Staff && kind != identity.Service {
		return ErrAtNotAllowed.At(path+".at", "Only staff may ask for the prices of another time.")
	}
	return nil
}

// VersionConflict is the error of an update whose version, at path, is not the last one.
func VersionConflict(path string) error {
	return errs.VersionConflict.At(path, "It changed since it was read.")
}

func compareKeys(a, b PriceKey) int {
	if c := strings.Compare(a.SKU, b.SKU); c != 0 {
		return c
	}
	return int(a.MinQuantity) - int(b.MinQuantity)
}
