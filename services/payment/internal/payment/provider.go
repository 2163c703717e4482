package payment

import (
	"context"
	"errors"
	"time"
)

// Capabilities say how a method of a provider behaves.
type Capabilities struct {
	// SeparatesCapture is false when success takes the money at once.
	SeparatesCapture bool
	// Redirect tells that the buyer always has something to do on another page.
	Redirect bool
	// Async tells that the result can come hours or days later.
	Async bool
	// NeedsToken tells that the payer's means come as a token.
	NeedsToken bool
	// NeedsReturnURL tells that the buyer cannot come back without one.
	NeedsReturnURL bool
	// LimitsAttempts tells that refused attempts are counted, because somebody could try stolen means.
	LimitsAttempts bool
}

// Call is what a provider is asked to do.
type Call struct {
	// Operation is the request; its ID is the idempotency key.
	Operation Operation
	// AuthorizationReference is the provider's reference of the authorization, for all but Authorize.
	AuthorizationReference string
	// Method, Token and ReturnURL are for Authorize.
	Method    string
	Token     string
	ReturnURL string
}

// Outcome is what a provider says of an operation. Its JSON form is stored, so its names stay.
type Outcome struct {
	// Key is the merchant's reference: the operation's id.
	Key string `json:"key"`
	// Status is Pending, Failed or OK.
	Status Status `json:"status"`
	// Reference is the provider's id.
	Reference string `json:"reference"`
	// Reason says why it failed.
	Reason string `json:"reason,omitempty"`
	// OrderID is the order that the provider keeps with it; empty when it keeps none.
	OrderID string `json:"order_id,omitempty"`
	// Amount, in minor units of Currency, is what the provider worked with. For a void it is what was released.
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	// NextAction is set while the buyer has something to do.
	NextAction *NextAction `json:"next_action,omitempty"`
	// CaptureBefore is when an authorization lapses.
	CaptureBefore *time.Time `json:"capture_before,omitempty"`
}

// Event is a verified notification.
type Event struct {
	// ID is the same in every delivery.
	ID string
	// Foreign tells that it is for another account or mode: it must have no effect.
	Foreign bool
	// Problem says why it is signed but was not understood; empty when it was. Such an event is kept for a person.
	Problem string
	// Outcome is the news.
	Outcome Outcome
}

// Reported is one operation in a provider's own report.
type Reported struct {
	// Kind is what was done.
	Kind Kind
	// At is when the provider recorded it.
	At time.Time
	// Outcome is how it stands.
	Outcome
}

// Report is one page of a provider's own report, oldest first.
type Report struct {
	// Rows are operations, also those that failed or are pending.
	Rows []Reported
	// Next is where the next page starts; empty on the last.
	Next string
}

// ErrNoOperation is what Query answers when the provider has never seen the key.
var ErrNoOperation = errors.New("the provider has no such operation")

// Provider carries payments out. An error of the four calls means that the outcome is not known, whatever the cause; a
// refusal is an Outcome with status Failed.
type Provider interface {
	// Name is the provider's key.
	Name() string
	// Capabilities describe a method; false when the provider does not have it.
	Capabilities(method string) (Capabilities, bool)
	// Authorize reserves or takes an amount.
	Authorize(ctx context.Context, c Call) (Outcome, error)
	// Capture takes a part of what is reserved.
	Capture(ctx context.Context, c Call) (Outcome, error)
	// Void releases what is reserved, or cancels an authorization that is pending.
	Void(ctx context.Context, c Call) (Outcome, error)
	// Refund gives back a part of what was captured.
	Refund(ctx context.Context, c Call) (Outcome, error)
	// Query asks what became of a key; ErrNoOperation when it was never seen.
	Query(ctx context.Context, key string) (Outcome, error)
	// Report lists what the provider has of a time; until is not included. The first page has an empty after.
	Report(ctx context.Context, from, until time.Time, after string) (Report, error)
	// ReportLag is how long after an operation the report has it.
	ReportLag() time.Duration
	// KeyWindow is how long a key can be sent again without doing the work twice.
	KeyWindow() time.Duration
	// ParseWebhook verifies a notification over its raw body and reads it. Header names are in lower case. It fails with
	// ErrSignature or ErrTimestamp.
	ParseWebhook(headers map[string]string, body []byte, now time.Time) (Event, error)
	// ReadWebhook reads the body of a notification that was verified when it came.
	ReadWebhook(id string, body []byte) Event
}
