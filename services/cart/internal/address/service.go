package address

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// MaxSaved is the most addresses a customer keeps.
const MaxSaved = 50

// Saved is an address a customer keeps.
type Saved struct {
	// ID names it, UUIDv7.
	ID string
	// CustomerID is whose it is.
	CustomerID string
	// Label is the customer's name for it.
	Label string
	// Address is the address.
	Address Address
	// DefaultShipping and DefaultBilling mark the usual ones; at most one of a customer's is each.
	DefaultShipping, DefaultBilling bool
	// Version grows with every change.
	Version int64
	// CreatedAt and UpdatedAt are by the database's clock.
	CreatedAt, UpdatedAt time.Time
}

// Store keeps saved addresses. Every method joins the transaction of its context.
type Store interface {
	// Lock makes changes of a customer's addresses wait for each other until the transaction ends.
	Lock(ctx context.Context, customerID string) error
	// Count says how many a customer has.
	Count(ctx context.Context, customerID string) (int, error)
	// ClearDefaults takes the marks of s off the customer's other addresses.
	ClearDefaults(ctx context.Context, s Saved) error
	// Insert adds one.
	Insert(ctx context.Context, s Saved) (Saved, error)
	// Update replaces one whose stored version is s.Version (0 for any); ErrNotFound or errs.VersionConflict.
	Update(ctx context.Context, s Saved) (Saved, error)
	// List reads up to limit after an id, oldest first.
	List(ctx context.Context, customerID, after string, limit int) ([]Saved, error)
	// Delete removes one; ErrNotFound when the customer has no such address.
	Delete(ctx context.Context, customerID, addressID string) error
}

// Service keeps the addresses of the calling customer. Its changes must run in a transaction.
type Service struct{ store Store }

// New makes a service.
func New(store Store) *Service { return &Service{store: store} }

// Create saves an address.
func (s *Service) Create(ctx context.Context, saved Saved) (Saved, error) {
	saved, err := prepare(ctx, saved)
	if err != nil {
		return Saved{}, err
	}
	if err := s.store.Lock(ctx, saved.CustomerID); err != nil {
		return Saved{}, err
	}
	n, err := s.store.Count(ctx, saved.CustomerID)
	if err != nil {
		return Saved{}, err
	}
	if n >= MaxSaved {
		return Saved{}, ErrLimit.New("At most %d addresses can be saved.", MaxSaved)
	}
	saved.ID = id.New()
	if err := s.store.ClearDefaults(ctx, saved); err != nil {
		return Saved{}, err
	}
	return s.store.Insert(ctx, saved)
}

// Update replaces a saved address.
func (s *Service) Update(ctx context.Context, saved Saved) (Saved, error) {
	saved, err := prepare(ctx, saved)
	if err != nil {
		return Saved{}, err
	}
	if err := s.store.Lock(ctx, saved.CustomerID); err != nil {
		return Saved{}, err
	}
	if err := s.store.ClearDefaults(ctx, saved); err != nil {
		return Saved{}, err
	}
	return s.store.Update(ctx, saved)
}

// List answers the caller's addresses, oldest first.
func (s *Service) List(ctx context.Context, after string, limit int) ([]Saved, error) {
	customer, err := customerOf(ctx)
	if err != nil {
		return nil, err
	}
	return s.store.List(ctx, customer, after, limit)
}

// Delete removes a saved address.
func (s *Service) Delete(ctx context.Context, addressID string) error {
	customer, err := customerOf(ctx)
	if err != nil {
		return err
	}
	return s.store.Delete(ctx, customer, addressID)
}

func prepare(ctx context.Context, saved Saved) (Saved, error) {
	var err error
	if saved.CustomerID, err = customerOf(ctx); err != nil {
		return Saved{}, err
	}
	saved.Address, err = Clean("address", saved.Address)
	return saved, err
}

func customerOf(ctx context.Context) (string, error) {
	caller := identity.From(ctx)
	if caller.Kind != identity.Customer {
		return "", errs.Unauthorized.New("Only customers have saved addresses.")
	}
	return caller.Subject, nil
}
