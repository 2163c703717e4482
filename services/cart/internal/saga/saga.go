// Package saga runs durable machines: work of many steps, each of which may call another service, that ends even if every
// process that works on it dies.
//
// A saga is one row. Whoever works on it holds a lease by the database's clock and writes only under the version it read,
// so a process that was paused and comes back writes nothing. Steps are repeatable: every call they make is idempotent by
// an id derived from the saga. The row is saved where it matters (a wait, a failure, a commit that belongs to a step,
// the end); between those, progress is repeated after a crash instead of being saved.
package saga

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// State is what a saga is doing.
type State string

// The states. Done and Failed are final.
const (
	Running      State = "running"
	Waiting      State = "waiting"
	Compensating State = "compensating"
	Done         State = "done"
	Failed       State = "failed"
)

// Ended says whether the state is final.
func (s State) Ended() bool { return s == Done || s == Failed }

// ErrFenced means that somebody else works on the saga now: what was to be written was not written.
var ErrFenced = errors.New("the saga was taken over")

// Saga is one durable machine as it was read.
type Saga struct {
	// ID names the saga.
	ID string
	// Kind chooses the machine that runs it.
	Kind string
	// OrderID is the order it works on.
	OrderID string
	// State is what it is doing.
	State State
	// Step is where it is.
	Step string
	// Version grows with every write.
	Version int64
	// Attempts counts the failed tries of the step.
	Attempts int
	// LastError is the last failure of the step.
	LastError string
	// NextRunAt is when it acts by itself.
	NextRunAt time.Time
	// Deadline is when a wait ends; zero means never.
	Deadline time.Time
	// Expired says whether the deadline had passed by the database's clock when the saga was read.
	Expired bool
	// CancelRequested says that somebody asked to end it.
	CancelRequested bool
	// NeedsAttention says that a person has to look.
	NeedsAttention bool
	// Memory is what the machine remembers, as JSON.
	Memory json.RawMessage
	// History is its last stays at steps, oldest first, for people to read.
	History []Pass
	// Resumed says that another run worked on it before: steps after Step may have been done already.
	Resumed bool
	// Wakes counts the news that came for it. A wait that began before the last news ends at once.
	Wakes int64
	// Lease is the token of the run that works on it.
	Lease string
	// Cause is what the store kept of the request that began it, for whoever watches; runs do without.
	Cause string
	// Age is how long ago it began, as it was read.
	Age time.Duration
}

// Remember replaces the memory.
func (s *Saga) Remember(v any) error {
	memory, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode memory of saga %s: %w", s.ID, err)
	}
	s.Memory = memory
	return nil
}

// Recall reads the memory.
func (s *Saga) Recall(into any) error {
	if len(s.Memory) == 0 {
		return nil
	}
	if err := json.Unmarshal(s.Memory, into); err != nil {
		return fmt.Errorf("decode memory of saga %s: %w", s.ID, err)
	}
	return nil
}

// Machine knows the steps of one kind of saga.
type Machine interface {
	// Kind is the kind of saga it runs.
	Kind() string
	// Open reads what a run of the saga needs.
	Open(ctx context.Context, s *Saga) (Run, error)
	// Reversible says whether a saga that stands there ends by giving everything back when it is asked to end.
	Reversible(s *Saga) bool
}

// Run is one process's work on one saga.
type Run interface {
	// Step does the work of s.Step and says what comes next. An error means that the outcome is not known or that
	// the step could not be done now: it is tried again later, for ever. A step decides for itself what a definite
	// failure leads to.
	Step(ctx context.Context, s *Saga) (Next, error)
	// Memory is what must survive this run.
	Memory() any
}

// Next says what comes after a step.
type Next struct {
	// State is the state from now on; empty keeps it.
	State State
	// Step is the next step; empty keeps it.
	Step string
	// Wait is how long to wait before the step, at most until the deadline. Only with State Waiting, or Running to look
	// again at something slow; zero goes on at once.
	Wait time.Duration
	// Write is what must be committed together with the advance of the saga.
	Write func(ctx context.Context) error
	// UnlessCancelled keeps the advance from happening when somebody asked meanwhile to end the saga; the step then runs
	// again and sees it.
	UnlessCancelled bool
	// Attention raises the flag for people; it stays raised until the saga ends.
	Attention bool
}

// Store keeps sagas. Its clock is the database's.
type Store interface {
	// Tx runs fn in a transaction that every store of the service joins.
	Tx(ctx context.Context, fn func(ctx context.Context) error) error
	// InsertSaga writes a new saga, leased to s.Lease, with a deadline that far from now (none when zero).
	InsertSaga(ctx context.Context, s *Saga, deadline, lease time.Duration) error
	// ClaimSagas leases up to limit due sagas that nobody works on.
	ClaimSagas(ctx context.Context, token string, limit int, lease time.Duration) ([]*Saga, error)
	// TakeSaga leases one saga if nobody works on it and it is due; false when not.
	TakeSaga(ctx context.Context, id, token string, lease time.Duration) (*Saga, bool, error)
	// RenewSaga extends a lease; false when it was lost.
	RenewSaga(ctx context.Context, id, token string, lease time.Duration) (bool, error)
	// SaveSaga writes s under its version and lease and reads back version, wakes, expiry and cancel request.
	// ErrFenced when it was taken over.
	SaveSaga(ctx context.Context, s *Saga, save Save) error
	// GetSaga reads one; NOT_FOUND when there is none.
	GetSaga(ctx context.Context, id string) (*Saga, error)
	// WakeSagas makes the active sagas of an order due.
	WakeSagas(ctx context.Context, orderID string) error
	// CancelSaga asks an active saga to end and makes it due; false when it has ended.
	CancelSaga(ctx context.Context, id string) (bool, error)
}

// Save says how a saga is saved.
type Save struct {
	// Delay is how long from now it acts again by itself, at most until its deadline.
	Delay time.Duration
	// Lease is how long it stays leased to the run; zero gives it back.
	Lease time.Duration
}
