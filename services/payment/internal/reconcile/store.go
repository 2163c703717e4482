package reconcile

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// Run is one comparison with its counts.
type Run struct {
	// ID is a UUIDv7.
	ID string
	// Provider is whose books were compared.
	Provider string
	// From and Until are the time compared; Until is not included.
	From  time.Time
	Until time.Time
	// Matched counts movements that agree, Found those of each class.
	Matched int64
	Found   map[Class]int64
	// Actor and RequestID say who asked by which request; jobs have no request.
	Actor     string
	RequestID string
	// CreatedAt is a time of the store.
	CreatedAt time.Time
}

// Window is a time to compare; Until is not included.
type Window struct {
	// From and Until are its ends.
	From  time.Time
	Until time.Time
}

// Cursor is where a list goes on.
type Cursor struct {
	// Time and ID are those of the last row before.
	Time time.Time
	ID   string
}

// FindingFilter chooses findings.
type FindingFilter struct {
	// Provider and Class limit by equality when they are set.
	Provider string
	Class    Class
	// Closed takes closed findings too.
	Closed bool
	// Before is the id of the last finding of the page before.
	Before string
	// Limit is the number of findings.
	Limit int
}

// RunFilter chooses comparisons.
type RunFilter struct {
	// Provider limits by equality when it is set.
	Provider string
	// Before is the id of the last comparison of the page before.
	Before string
	// Limit is the number of comparisons.
	Limit int
}

// Standing is what is open now.
type Standing struct {
	// Open counts open findings by class.
	Open map[Class]int64
	// Age is how long ago the last comparison ended; 0 when there was none.
	Age time.Duration
}

// ErrWindow means that the time to compare is empty or too long.
var ErrWindow = errs.Define(errs.Invalid, "RANGE_TOO_WIDE", "The time is empty, or longer than can be looked at in one request.")

// Store keeps what comparisons found, and reads our books.
type Store interface {
	// Tx runs fn in a transaction; fn may run several times.
	Tx(ctx context.Context, fn func(ctx context.Context) error) error
	// Movements lists our operations of a time, oldest first, by page.
	Movements(ctx context.Context, provider string, w Window, after Cursor, limit int) ([]Movement, error)
	// MovementsByKey reads our operations with these ids.
	MovementsByKey(ctx context.Context, provider string, keys []string) ([]Movement, error)
	// RunByRequest reads the comparison that a request made; false when there is none.
	RunByRequest(ctx context.Context, actor, requestID string) (Run, bool, error)
	// SaveRun stores a comparison and its findings, and closes those of its window that were not found again. It answers
	// false when the request has made one meanwhile.
	SaveRun(ctx context.Context, r *Run, findings []Finding) (bool, error)
	// OpenBefore lists open findings older than a time.
	OpenBefore(ctx context.Context, provider string, before time.Time, limit int) ([]Finding, error)
	// CloseFindings closes findings by id, and SaveFindings stores those that still stand.
	CloseFindings(ctx context.Context, ids []string) error
	SaveFindings(ctx context.Context, findings []Finding) error
	// Standing counts what is open.
	Standing(ctx context.Context) (Standing, error)
	// ListRuns and ListFindings list, newest first.
	ListRuns(ctx context.Context, f RunFilter) ([]Run, error)
	ListFindings(ctx context.Context, f FindingFilter) ([]Finding, error)
	// PurgeRuns forgets old comparisons, a bounded number of them.
	PurgeRuns(ctx context.Context) error
}

// Source is a provider as far as a comparison needs it.
type Source interface {
	// Name is the provider's key.
	Name() string
	// Report lists what it did in a time, oldest first, by page.
	Report(ctx context.Context, from, until time.Time, after string) (payment.Report, error)
	// ReportLag is how long its report may be behind.
	ReportLag() time.Duration
	// Query asks what became of a key; payment.ErrNoOperation when it was never seen.
	Query(ctx context.Context, key string) (payment.Outcome, error)
}
