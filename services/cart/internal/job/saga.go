// Package job is the work of the cart service that no request does: sagas that are due, and upkeep.
package job

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tracing"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// How the worker looks for sagas. A killed process's sagas are free when their lease ends, at most one look later.
const (
	lookEvery = 500 * time.Millisecond
	// claimAtOnce bounds how many sagas one look takes, so that many pods share what piled up in an outage.
	claimAtOnce = 8
	// sagaWorkers is how many sagas one process resumes at the same time.
	sagaWorkers = 16
	// RunTimeout ends a run that hangs; its saga is then free for the next look. It is the most that one step may take.
	RunTimeout = time.Minute
	// queueTime is how long a saga queues for a database connection, less than the lease it holds.
	queueTime = 5 * time.Second
)

// Sagas works on sagas that are due and that no request works on.
type Sagas struct {
	runner *saga.Runner
	tracer trace.Tracer
	log    *zap.Logger
	news   chan struct{}
}

// NewSagas makes the worker. The tracer makes its work spans of the traces that sagas began in.
func NewSagas(runner *saga.Runner, tracer trace.Tracer, log *zap.Logger) *Sagas {
	return &Sagas{runner: runner, tracer: tracer, log: log, news: make(chan struct{}, 1)}
}

// Kick makes the worker look at once.
func (s *Sagas) Kick() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// Run works until the context ends. Then it claims no more, and what it works on is given back after the step at hand, so
// that another process goes on at once.
func (s *Sagas) Run(ctx context.Context) error {
	ctx = postgres.Patient(ctx, queueTime)
	var running sync.WaitGroup
	defer running.Wait()
	free := make(chan struct{}, sagaWorkers)
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		s.look(ctx, free, &running)
		select {
		case <-ctx.Done():
			return nil
		case <-s.news:
		case <-ticker.C:
		}
	}
}

// look claims and starts due sagas until there are no more or no room is left.
func (s *Sagas) look(ctx context.Context, busy chan struct{}, running *sync.WaitGroup) {
	for ctx.Err() == nil {
		room := min(cap(busy)-len(busy), claimAtOnce)
		if room == 0 {
			return
		}
		sagas, err := s.runner.Claim(ctx, room)
		if err != nil {
			if ctx.Err() == nil {
				s.log.Warn("claim sagas", zap.Error(err))
			}
			return
		}
		for _, g := range sagas {
			busy <- struct{}{}
			running.Go(func() {
				defer func() { <-busy }()
				s.resume(ctx, g)
			})
		}
		if len(sagas) < room {
			return
		}
	}
}

func (s *Sagas) resume(ctx context.Context, g *saga.Saga) {
	run, cancel := context.WithTimeout(ctx, RunTimeout)
	defer cancel()
	work := tracing.Work{Name: "saga " + g.Kind, Cause: g.Cause, Age: g.Age}
	err := tracing.Follow(run, s.tracer, work, func(run context.Context) error {
		err := s.runner.Resume(run, g)
		if errors.Is(err, saga.ErrFenced) || ctx.Err() != nil {
			return nil //nolint:nilerr // no failure: another process goes on, or will
		}
		return err
	})
	if err == nil {
		return
	}
	s.log.Warn("saga will be tried again", zap.String("kind", g.Kind), zap.String("order_id", g.OrderID),
		zap.String("step", g.Step), zap.Int("attempts", g.Attempts), zap.Error(err))
}
