// Package payment holds the rules of payments: what a provider was asked, what came of it, and what a payment amounts to.
//
// A payment is the set of its operations. Its state and its sums are computed from them by Derive and never set by
// hand; an operation's status only rises, so news that comes late, twice or out of order leads to one and the same
// state. An operation is committed before the provider is called and carries the provider's idempotency key; when the
// answer is in doubt it is asked for, never guessed.
//
// The package knows no transport and no SQL. It never decides about orders.
package payment

import (
	"strings"
	"time"
)

// Kind is what a provider is asked to do.
type Kind string

// The kinds of operation.
const (
	Authorize Kind = "authorize"
	Capture   Kind = "capture"
	Void      Kind = "void"
	Refund    Kind = "refund"
)

// Kinds are all kinds.
func Kinds() []Kind { return []Kind{Authorize, Capture, Void, Refund} }

// Status is how far an operation has come.
type Status string

// The statuses, in the order in which an operation can pass through them.
const (
	Sending Status = "sending"
	Unknown Status = "unknown"
	Pending Status = "pending"
	Failed  Status = "failed"
	OK      Status = "ok"
)

// Statuses are all statuses in rising order.
func Statuses() []Status { return []Status{Sending, Unknown, Pending, Failed, OK} }

// rank orders the statuses. OK stands above Failed: a provider that says first no and then yes has moved money, and only
// an operation of its own can take that back.
func (s Status) rank() int {
	switch s {
	case Unknown:
		return 1
	case Pending:
		return 2
	case Failed:
		return 3
	case OK:
		return 4
	default:
		return 0
	}
}

// Final tells whether no more news is expected.
func (s Status) Final() bool { return s == Failed || s == OK }

// Join is the later of two statuses.
func Join(a, b Status) Status {
	if b.rank() > a.rank() {
		return b
	}
	return a
}

// State is what a payment amounts to.
type State string

// The states; the contract describes each.
const (
	NotNeeded         State = "not_needed"
	Processing        State = "processing"
	RequiresAction    State = "requires_action"
	WaitsForProvider  State = "pending"
	Authorized        State = "authorized"
	PartiallyCaptured State = "partially_captured"
	Captured          State = "captured"
	PartiallyRefunded State = "partially_refunded"
	Refunded          State = "refunded"
	Voided            State = "voided"
	Voiding           State = "voiding"
	Declined          State = "declined"
	IntegrityFailure  State = "integrity_failure"
	Expired           State = "expired"
)

// States are all states.
func States() []State {
	return []State{
		NotNeeded, Processing, RequiresAction, WaitsForProvider, Authorized, PartiallyCaptured, Captured,
		PartiallyRefunded, Refunded, Voided, Voiding, Declined, IntegrityFailure, Expired,
	}
}

// Reasons of failed operations that the rules look at; a provider's adapter maps its own words to them.
const (
	ReasonDeclined        = "declined"
	ReasonCanceledByBuyer = "canceled_by_buyer"
	ReasonExpired         = "expired"
	ReasonTokenRejected   = "token_rejected"
	ReasonAlreadyCaptured = "already_captured"
	ReasonNotFound        = "not_found"
	ReasonIntegrity       = "integrity_failure"
)

// NextAction is what the buyer has to do.
type NextAction struct {
	// Type is redirect, qr or voucher.
	Type string `json:"type"`
	// URL is the provider's page.
	URL string `json:"url"`
	// Data is the content of the QR code or the voucher number.
	Data string `json:"data,omitempty"`
	// ExpiresAt is when the provider stops waiting.
	ExpiresAt time.Time `json:"expires_at"`
}

// Operation is one request to a provider.
type Operation struct {
	// ID is the idempotency key and merchant reference at the provider.
	ID string
	// PaymentID is the payment it belongs to.
	PaymentID string
	// OrderID is the order of the payment.
	OrderID string
	// Provider carries it out.
	Provider string
	// Kind is what is asked.
	Kind Kind
	// Status is how far it has come.
	Status Status
	// Amount is in minor units of Currency.
	Amount int64
	// Currency is that of the payment.
	Currency string
	// Final tells that a capture releases the rest.
	Final bool
	// Undo tells that a void was asked while the outcome was open: what it takes has to go back.
	Undo bool
	// Acted tells that the buyer has done their part.
	Acted bool
	// Integrity tells that the provider reported another amount, currency or reference.
	Integrity bool
	// CallerID is the caller's id of the request, or starts with "auto-".
	CallerID string
	// RequestID and Actor are for the audit trail.
	RequestID string
	Actor     string
	// ProviderReference is the provider's id.
	ProviderReference string
	// FailureReason is a stable word.
	FailureReason string
	// Attempts counts calls and queries.
	Attempts int
	// NeedsAttention calls for a person.
	NeedsAttention bool
	// Age is how long ago it was recorded, by the clock of the store.
	Age time.Duration
	// CreatedAt and UpdatedAt are times of the store.
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Payment is one attempt to have an order paid by one method, with all its operations.
type Payment struct {
	// ID is the caller's.
	ID string
	// OrderID is the order it pays.
	OrderID string
	// CartID and CustomerReference are what refused attempts are counted by, beside the order.
	CartID            string
	CustomerReference string
	// Channel, Country and Method say how it was chosen.
	Channel string
	Country string
	Method  string
	// Provider carries the method; empty when none was needed.
	Provider string
	// Amount is in minor units of Currency, as are all sums.
	Amount   int64
	Currency string
	// SeparatesCapture is false for methods that take the money at once.
	SeparatesCapture bool
	// Token and ReturnURL are what the provider was given.
	Token     string
	ReturnURL string
	// Summary is what Derive says of the operations.
	Summary
	// NextAction is what the provider asked of the buyer, whether or not it is still open.
	NextAction *NextAction
	// CaptureBefore is when the authorization lapses.
	CaptureBefore *time.Time
	// VoidRequested tells that a void was asked.
	VoidRequested bool
	// VoidID, VoidRequestID and VoidActor say who asked.
	VoidID        string
	VoidRequestID string
	VoidActor     string
	// AttemptScopes hold one counted attempt each until the outcome is a success.
	AttemptScopes []string
	// RequestID and Actor are for the audit trail.
	RequestID string
	Actor     string
	// Version rises with every change.
	Version int64
	// CreatedAt and UpdatedAt are times of the store.
	CreatedAt time.Time
	UpdatedAt time.Time
	// ReadAt is when a locked payment was read, by the clock of the store; it is the time of what is saved then.
	ReadAt time.Time
	// Operations are all of them, oldest first.
	Operations []Operation
}

// Capturable is what may still be captured.
func (p *Payment) Capturable() int64 {
	if !p.SeparatesCapture || p.VoidRequested || p.State == IntegrityFailure {
		return 0
	}
	return p.Authorized - p.Captured - p.Voided - p.CaptureReserved
}

// Refundable is what may still be refunded.
func (p *Payment) Refundable() int64 { return p.Captured - p.Refunded - p.RefundReserved }

// operation finds the operation with an id.
func (p *Payment) operation(id string) *Operation {
	for i := range p.Operations {
		if p.Operations[i].ID == id {
			return &p.Operations[i]
		}
	}
	return nil
}

// undoRefunds are the refunds that take back what an operation took after a void was asked.
func (p *Payment) undoRefunds(op *Operation) []*Operation {
	var found []*Operation
	for i := range p.Operations {
		refund := &p.Operations[i]
		if refund.Kind == Refund && strings.HasPrefix(refund.CallerID, undoID(op)) {
			found = append(found, refund)
		}
	}
	return found
}

// undoID is the caller id of the refund that takes back what an operation took.
func undoID(op *Operation) string { return "auto-" + op.ID }

// called finds the operation of a kind that a caller named.
func (p *Payment) called(kind Kind, callerID string) *Operation {
	for i := range p.Operations {
		if p.Operations[i].Kind == kind && p.Operations[i].CallerID == callerID {
			return &p.Operations[i]
		}
	}
	return nil
}

// Authorization is the operation that opened the payment; nil when no provider was asked.
func (p *Payment) Authorization() *Operation {
	for i := range p.Operations {
		if p.Operations[i].Kind == Authorize {
			return &p.Operations[i]
		}
	}
	return nil
}
