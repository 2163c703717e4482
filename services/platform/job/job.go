// Package job runs work that must happen after a commit: a job is a row written by the transaction that causes it, and is
// tried until it succeeds or is given up as dead.
//
// It wraps River and keeps its tables in the service's own schema. A job may run more than once, also at the same time as
// itself after a process was killed, so handlers are idempotent. Jobs left by a killed process are taken up again within a
// minute and a half, and periodic jobs pause for at most twenty seconds when the process that schedules them is killed: what
// must be quicker needs a loop of its own.
package job

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Args is what a job is about: a struct with JSON-tagged fields whose Kind never changes, because rows refer to it.
type Args = river.JobArgs

// Defaults of the options.
const (
	defaultAttempts = 50
	defaultTimeout  = 15 * time.Second
	maxBackoff      = 10 * time.Minute
)

// everyKind is the kind of all periodic jobs.
const everyKind = "every"

// Registry collects what a service's jobs do. Fill it before the client is opened.
type Registry struct {
	workers  *river.Workers
	kinds    map[string]settings
	periodic []*river.PeriodicJob
	every    map[string]*periodicTask
	observer *observer // set by Open, before anything runs
	problems []error
}

type settings struct {
	attempts int
	timeout  time.Duration
	backoff  func(attempt int) time.Duration
}

// Option changes how jobs of one kind run.
type Option func(*settings)

// MaxAttempts is how often a job is tried before it is dead; 50 by default, which takes about seven hours.
func MaxAttempts(n int) Option { return func(s *settings) { s.attempts = n } }

// Timeout bounds one try; 15 s by default. A try that is not over 5 s later counts as lost with its process: the job starts
// again.
func Timeout(d time.Duration) Option { return func(s *settings) { s.timeout = d } }

// Backoff says how long to wait after the attempt-th try failed, counted from 1. By default the wait doubles from one second
// to ten minutes, varied by a fifth.
func Backoff(wait func(attempt int) time.Duration) Option {
	return func(s *settings) { s.backoff = wait }
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry {
	r := &Registry{workers: river.NewWorkers(), kinds: map[string]settings{}, every: map[string]*periodicTask{}, observer: &observer{}}
	r.add(everyKind, river.AddWorkerSafely(r.workers, &periodicWorker{registry: r}))
	return r
}

// Handle sets what jobs of A's kind do. An error means try again later; Cancel wraps one that no retry mends.
func Handle[A Args](r *Registry, fn func(ctx context.Context, args A) error, options ...Option) {
	s := settings{attempts: defaultAttempts, timeout: defaultTimeout, backoff: defaultBackoff}
	for _, option := range options {
		option(&s)
	}
	var args A
	r.kinds[args.Kind()] = s
	r.add(args.Kind(), river.AddWorkerSafely(r.workers, &worker[A]{fn: fn, settings: s, registry: r}))
}

// Every runs fn about every interval, first at start, in one process at a time. A tick that comes while this process still
// runs the last one is left out; one that fails is logged and counted, and the next one comes as usual.
func Every(r *Registry, name string, interval time.Duration, fn func(ctx context.Context) error) {
	if _, twice := r.every[name]; twice {
		r.add(name, errors.New("there is another periodic job of that name"))
		return
	}
	r.every[name] = &periodicTask{fn: fn}
	construct := func() (river.JobArgs, *river.InsertOpts) {
		return everyArgs{Name: name}, &river.InsertOpts{MaxAttempts: 1}
	}
	r.periodic = append(r.periodic, river.NewPeriodicJob(river.PeriodicInterval(interval), construct,
		&river.PeriodicJobOpts{ID: name, RunOnStart: true}))
}

// Cancel marks an error that no retry mends: the job is dead at once.
func Cancel(err error) error { return river.JobCancel(err) }

func (r *Registry) add(name string, err error) {
	if err != nil {
		r.problems = append(r.problems, fmt.Errorf("job %s: %w", name, err))
	}
}

// longest is the longest time any try may take.
func (r *Registry) longest() time.Duration {
	longest := defaultTimeout
	for _, s := range r.kinds {
		longest = max(longest, s.timeout)
	}
	return longest
}

type worker[A Args] struct {
	river.WorkerDefaults[A]
	fn       func(ctx context.Context, args A) error
	settings settings
	registry *Registry
}

// Work implements river.Worker.
func (w *worker[A]) Work(ctx context.Context, job *river.Job[A]) error {
	return w.registry.observer.run(ctx, run{kind: job.Kind, id: job.ID, attempt: job.Attempt, last: job.Attempt >= job.MaxAttempts},
		func(ctx context.Context) error { return w.fn(ctx, job.Args) })
}

// Timeout implements river.Worker.
func (w *worker[A]) Timeout(*river.Job[A]) time.Duration { return w.settings.timeout }

// NextRetry implements river.Worker.
func (w *worker[A]) NextRetry(job *river.Job[A]) time.Time {
	return time.Now().Add(w.settings.backoff(job.Attempt))
}

func defaultBackoff(attempt int) time.Duration {
	wait := min(time.Second<<min(attempt-1, 20), maxBackoff)
	return wait - wait/10 + rand.N(wait/5) //nolint:gosec // spreads retries, hides nothing
}

type everyArgs struct {
	Name string `json:"name"`
}

// Kind implements Args.
func (everyArgs) Kind() string { return everyKind }

type periodicTask struct {
	running sync.Mutex
	fn      func(ctx context.Context) error
}

type periodicWorker struct {
	river.WorkerDefaults[everyArgs]
	registry *Registry
}

// Work implements river.Worker. A periodic job that fails is done all the same: the next tick is its retry.
func (w *periodicWorker) Work(ctx context.Context, job *river.Job[everyArgs]) error {
	task, known := w.registry.every[job.Args.Name]
	if !known || !task.running.TryLock() { // unknown: scheduled by a newer or an older release
		return nil
	}
	defer task.running.Unlock()
	_ = w.registry.observer.run(ctx, run{kind: job.Args.Name, id: job.ID, attempt: 1}, task.fn)
	return nil
}

// Timeout implements river.Worker.
func (w *periodicWorker) Timeout(*river.Job[everyArgs]) time.Duration { return w.registry.longest() }

// InsertOption changes how one job is inserted.
type InsertOption func(*river.InsertOpts)

// After delays a job.
func After(d time.Duration) InsertOption {
	return func(o *river.InsertOpts) { o.ScheduledAt = time.Now().Add(d) }
}

// Once leaves the job out when one with equal arguments has not ended yet.
func Once() InsertOption {
	return func(o *river.InsertOpts) {
		o.UniqueOpts = river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
			rivertype.JobStateRunning, rivertype.JobStateScheduled,
		}}
	}
}
