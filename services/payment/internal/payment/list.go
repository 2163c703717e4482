package payment

import (
	"context"
	"time"
)

// Filter chooses payments; what is zero does not limit.
type Filter struct {
	// OrderID, State and Method limit by equality.
	OrderID string
	State   State
	Method  string
	// From and Until limit the time they were first asked for; Until is not included.
	From  *time.Time
	Until *time.Time
	// BeforeTime and BeforeID are those of the last payment of the page before.
	BeforeTime time.Time
	BeforeID   string
	// Limit is the number of payments.
	Limit int
}

// OperationFilter chooses operations; what is zero does not limit.
type OperationFilter struct {
	// Status and Kind limit by equality.
	Status Status
	Kind   Kind
	// NeedsAttention limits to those that wait for a person.
	NeedsAttention bool
	// After is the id of the last operation of the page before.
	After string
	// Limit is the number of operations.
	Limit int
}

// Lister reads many payments at once. It decides nothing.
type Lister interface {
	// ByOrders reads the payments of orders with their operations.
	ByOrders(ctx context.Context, orderIDs []string) ([]*Payment, error)
	// ListPayments lists payments, newest first, without their operations.
	ListPayments(ctx context.Context, f Filter) ([]*Payment, error)
	// ListOperations lists operations, oldest first.
	ListOperations(ctx context.Context, f OperationFilter) ([]Operation, error)
	// ListEvents lists notifications, oldest first.
	ListEvents(ctx context.Context, f EventFilter) ([]StoredEvent, error)
	// ListSettings lists method settings after a channel and method; an empty channel means all.
	ListSettings(ctx context.Context, only string, after [2]string, limit int) ([]MethodSetting, error)
}
