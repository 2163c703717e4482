// Package operator is what the people who run the shop see of its sagas and do about them: find what is stuck, try it again at
// once, give back what a checkout took, note that something was taken care of. Whatever they do is kept with who and why.
package operator

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// How actions are refused.
var (
	// ErrNotFound is a saga that does not exist.
	ErrNotFound = errs.Define(errs.NotFound, "SAGA_NOT_FOUND", "There is no such saga.")
	// ErrEnded is a saga that has nothing left to do.
	ErrEnded = errs.Define(errs.FailedPrecondition, "SAGA_ENDED", "The saga has ended: nothing is left to resume or to give back.")
	// ErrNotReversible is a saga that only goes forward.
	ErrNotReversible = errs.Define(errs.FailedPrecondition, "SAGA_NOT_REVERSIBLE", "The order is placed, or the saga is a refund or shipment: it only goes forward. Cancel or refund the order instead.")
	// ErrNoAttention is a saga nobody was called to.
	ErrNoAttention = errs.Define(errs.FailedPrecondition, "SAGA_NO_ATTENTION", "Neither the saga nor its order calls for a person, so there is nothing to mark as handled.")
)

// View is a saga as people see it.
type View struct {
	// Saga is the machine; its NeedsAttention covers the order of a checkout too.
	Saga saga.Saga
	// CreatedAt and UpdatedAt are when it began and was last saved.
	CreatedAt, UpdatedAt time.Time
	// Age is how long ago it began by the database's clock.
	Age time.Duration
	// InProgress says that a run holds its lease.
	InProgress bool
	// Reversible says that it could be made to give back.
	Reversible bool
	// OrderNumber, PaymentID and ReservationID are of the order it works on.
	OrderNumber, PaymentID, ReservationID string
}

// Kind is what somebody did.
type Kind string

// The kinds of actions.
const (
	Resume     Kind = "resume"
	Compensate Kind = "compensate"
	Handled    Kind = "handled"
)

// Action is one thing somebody did to a saga.
type Action struct {
	// ID grows with time.
	ID int64
	// SagaID names the saga and Kind says what was done.
	SagaID string
	Kind   Kind
	// Actor did it, Reason says why.
	Actor  order.Actor
	Reason string
	// State and Step are where the saga was.
	State saga.State
	Step  string
	// At is when, by the database's clock.
	At time.Time
}

// Filter says which sagas to list. Empty fields match all.
type Filter struct {
	// State is empty for all that have not ended; with an order or attention wanted, for all.
	State   saga.State
	Kind    string
	Step    string
	OrderID string
	// NeedsAttention leaves only those that call for a person.
	NeedsAttention bool
	// MinAge leaves only those that began so long ago.
	MinAge time.Duration
	// After is the last saga of the page before.
	After Cursor
}

// Cursor is where a page of sagas ended.
type Cursor struct {
	CreatedAt time.Time `json:"c"`
	ID        string    `json:"i"`
}

// Store keeps what operators need. Inside Tx its methods join the transaction.
type Store interface {
	// Tx runs fn in a transaction.
	Tx(ctx context.Context, fn func(ctx context.Context) error) error
	// ListSagas reads sagas, oldest first.
	ListSagas(ctx context.Context, f Filter, limit int) ([]View, error)
	// FindSaga reads one; ErrNotFound when there is none.
	FindSaga(ctx context.Context, sagaID string) (View, error)
	// LockSaga is FindSaga that keeps every run from writing the saga until the transaction ends.
	LockSaga(ctx context.Context, sagaID string) (View, error)
	// RetrySaga makes an active saga due.
	RetrySaga(ctx context.Context, sagaID string) error
	// CancelSaga asks an active saga to end and makes it due; false when it has ended.
	CancelSaga(ctx context.Context, sagaID string) (bool, error)
	// CalmSaga takes the call for a person off the saga and, when there is an order id, off that order.
	CalmSaga(ctx context.Context, sagaID, orderID string) error
	// AppendAction adds to what was done and fills in id and time.
	AppendAction(ctx context.Context, a *Action) error
	// ListActions reads what was done to a saga after an action, oldest first.
	ListActions(ctx context.Context, sagaID string, after int64, limit int) ([]Action, error)
}
