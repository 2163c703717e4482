package saga

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// pollEvery is how often somebody who waits for a saga looks at it.
const pollEvery = 50 * time.Millisecond

// Await returns the saga when it ended or waits for somebody outside, working on it itself whenever it is due and free. When
// the context ends first it returns the saga as it is, without an error.
func (r *Runner) Await(ctx context.Context, sagaID string) (*Saga, error) {
	return r.await(ctx, sagaID, func(s *Saga) bool { return s.State.Ended() || s.State == Waiting })
}

// AwaitEnd is Await that does not return for a wait.
func (r *Runner) AwaitEnd(ctx context.Context, sagaID string) error {
	_, err := r.await(ctx, sagaID, func(s *Saga) bool { return s.State.Ended() })
	return err
}

func (r *Runner) await(ctx context.Context, sagaID string, enough func(*Saga) bool) (*Saga, error) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		s, taken, err := r.store.TakeSaga(ctx, sagaID, NewLease(), Lease)
		if err == nil && taken {
			err = r.Resume(ctx, s)
			if err != nil && ctx.Err() == nil && !errors.Is(err, ErrFenced) {
				err = nil // recorded in the saga, which is tried again when it is due
			}
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, ErrFenced) {
			return nil, fmt.Errorf("work on saga %s: %w", sagaID, err)
		}
		s, err = r.Look(ctx, sagaID)
		if err != nil {
			return nil, err
		}
		if enough(s) || ctx.Err() != nil {
			return s, nil
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// Advance works on a saga once if it is due and free, and returns it as it is then.
func (r *Runner) Advance(ctx context.Context, sagaID string) (*Saga, error) {
	s, taken, err := r.store.TakeSaga(ctx, sagaID, NewLease(), Lease)
	if err != nil {
		return nil, fmt.Errorf("take saga %s: %w", sagaID, err)
	}
	if taken {
		// A failure is recorded in the saga and tried again by a worker.
		_ = r.Resume(ctx, s)
	}
	return r.Look(ctx, sagaID)
}

// Look reads a saga, also when the caller's time is over.
func (r *Runner) Look(ctx context.Context, sagaID string) (*Saga, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	s, err := r.store.GetSaga(ctx, sagaID)
	if err != nil {
		return nil, fmt.Errorf("read saga %s: %w", sagaID, err)
	}
	return s, nil
}
