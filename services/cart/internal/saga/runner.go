package saga

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/fault"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// Times of the runner. A killed process's sagas are free when their lease ends; a renewal that fails twice in a row still
// leaves a third of the lease.
const (
	Lease      = 10 * time.Second
	renewEvery = 3 * time.Second
	saveEvery  = 2 * time.Second
	endTimeout = 3 * time.Second

	// Whoever buys while a peer comes and goes must have an end half a minute after it came to stay, so the pause between tries
	// stays short at first. Sagas of an outage that lasts are spread further: a peer that is back must not meet all at once.
	backoffFirst = 200 * time.Millisecond
	backoffSoon  = 8 * time.Second
	soonTries    = 30
	backoffLast  = 30 * time.Second

	// attentionAfter is how many failed tries of one step (about five minutes) call for a person.
	attentionAfter = 33
)

// Runner works on sagas.
type Runner struct {
	store    Store
	log      *zap.Logger
	metrics  *Metrics
	machines map[string]Machine
}

// NewRunner makes a runner. Every machine must be added before the first saga is run.
func NewRunner(store Store, log *zap.Logger, metrics *Metrics) *Runner {
	return &Runner{store: store, log: log, metrics: metrics, machines: map[string]Machine{}}
}

// Add registers a machine.
func (r *Runner) Add(m Machine) { r.machines[m.Kind()] = m }

// Reversible says whether the machine of a saga could still give everything back, as far as the saga was saved.
func (r *Runner) Reversible(s *Saga) bool {
	machine, ok := r.machines[s.Kind]
	return ok && !s.State.Ended() && machine.Reversible(s)
}

// errCancelled rolls a save back that must not happen once somebody asked to end the saga.
var errCancelled = errors.New("the saga was asked to end")

// NewLease makes a token for a saga that is about to be inserted and driven by this process.
func NewLease() string { return id.New() }

// Claim leases up to limit due sagas.
func (r *Runner) Claim(ctx context.Context, limit int) ([]*Saga, error) {
	sagas, err := r.store.ClaimSagas(ctx, NewLease(), limit, Lease)
	if err != nil {
		return nil, fmt.Errorf("claim sagas: %w", err)
	}
	return sagas, nil
}

// Resume opens a leased saga and drives it.
func (r *Runner) Resume(ctx context.Context, s *Saga) error {
	s.Resumed = true
	machine, ok := r.machines[s.Kind]
	if !ok {
		return r.fail(ctx, s, fmt.Errorf("no machine for sagas of kind %q", s.Kind))
	}
	run, err := machine.Open(ctx, s)
	if err != nil {
		return r.fail(ctx, s, fmt.Errorf("open saga: %w", err))
	}
	return r.Drive(ctx, s, run)
}

// Drive steps a leased saga until it ends, waits, fails or the context ends. It returns ErrFenced when another process took
// over, the step's error when it will be tried again later, and nil otherwise. Whatever it returns, the lease was given back
// or is lost.
func (r *Runner) Drive(ctx context.Context, s *Saga, run Run) error {
	ctx, stop := r.keepLease(ctx, s)
	defer stop()
	saved := time.Now()
	for {
		if err := ctx.Err(); err != nil {
			return r.park(ctx, s, run)
		}
		started := time.Now()
		ctx := fault.Within(ctx, s.Kind, s.Step)
		next, err := run.Step(ctx, s)
		r.metrics.step(s, err, time.Since(started))
		if err != nil && ctx.Err() != nil {
			return r.park(ctx, s, run)
		}
		if err != nil {
			if memoryErr := s.Remember(run.Memory()); memoryErr != nil {
				return memoryErr
			}
			return r.fail(ctx, s, err)
		}
		over, err := r.advance(ctx, s, run, transition{Next: next, saved: &saved})
		if err != nil || over {
			return err
		}
	}
}

type transition struct {
	Next
	saved *time.Time
}

// advance moves the saga on and, where it matters, saves it; over says that this run has nothing more to do.
func (r *Runner) advance(ctx context.Context, s *Saga, run Run, t transition) (over bool, err error) {
	before := *s
	if t.Wait > 0 {
		s.note(Waited, nil)
	} else {
		s.note(Succeeded, nil)
	}
	// Giving back is decided where it is written: a run that was paused while another placed the order must not undo it.
	turned := t.State == Compensating && s.State != Compensating
	if t.State != "" {
		s.State = t.State
	}
	if t.Step != "" {
		s.Step = t.Step
	}
	s.Attempts, s.LastError = 0, ""
	s.NeedsAttention = (s.NeedsAttention || t.Attention) && !s.State.Ended()
	over = s.State.Ended() || t.Wait > 0
	if !over && !turned && t.Write == nil && time.Since(*t.saved) < saveEvery {
		return false, nil
	}
	if err := s.Remember(run.Memory()); err != nil {
		return false, err
	}
	before.Memory = s.Memory // what the steps found out stays known when the write fails
	save := Save{Delay: t.Wait, Lease: Lease}
	if over {
		save.Lease = 0
	}
	fresh, err := r.commit(ctx, s, save, t)
	switch {
	case err == nil, r.landed(ctx, s, fresh, err):
		*s = fresh
	case errors.Is(err, errCancelled):
		*s = before
		s.CancelRequested = true
		return false, nil
	case errors.Is(err, ErrFenced):
		return false, err
	case err != nil:
		*s = before
		return false, r.fail(ctx, s, fmt.Errorf("save: %w", err))
	}
	*t.saved = time.Now()
	return over, nil
}

// commit saves the saga together with what belongs to its step, and returns it as it is then.
func (r *Runner) commit(ctx context.Context, s *Saga, save Save, t transition) (fresh Saga, err error) {
	err = r.store.Tx(ctx, func(ctx context.Context) error {
		fresh = *s
		if err := r.store.SaveSaga(ctx, &fresh, save); err != nil {
			return err
		}
		if t.UnlessCancelled && fresh.CancelRequested {
			return errCancelled
		}
		if t.Write != nil {
			return t.Write(ctx)
		}
		return nil
	})
	return fresh, err
}

// landed says whether a commit whose answer was lost happened after all, by reading the saga: only a run that holds the lease
// writes this version with it. When that cannot be found out either, the commit counts as failed, and a later run sees what is.
func (r *Runner) landed(ctx context.Context, s *Saga, fresh Saga, cause error) bool {
	if errors.Is(cause, ErrFenced) || errors.Is(cause, errCancelled) || fresh.Version <= s.Version {
		return false
	}
	got, err := r.Look(ctx, fresh.ID)
	if err != nil || got.Version != fresh.Version || got.Step != fresh.Step {
		return false
	}
	return got.Lease == fresh.Lease || got.Lease == "" && got.State == fresh.State
}

// fail records a try that did not work and gives the lease back; it returns the error.
func (r *Runner) fail(ctx context.Context, s *Saga, cause error) error {
	s.note(Stumbled, cause)
	s.Attempts++
	s.LastError = cut(cause.Error(), maxError)
	if s.Attempts >= attentionAfter && !s.NeedsAttention {
		s.NeedsAttention = true
		r.log.Error("saga needs attention", zap.String("kind", s.Kind), zap.String("order_id", s.OrderID),
			zap.String("step", s.Step), zap.Int("attempts", s.Attempts), zap.Error(cause))
	}
	delay := max(Backoff(s.Attempts), errs.RetryAfterOf(cause))
	if err := r.giveBack(ctx, s, delay); err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", s.Step, cause)
}

// park saves the progress of a run whose context ended, so that another can go on at once.
func (r *Runner) park(ctx context.Context, s *Saga, run Run) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, ErrFenced) {
		return ErrFenced
	}
	if err := s.Remember(run.Memory()); err != nil {
		return err
	}
	if err := r.giveBack(ctx, s, 0); err != nil {
		return err
	}
	return cause
}

func (r *Runner) giveBack(ctx context.Context, s *Saga, delay time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if err := r.store.SaveSaga(ctx, s, Save{Delay: delay}); err != nil {
		return fmt.Errorf("give back %s saga %s: %w", s.Kind, s.ID, err)
	}
	return nil
}

// keepLease renews the lease while a run lasts. The context it returns ends when the lease is lost.
func (r *Runner) keepLease(ctx context.Context, s *Saga) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	sagaID, token := s.ID, s.Lease
	ticker := time.NewTicker(renewEvery)
	go func() {
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			kept, err := r.store.RenewSaga(ctx, sagaID, token, Lease)
			if err != nil {
				r.log.Warn("renew lease of saga", zap.String("saga_id", sagaID), zap.Error(err))
				continue // the next tick tries again; should the lease end, the version keeps this run from writing
			}
			if !kept {
				cancel(ErrFenced)
				return
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// Backoff is how long to wait after so many failed tries: doubling, capped, and spread so that sagas that failed together do
// not come back together.
func Backoff(attempts int) time.Duration {
	delay := backoffLast
	if attempts <= soonTries {
		delay = min(backoffFirst<<max(attempts-1, 0), backoffSoon)
	}
	return delay/2 + rand.N(delay) //nolint:gosec // spreads retries, hides nothing
}

// Definite says whether an error of a peer means that the peer refused and did nothing. Everything else may have happened
// or may work later.
func Definite(err error) bool {
	switch errs.CodeOf(err) {
	case errs.Invalid, errs.NotFound, errs.AlreadyExists, errs.FailedPrecondition, errs.Unprocessable, errs.TooLarge:
		return true
	default:
		return false
	}
}

const maxError = 500

// cut shortens a text for the database, which takes whole characters only.
func cut(s string, most int) string {
	s = strings.ReplaceAll(s, "\x00", "")
	return strings.ToValidUTF8(s[:min(len(s), most)], "")
}
