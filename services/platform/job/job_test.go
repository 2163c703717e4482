package job_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/cluster"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

type greet struct {
	Name string `json:"name"`
}

func (greet) Kind() string { return "greet" }

func migrations() fstest.MapFS {
	return fstest.MapFS{"001_create_note.sql": {Data: []byte("-- +goose Up\nCREATE TABLE note (text text PRIMARY KEY);")}}
}

// start opens and starts a client that stops with the test.
func start(t *testing.T, db *postgres.DB, r *job.Registry, c job.Config) *job.Client {
	t.Helper()
	client, err := job.Open(db, r, c)
	require.NoError(t, err)
	client.Start(t.Context())
	t.Cleanup(func() { require.NoError(t, client.Stop(context.Background())) })
	return client
}

func receive[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came in time")
		panic("unreachable")
	}
}

// When it fails, work promised by a commit is lost, or work of a commit that never was is done.
func TestJobsFollowTheirTransaction(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "hello", migrations())
	seen := make(chan string, 10)
	r := job.NewRegistry()
	job.Handle(r, func(_ context.Context, args greet) error {
		seen <- args.Name
		return nil
	})
	client := start(t, database.DB, r, job.Config{})

	refused := errors.New("refused")
	require.ErrorIs(t, database.DB.Tx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, client.Insert(ctx, greet{Name: "rolled back"}))
		return refused
	}), refused)
	require.NoError(t, database.DB.Tx(t.Context(), func(ctx context.Context) error {
		return client.Insert(ctx, greet{Name: "committed"})
	}))
	require.Equal(t, "committed", receive(t, seen))
	require.NoError(t, client.Insert(t.Context(), greet{Name: "alone"}))
	require.Equal(t, "alone", receive(t, seen))
}

// When it fails, a peer that was down for a moment never hears of what happened, or a poisoned job hides.
func TestFailedJobsAreTriedAgainUntilTheyAreDead(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "hello", migrations())
	tries, metrics := make(chan int, 10), prometheus.NewRegistry()
	r, n := job.NewRegistry(), 0
	job.Handle(r, func(context.Context, greet) error {
		n++
		tries <- n
		return errors.New("peer is down")
	}, job.MaxAttempts(3), job.Backoff(func(int) time.Duration { return 10 * time.Millisecond }))
	client := start(t, database.DB, r, job.Config{Metrics: metrics})
	require.NoError(t, client.Insert(t.Context(), greet{Name: "x"}))
	for want := 1; want <= 3; want++ {
		require.Equal(t, want, receive(t, tries))
	}
	require.Eventually(t, func() bool {
		var dead int
		err := database.DB.QueryRow(t.Context(), "SELECT count(*) FROM river_job WHERE state = 'discarded'").Scan(&dead)
		return err == nil && dead == 1
	}, 10*time.Second, 10*time.Millisecond)
	count, err := testutil.GatherAndCount(metrics, "cartwright_job_runs_total")
	require.NoError(t, err)
	require.Equal(t, 2, count, "one series for errors, one for the dead job")
}

// When it fails, an error that no retry mends is repeated for hours.
func TestCanceledJobsAreNotTriedAgain(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "hello", migrations())
	r := job.NewRegistry()
	job.Handle(r, func(context.Context, greet) error { return job.Cancel(errors.New("nobody of that name")) })
	client := start(t, database.DB, r, job.Config{})
	require.NoError(t, client.Insert(t.Context(), greet{Name: "x"}))
	require.Eventually(t, func() bool {
		var attempt int
		err := database.DB.QueryRow(t.Context(), "SELECT attempt FROM river_job WHERE state = 'cancelled'").Scan(&attempt)
		return err == nil && attempt == 1
	}, 10*time.Second, 10*time.Millisecond)
}

// When it fails, sweepers and purges never run, or stop after their first error.
func TestPeriodicJobsKeepRunning(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "hello", migrations())
	ticks := make(chan struct{}, 100)
	r := job.NewRegistry()
	job.Every(r, "sweep", time.Second, func(context.Context) error {
		ticks <- struct{}{}
		return errors.New("not this time")
	})
	start(t, database.DB, r, job.Config{})
	receive(t, ticks)
	receive(t, ticks)
}

// When it fails, the same event is delivered twice for no reason.
func TestOnceLeavesOutAnEqualJobThatHasNotEnded(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "hello", migrations())
	r := job.NewRegistry()
	job.Handle(r, func(context.Context, greet) error { return nil })
	client, err := job.Open(database.DB, r, job.Config{})
	require.NoError(t, err)
	require.NoError(t, client.Insert(t.Context(), greet{Name: "x"}, job.Once(), job.After(time.Hour)))
	require.NoError(t, client.Insert(t.Context(), greet{Name: "x"}, job.Once(), job.After(time.Minute)))
	require.NoError(t, client.Insert(t.Context(), greet{Name: "y"}, job.Once()))
	var n int
	require.NoError(t, database.DB.QueryRow(t.Context(), "SELECT count(*) FROM river_job").Scan(&n))
	require.Equal(t, 2, n)
}

// When it fails, a service that starts before its database never does its background work.
func TestStartWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	config := cluster.Config{Dir: directory(t), Port: listener.Addr().(*net.TCPAddr).Port}
	require.NoError(t, listener.Close())
	server, err := cluster.Start(t.Context(), config)
	require.NoError(t, err)
	require.NoError(t, provision.Apply(t.Context(), server.URL("postgres"), provision.Service{Name: "hello", OwnerPassword: "o", AppPassword: "a"}))
	url := func(role, password string) string {
		return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/postgres", role, password, config.Port)
	}
	require.NoError(t, job.Migrate(t.Context(), url("hello_owner", "o"), "hello"))
	require.NoError(t, server.Stop(t.Context()))

	db, err := postgres.Open(t.Context(), postgres.Config{URL: url("hello_app", "a")})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	seen, waiting := make(chan string, 1), make(chan struct{}, 100)
	core, _ := observer.New(zapcore.WarnLevel)
	log := zap.New(zapcore.RegisterHooks(core, func(zapcore.Entry) error { waiting <- struct{}{}; return nil }))
	r := job.NewRegistry()
	job.Handle(r, func(_ context.Context, args greet) error {
		seen <- args.Name
		return nil
	})
	client := start(t, db, r, job.Config{Log: log})
	receive(t, waiting)
	again, err := cluster.Start(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, again.Stop(context.Background())) })
	require.NoError(t, client.Insert(t.Context(), greet{Name: "late"}))
	require.Equal(t, "late", receive(t, seen))
}

// directory returns a place that a server's user can reach, also when the tests run as root.
func directory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "cartwright-job-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// When it fails, a client that was opened but never started hangs its service at the end.
func TestStopWithoutStart(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "hello", migrations())
	client, err := job.Open(database.DB, job.NewRegistry(), job.Config{})
	require.NoError(t, err)
	require.NoError(t, client.Stop(t.Context()))
}

// When it fails, a deploy cuts off work in the middle, or waits for it without end.
func TestStopDrains(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "hello", migrations())
	began, ended := make(chan struct{}, 2), make(chan error, 2)
	finish := make(chan struct{})
	r := job.NewRegistry()
	job.Handle(r, func(ctx context.Context, args greet) error {
		began <- struct{}{}
		if args.Name == "quick" {
			<-finish
			ended <- nil
			return nil
		}
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	})
	client, err := job.Open(database.DB, r, job.Config{Drain: 200 * time.Millisecond})
	require.NoError(t, err)
	client.Start(t.Context())
	require.NoError(t, client.Insert(t.Context(), greet{Name: "quick"}))
	require.NoError(t, client.Insert(t.Context(), greet{Name: "endless"}))
	receive(t, began)
	receive(t, began)
	stopped := make(chan error, 1)
	go func() { stopped <- client.Stop(context.Background()) }()
	close(finish)
	require.NoError(t, receive(t, ended))
	require.ErrorIs(t, receive(t, ended), context.Canceled)
	require.NoError(t, receive(t, stopped))
	var again int
	require.NoError(t, database.DB.QueryRow(t.Context(),
		"SELECT count(*) FROM river_job WHERE args->>'name' = 'endless' AND state IN ('available', 'retryable', 'scheduled')").Scan(&again))
	require.Equal(t, 1, again, "what was cut off is tried again")
}

// When it fails, several pods that migrate at once break the queue's tables.
func TestMigrateIsSafeToRace(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "hello", migrations())
	results := make(chan error, 3)
	for range 3 {
		go func() { results <- job.Migrate(t.Context(), database.OwnerDSN, "hello") }()
	}
	for range 3 {
		require.NoError(t, receive(t, results))
	}
}

// When it fails, a typing mistake shows only when the first job is lost.
func TestTwoHandlersForOneKindAreRefused(t *testing.T) {
	t.Parallel()
	r := job.NewRegistry()
	job.Handle(r, func(context.Context, greet) error { return nil })
	job.Handle(r, func(context.Context, greet) error { return nil })
	_, err := job.Open(nil, r, job.Config{})
	require.ErrorContains(t, err, "greet")
}
