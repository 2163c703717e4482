package stock

import (
	"context"
	"errors"
	"time"
)

// Store keeps inventory's data. Methods called inside Tx join its transaction.
type Store interface {
	// Tx runs fn in one transaction, again when it lost against another one.
	Tx(ctx context.Context, fn func(ctx context.Context) error) error
	LocationStore
	LevelStore
	BackorderStore
	PurchaseLimitStore
	ReservationStore
	FulfilmentStore
}

// LocationStore keeps locations.
type LocationStore interface {
	// InsertLocation stores a new location; it fails with ErrLocationExists.
	InsertLocation(ctx context.Context, l Location) (Location, error)
	// UpdateLocation stores an edit of the version in l; it fails with VersionConflict or ErrLocationNotFound.
	UpdateLocation(ctx context.Context, l Location) (Location, error)
	// ListLocations returns locations with keys behind after, in key order.
	ListLocations(ctx context.Context, channel, after string, limit int) ([]Location, error)
	// KnownLocations returns those of keys that exist.
	KnownLocations(ctx context.Context, keys []string) ([]string, error)
}

// LevelStore keeps stock levels and movements.
type LevelStore interface {
	// EnsureStock creates the rows that do not exist, empty.
	EnsureStock(ctx context.Context, sorted []Key) error
	// LockStock locks rows until the transaction ends and returns them as they are now.
	LockStock(ctx context.Context, sorted []Key) ([]Level, error)
	// LockFreeStock locks what a channel may take from of these SKUs, and returns each SKU's levels by priority.
	LockFreeStock(ctx context.Context, channel string, skus []string) (map[string][]Level, error)
	// ApplyChanges moves counters of locked rows and records a movement for each change of on_hand.
	ApplyChanges(ctx context.Context, kind MovementKind, cause Cause, changes []Change) ([]Level, error)
	// ListStock returns levels behind f.After in key order.
	ListStock(ctx context.Context, f LevelFilter, limit int) ([]Level, error)
	// ListMovements returns movements with ids below f.Before, newest first.
	ListMovements(ctx context.Context, f MovementFilter, limit int) ([]Movement, error)
	// BatchGetAvailability returns the figures of the SKUs it knows, in no order.
	BatchGetAvailability(ctx context.Context, channel string, skus []string) ([]Availability, error)
}

// BackorderStore keeps the policies of SKUs and what is owed.
type BackorderStore interface {
	// PutBackorderPolicy stores a policy and returns it with what is owed now.
	PutBackorderPolicy(ctx context.Context, p BackorderPolicy) (BackorderPolicy, error)
	// GetBackorderPolicy returns the policy of a SKU, a refusing one where none was set.
	GetBackorderPolicy(ctx context.Context, sku string) (BackorderPolicy, error)
	// ReduceBackorders locks and lowers what is owed. Stock rows must be locked before.
	ReduceBackorders(ctx context.Context, owed []Line) error
	// FillableReservations returns committed reservations, oldest first, that wait for units which are free now.
	FillableReservations(ctx context.Context, limit int) ([]string, error)
	// MoveBackordered turns backordered units of a locked reservation into units of the locations in picks.
	MoveBackordered(ctx context.Context, reservationID string, picks []Pick) error
}

// PurchaseLimitStore keeps how much of a SKU one customer may have.
type PurchaseLimitStore interface {
	// PutPurchaseLimit stores a limit and returns it.
	PutPurchaseLimit(ctx context.Context, l PurchaseLimit) (PurchaseLimit, error)
	// GetPurchaseLimit returns the limit of a SKU, none where none was set.
	GetPurchaseLimit(ctx context.Context, sku string) (PurchaseLimit, error)
}

// Reserver decides about whole carts, and takes them back.
type Reserver interface {
	// Reserve grants or refuses a cart and stores the outcome under its id, or returns the stored outcome of that id,
	// whatever was asked for with it: comparing fingerprints is left to the caller.
	Reserve(ctx context.Context, c Cart) (Reservation, error)
	// Release ends a held reservation and frees its stock, or leaves a tombstone where none was seen, and returns what is
	// there now, which is not held.
	Release(ctx context.Context, r Release) (Reservation, error)
}

// BatchReserver is a Reserver that can decide about many carts in one statement. The ids in a batch differ. Where one member
// may be to blame for the failure of all, the error is ErrDivisible.
type BatchReserver interface {
	Reserver
	// ReserveBatch does what Reserve does for each cart, in the order given. Answers stand in the order of the carts.
	ReserveBatch(ctx context.Context, carts []Cart) ([]Reservation, error)
	// ReleaseBatch does what Release does for each. Answers stand in the order of the releases.
	ReleaseBatch(ctx context.Context, releases []Release) ([]Reservation, error)
}

// ErrDivisible is in the error of a batch that may have failed for what one of its members is: served one by one, the others
// may well get their answers. Members that were decided nevertheless get the stored ones.
var ErrDivisible = errors.New("a member of the batch may be at fault")

// Release asks for a reservation to be given back.
type Release struct {
	// ID names the reservation.
	ID string
	// Cause says who asks.
	Cause Cause
}

// ReservationStore keeps reservations and what they owe.
type ReservationStore interface {
	// GetReservation returns a reservation with its allocations; it fails with ErrReservationNotFound.
	GetReservation(ctx context.Context, id string) (Reservation, error)
	// LockReservation locks a reservation and returns it with what it still owes, each SKU's locations by priority and
	// backordered units last; it fails with ErrReservationNotFound.
	LockReservation(ctx context.Context, id string) (Reservation, error)
	// CommitReservation turns held into committed; false when it was not held.
	CommitReservation(ctx context.Context, id string) (Reservation, bool, error)
	// ExpireReservations ends at most limit overdue reservations and frees their stock.
	ExpireReservations(ctx context.Context, limit int) (Expired, error)
	// PurgeReservations deletes at most limit reservations that came to nothing and are older than age. Their ids stay taken.
	PurgeReservations(ctx context.Context, age time.Duration, limit int) (int, error)
	// FindAllocationRelease returns the fingerprint of a release; false when there is none.
	FindAllocationRelease(ctx context.Context, id string) ([]byte, bool, error)
	// InsertAllocationRelease records a release and marks the units; false when the id is taken.
	InsertAllocationRelease(ctx context.Context, r AllocationRelease) (bool, error)
}

// FulfilmentStore keeps shipments and returns.
type FulfilmentStore interface {
	// GetShipment returns a shipment with its items; it fails with ErrShipmentNotFound.
	GetShipment(ctx context.Context, id string) (Shipment, error)
	// InsertShipment records a shipment and marks its units shipped; false when the id is taken.
	InsertShipment(ctx context.Context, s Shipment, cause Cause) (bool, error)
	// UpdateShipment stores an edit of the version in s; it fails with VersionConflict or ErrShipmentNotFound.
	UpdateShipment(ctx context.Context, s Shipment) error
	// ListShipments returns an order's shipments behind after, oldest first.
	ListShipments(ctx context.Context, orderID string, after Mark, limit int) ([]Shipment, error)
	// LockReturnable locks an order's shipments and returns what of them may come back, by SKU.
	LockReturnable(ctx context.Context, orderID string) (map[string]Returnable, error)
	// FindReturn returns a return with its items; false when there is none.
	FindReturn(ctx context.Context, id string) (Return, bool, error)
	// InsertReturn records a return; false when the id is taken.
	InsertReturn(ctx context.Context, r Return, cause Cause) (bool, error)
	// ListReturns returns an order's returns behind after, oldest first.
	ListReturns(ctx context.Context, orderID string, after Mark, limit int) ([]Return, error)
}

// Mark is the place of a row in a list ordered by creation. The zero mark stands before every row.
type Mark struct {
	// Time is when the row was created.
	Time time.Time `json:"t"`
	// ID is the row's id.
	ID string `json:"i"`
}
