package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"

	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// Config says how a service runs its jobs. The zero value will do.
type Config struct {
	// Log gets failed tries and dead jobs; nil logs nothing.
	Log *zap.Logger
	// Metrics gets the counters; nil counts nothing.
	Metrics prometheus.Registerer
	// Workers is how many jobs run at once; 0 means 4. Each may hold a connection of the service's pool.
	Workers int
	// PollOnly never listens for notifications, for poolers in transaction mode. New jobs then wait for the next poll.
	PollOnly bool
	// Drain is how long Stop lets running jobs finish before their contexts are canceled; 0 means 5 s.
	Drain time.Duration
}

const (
	fetchCooldown  = 50 * time.Millisecond
	pollInterval   = time.Second
	keepCompleted  = time.Hour
	keepDead       = 30 * 24 * time.Hour
	startRetry     = 500 * time.Millisecond
	watchInterval  = 15 * time.Second
	defaultWorkers = 4
	defaultDrain   = 5 * time.Second
)

// Client inserts jobs and, once started, runs them.
type Client struct {
	db       *postgres.DB
	river    *river.Client[pgx.Tx]
	registry *Registry
	cancel   context.CancelFunc
	done     chan struct{} // closed when nothing of the client runs any more; nil before Start
}

// Open returns a client for the jobs of a registry. It does not use the database yet.
func Open(db *postgres.DB, r *Registry, c Config) (*Client, error) {
	if len(r.problems) > 0 {
		return nil, fmt.Errorf("open jobs: %w", errors.Join(r.problems...))
	}
	c.Workers = cmp.Or(max(c.Workers, 0), defaultWorkers)
	c.Drain = cmp.Or(max(c.Drain, 0), defaultDrain)
	c.Log = cmp.Or(c.Log, zap.NewNop())
	if err := r.observer.open(db, c); err != nil {
		return nil, fmt.Errorf("open jobs: %w", err)
	}
	client, err := river.NewClient(riverpgxv5.New(db.Pool()), &river.Config{
		CompletedJobRetentionPeriod: keepCompleted,
		CancelledJobRetentionPeriod: keepDead,
		DiscardedJobRetentionPeriod: keepDead,
		FetchCooldown:               fetchCooldown,
		FetchPollInterval:           pollInterval,
		JobTimeout:                  defaultTimeout,
		Logger:                      slog.New(zapslog.NewHandler(c.Log.WithOptions(zap.IncreaseLevel(zap.ErrorLevel)).Core())), // observer says what jobs do
		MaxAttempts:                 defaultAttempts,
		PeriodicJobs:                r.periodic,
		PollOnly:                    c.PollOnly,
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: c.Workers}},
		ReindexerSchedule:           river.NeverSchedule(), // only the owner of an index may rebuild it
		RescueStuckJobsAfter:        r.longest() + 15*time.Second,
		SoftStopTimeout:             c.Drain,
		Workers:                     r.workers,
	})
	if err != nil {
		return nil, fmt.Errorf("open jobs: %w", err)
	}
	return &Client{db: db, river: client, registry: r}, nil
}

// Insert adds a job. In a transaction of the same database it becomes visible with the commit, and not at all without.
func (c *Client) Insert(ctx context.Context, args Args, options ...InsertOption) error {
	opts := &river.InsertOpts{MaxAttempts: c.registry.kinds[args.Kind()].attempts}
	for _, option := range options {
		option(opts)
	}
	var err error
	if tx := c.db.Ambient(ctx); tx != nil {
		_, err = c.river.InsertTx(ctx, tx, args, opts)
	} else {
		_, err = c.river.Insert(ctx, args, opts)
	}
	if err != nil {
		return fmt.Errorf("insert job %s: %w", args.Kind(), err)
	}
	return nil
}

// Start begins to run jobs and returns at once. While the database cannot be reached it keeps trying. Use it once.
func (c *Client) Start(ctx context.Context) {
	ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		for {
			// River's own context stays alive: Stop ends it in order.
			err := c.river.Start(context.WithoutCancel(ctx))
			if err == nil {
				break
			}
			c.registry.observer.log.Warn("jobs cannot start yet", zap.Error(err))
			select {
			case <-time.After(startRetry):
			case <-ctx.Done():
				return
			}
		}
		var group sync.WaitGroup
		group.Go(func() { c.rescue(ctx) })
		c.registry.observer.watch(ctx)
		group.Wait()
	}()
}

// Stop takes no more jobs and waits for those that run: first for them to end, then, after the drain time, for them to
// notice that they are canceled. Jobs it cuts off are tried again later.
func (c *Client) Stop(ctx context.Context) error {
	if c.done == nil {
		return nil
	}
	c.cancel()
	select {
	case <-c.done:
	case <-ctx.Done():
		return fmt.Errorf("stop jobs: %w", ctx.Err())
	}
	if err := c.river.Stop(ctx); err != nil {
		return fmt.Errorf("stop jobs: %w", err)
	}
	return nil
}
