package service

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/platform/fault"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
)

var errPanicked = errors.New("panic")

// workers runs the loops of a program between the moment the schema is good and the moment the process stops.
type workers struct {
	log      *zap.Logger
	restarts *prometheus.CounterVec
	subject  string
	gate     <-chan struct{}

	mu      sync.Mutex
	ctx     context.Context // nil until started; ends when the process stops claiming work
	cancel  context.CancelFunc
	waiting []worker
	running sync.WaitGroup
}

type worker struct {
	name string
	run  func(ctx context.Context) error
}

func newWorkers(log *zap.Logger, reg prometheus.Registerer, subject string, gate <-chan struct{}) *workers {
	restarts := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "worker_restarts_total", Help: "Times a background worker failed and was run again.",
	}, []string{"worker"})
	reg.MustRegister(restarts)
	return &workers{log: log, restarts: restarts, subject: subject, gate: gate}
}

func (w *workers) add(name string, run func(ctx context.Context) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ctx == nil {
		w.waiting = append(w.waiting, worker{name, run})
		return
	}
	w.launch(worker{name, run})
}

// start launches what has been added. Its context is the parent of all loops.
func (w *workers) start(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ctx, w.cancel = context.WithCancel(identity.With(ctx, identity.Principal{Kind: identity.Service, Subject: w.subject}))
	for _, one := range w.waiting {
		w.launch(one)
	}
	w.waiting = nil
}

func (w *workers) launch(one worker) {
	ctx := w.ctx
	w.running.Go(func() {
		select {
		case <-w.gate:
			w.loop(ctx, one)
		case <-ctx.Done():
		}
	})
}

func (w *workers) loop(ctx context.Context, one worker) {
	pause := firstPause
	for {
		began := time.Now()
		err := safely(fault.Within(ctx, "worker", one.name), one.run)
		if err == nil || ctx.Err() != nil {
			return
		}
		w.restarts.WithLabelValues(one.name).Inc()
		w.log.Error("worker failed", zap.String("worker", one.name), zap.Error(err))
		if time.Since(began) > lastPause {
			pause = firstPause
		}
		timer := time.NewTimer(pause/2 + rand.N(pause)) //nolint:gosec // spreads restarts, hides nothing
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		pause = min(2*pause, lastPause)
	}
}

// stop ends the contexts of all loops and waits for them until ctx ends.
func (w *workers) stop(ctx context.Context) error {
	w.mu.Lock()
	if w.cancel != nil {
		w.cancel()
	}
	w.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.running.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("workers did not stop: %w", ctx.Err())
	}
}

func safely(ctx context.Context, run func(ctx context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanicked, p, debug.Stack())
		}
	}()
	return run(ctx)
}
