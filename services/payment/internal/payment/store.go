package payment

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/ledger"
)

// Limit is how many attempts a scope may have in a window.
type Limit struct {
	// Scope names what is counted, for example "order:x".
	Scope string
	// Max is the number of attempts.
	Max int
}

// InboxEvent is a stored notification.
type InboxEvent struct {
	// Provider and ID name the event.
	Provider string
	ID       string
	// Outcome is the news.
	Outcome Outcome
	// Age is how long ago it came, by the clock of the store.
	Age time.Duration
	// Tries counts how often it was parked.
	Tries int
	// Done tells that it was applied or given up.
	Done bool
	// Problem says why it was put off or given up.
	Problem string
}

// States of stored notifications.
const (
	EventReceived EventState = "received"
	EventParked   EventState = "parked"
	EventApplied  EventState = "applied"
	EventDead     EventState = "dead"
)

// EventState is how far a stored notification has come.
type EventState string

// EventStates are all states of notifications.
func EventStates() []EventState {
	return []EventState{EventReceived, EventParked, EventApplied, EventDead}
}

// StoredEvent is a notification as staff see it.
type StoredEvent struct {
	// Provider and ID name it.
	Provider string
	ID       string
	// State is how far it has come.
	State EventState
	// Operation is what it is about; empty when it was not understood.
	Operation string
	// Body is what the provider sent.
	Body []byte
	// Tries counts how often it was put off, Conflicts how often it came with another body.
	Tries     int
	Conflicts int
	// Problem says why it was put off or given up.
	Problem string
	// ReceivedAt is a time of the store.
	ReceivedAt time.Time
}

// EventFilter chooses notifications.
type EventFilter struct {
	// State limits to one state.
	State EventState
	// AfterTime and AfterID are those of the last notification of the page before.
	AfterTime time.Time
	AfterID   string
	// Limit is the number of notifications.
	Limit int
}

// Due names an operation whose outcome is to be asked for now.
type Due struct {
	PaymentID   string
	OperationID string
}

// InDoubt measures what is not known.
type InDoubt struct {
	// Operations counts operations that are sending or unknown; Oldest is the age of the oldest.
	Operations int64
	Oldest     time.Duration
	// Attention counts operations that wait for a person.
	Attention int64
	// ParkedEvents counts notifications that were put off, DeadEvents those that were given up.
	ParkedEvents int64
	DeadEvents   int64
	// Expiring counts authorizations that end soon.
	Expiring int64
}

// Changes are what is stored with a payment.
type Changes struct {
	// Operations changed or are new.
	Operations []Operation
	// Entries are posted to the ledger, each once.
	Entries []ledger.Entry
	// ReturnAttempts takes back the attempt that was counted when the payment was made.
	ReturnAttempts bool
}

// Store keeps payments. Its methods join the transaction of ctx.
type Store interface {
	// Tx runs fn in a transaction; fn may run several times.
	Tx(ctx context.Context, fn func(ctx context.Context) error) error

	// Settings are those of a channel and the defaults.
	Settings(ctx context.Context, channel string) ([]MethodSetting, error)
	// SaveSetting creates (version 0) or replaces a setting; it fails with errs.VersionConflict.
	SaveSetting(ctx context.Context, s MethodSetting) (MethodSetting, error)

	// TakeAttempts counts an attempt in every scope, or in none when one of them is at its limit.
	TakeAttempts(ctx context.Context, limits []Limit, window time.Duration) (bool, error)

	// Insert stores a new payment with its operations, which others may ask about after lease; false when the id is taken.
	Insert(ctx context.Context, p *Payment, lease time.Duration) (bool, error)
	// Get reads a payment; ErrNotFound.
	Get(ctx context.Context, id string) (*Payment, error)
	// Lock reads a payment and keeps others from changing it until the transaction ends; ErrNotFound.
	Lock(ctx context.Context, id string) (*Payment, error)
	// Save stores a locked payment and what changed with it. Operations that are not finished are asked for again after the
	// wait that next gives.
	Save(ctx context.Context, p *Payment, c Changes, next func(Operation) time.Duration) error
	// BeginCapture reserves the amount and stores the operation in one step, if the payment allows it; it completes op. It
	// answers false when it does not, and fails with ErrDuplicate when the caller's id is taken.
	BeginCapture(ctx context.Context, op *Operation, lease time.Duration) (authorization string, ok bool, err error)
	// BeginRefund is BeginCapture for refunds.
	BeginRefund(ctx context.Context, op *Operation, lease time.Duration) (authorization string, ok bool, err error)

	// ClaimDue takes operations that are due and puts them off by lease, so that nobody else takes them meanwhile.
	ClaimDue(ctx context.Context, limit int, lease time.Duration) ([]Due, error)
	// ClaimOperation does so for one operation, due or not; one that is being sent is not given out before it is due.
	ClaimOperation(ctx context.Context, id string, lease time.Duration) (bool, error)
	// Lapsed finds payments whose authorization has run out with something left to release.
	Lapsed(ctx context.Context, limit int) ([]string, error)
	// Expiring finds payments whose authorization ends within a time and whose owner was not told.
	Expiring(ctx context.Context, within time.Duration, limit int) ([]string, error)
	// NoteExpiry notes that the owner is told; false when that was noted before.
	NoteExpiry(ctx context.Context, paymentID string) (bool, error)
	// Owner finds the payment of an operation; empty when there is none.
	Owner(ctx context.Context, provider, operation string) (string, error)
	// Measure counts what is in doubt.
	Measure(ctx context.Context) (InDoubt, error)
	// Purge removes what nothing needs any more: attempts out of every window, applied notifications older than age.
	Purge(ctx context.Context, age time.Duration) error

	// AddEvent stores a notification and the job that applies it, or one that was not understood as given up; false when it was
	// there, and whether its body was another.
	AddEvent(ctx context.Context, e InboxEvent, body []byte) (added, conflict bool, err error)
	// LockEvent reads a stored notification and keeps others from applying it.
	LockEvent(ctx context.Context, provider, id string) (InboxEvent, error)
	// FinishEvent marks a notification as applied, or as given up.
	FinishEvent(ctx context.Context, e InboxEvent, applied bool) error
	// Event reads a notification for staff and keeps others from changing it; ErrEvent.
	Event(ctx context.Context, provider, id string) (StoredEvent, error)
	// ReviveEvent makes a notification that was given up one that just came, and plans the job that applies it.
	ReviveEvent(ctx context.Context, e InboxEvent) error
	// ParkEvent puts a notification off.
	ParkEvent(ctx context.Context, e InboxEvent, wait time.Duration) error
	// ParkedEvents takes notifications whose time has come again, or whose job was lost, and puts them off by lease.
	ParkedEvents(ctx context.Context, limit int, lease time.Duration) ([]InboxEvent, error)

	// Notify plans to tell the order's owner that a payment changed.
	Notify(ctx context.Context, p *Payment) error
}
