package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/cart/internal/address"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// Addresses implements the store of package address. It is safe for concurrent use.
type Addresses struct{ q *db.Queries }

var _ address.Store = (*Addresses)(nil)

// NewAddresses returns a store on a database whose schema has the migrations of this package.
func NewAddresses(database *postgres.DB) *Addresses { return &Addresses{q: db.New(database)} }

// Lock makes changes of a customer's addresses wait for each other.
func (s *Addresses) Lock(ctx context.Context, customerID string) error {
	if err := s.q.LockAddresses(ctx, customerID); err != nil {
		return fmt.Errorf("lock addresses: %w", err)
	}
	return nil
}

// Count says how many addresses a customer has.
func (s *Addresses) Count(ctx context.Context, customerID string) (int, error) {
	n, err := s.q.CountAddresses(ctx, customerID)
	if err != nil {
		return 0, fmt.Errorf("count addresses: %w", err)
	}
	return int(n), nil
}

// ClearDefaults takes marks off the other addresses.
func (s *Addresses) ClearDefaults(ctx context.Context, saved address.Saved) error {
	if !saved.DefaultShipping && !saved.DefaultBilling {
		return nil
	}
	err := s.q.ClearDefaultAddresses(ctx, db.ClearDefaultAddressesParams{
		CustomerID: saved.CustomerID, ExceptID: saved.ID, Shipping: saved.DefaultShipping, Billing: saved.DefaultBilling,
	})
	if err != nil {
		return fmt.Errorf("clear default addresses: %w", err)
	}
	return nil
}

// Insert adds an address.
func (s *Addresses) Insert(ctx context.Context, saved address.Saved) (address.Saved, error) {
	doc, err := json.Marshal(saved.Address)
	if err != nil {
		return address.Saved{}, fmt.Errorf("encode address: %w", err)
	}
	row, err := s.q.InsertAddress(ctx, db.InsertAddressParams{
		ID: saved.ID, CustomerID: saved.CustomerID, Label: saved.Label, Address: doc,
		DefaultShipping: saved.DefaultShipping, DefaultBilling: saved.DefaultBilling,
	})
	if err != nil {
		return address.Saved{}, fmt.Errorf("insert address: %w", err)
	}
	saved.Version, saved.CreatedAt, saved.UpdatedAt = row.Version, row.CreatedAt, row.UpdatedAt
	return saved, nil
}

// Update replaces an address.
func (s *Addresses) Update(ctx context.Context, saved address.Saved) (address.Saved, error) {
	doc, err := json.Marshal(saved.Address)
	if err != nil {
		return address.Saved{}, fmt.Errorf("encode address: %w", err)
	}
	row, err := s.q.UpdateAddress(ctx, db.UpdateAddressParams{
		ID: saved.ID, CustomerID: saved.CustomerID, Label: saved.Label, Address: doc,
		DefaultShipping: saved.DefaultShipping, DefaultBilling: saved.DefaultBilling, Version: saved.Version,
	})
	if postgres.NoRows(err) {
		return address.Saved{}, s.whyNot(ctx, saved)
	}
	if err != nil {
		return address.Saved{}, fmt.Errorf("update address: %w", err)
	}
	saved.Version, saved.CreatedAt, saved.UpdatedAt = row.Version, row.CreatedAt, row.UpdatedAt
	return saved, nil
}

// whyNot tells an address that is not there from one with another version.
func (s *Addresses) whyNot(ctx context.Context, saved address.Saved) error {
	exists, err := s.q.AddressExists(ctx, db.AddressExistsParams{ID: saved.ID, CustomerID: saved.CustomerID})
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	if exists {
		return errs.VersionConflict.New("Somebody changed the address in between.")
	}
	return noAddress()
}

func noAddress() error { return address.ErrNotFound.New("There is no such address.") }

// List reads a customer's addresses.
func (s *Addresses) List(ctx context.Context, customerID, after string, limit int) ([]address.Saved, error) {
	if after == "" {
		after = firstUUID
	}
	rows, err := s.q.ListAddresses(ctx, db.ListAddressesParams{CustomerID: customerID, After: after, Page: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	list := make([]address.Saved, len(rows))
	for i, row := range rows {
		list[i] = address.Saved{
			ID: row.ID, CustomerID: row.CustomerID, Label: row.Label, DefaultShipping: row.DefaultShipping,
			DefaultBilling: row.DefaultBilling, Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
		}
		if err := json.Unmarshal(row.Address, &list[i].Address); err != nil {
			return nil, fmt.Errorf("decode address: %w", err)
		}
	}
	return list, nil
}

// Delete removes an address.
func (s *Addresses) Delete(ctx context.Context, customerID, addressID string) error {
	n, err := s.q.DeleteAddress(ctx, db.DeleteAddressParams{ID: addressID, CustomerID: customerID})
	if err != nil {
		return fmt.Errorf("delete address: %w", err)
	}
	if n == 0 {
		return noAddress()
	}
	return nil
}
