package postgres_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/cluster"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
)

// guarded is a server that asks for passwords, which those for other tests do not.
type guarded struct {
	t     *testing.T
	admin *pgx.Conn
	host  string
	file  string // with the URL that a service connects by
}

func newGuarded(t *testing.T) *guarded {
	t.Helper()
	dir, err := os.MkdirTemp("", "cartwright-rotation-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := free.Addr().(*net.TCPAddr).Port
	require.NoError(t, free.Close())
	server, err := cluster.Start(t.Context(), cluster.Config{Dir: dir, Port: port})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	require.NoError(t, provision.Apply(t.Context(), server.URL("postgres"), provision.Service{Name: "bank", AppPassword: "one"}))
	g := &guarded{t: t, host: fmt.Sprintf("127.0.0.1:%d", port), file: filepath.Join(t.TempDir(), "url")}
	g.admin, err = pgx.Connect(t.Context(), server.URL("postgres"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = g.admin.Close(context.Background()) })
	return g
}

// mount changes the file in one step, as Kubernetes does.
func (g *guarded) mount(role, password string) {
	g.t.Helper()
	dsn := url.URL{Scheme: "postgres", User: url.UserPassword(role, password), Host: g.host, Path: "/postgres", RawQuery: "sslmode=disable"}
	require.NoError(g.t, os.WriteFile(g.file+".new", []byte(dsn.String()+"\n"), 0o600))
	require.NoError(g.t, os.Rename(g.file+".new", g.file))
}

func (g *guarded) exec(sql string) {
	g.t.Helper()
	_, err := g.admin.Exec(g.t.Context(), sql)
	require.NoError(g.t, err)
}

// sessions is how many connections a role has.
func (g *guarded) sessions(role string) (n int) {
	g.t.Helper()
	require.NoError(g.t, g.admin.QueryRow(g.t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE usename = $1", role).Scan(&n))
	return n
}

// traffic is 200 queries a second.
type traffic struct {
	calls, failed atomic.Int64
	first         atomic.Pointer[error]
	stop          func()
}

func newTraffic(t *testing.T, db *postgres.DB) *traffic {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &traffic{}
	var running sync.WaitGroup
	l.stop = func() { cancel(); running.Wait() }
	t.Cleanup(l.stop)
	running.Go(func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for ctx.Err() == nil {
			<-ticker.C
			running.Go(func() {
				var schema string
				if err := db.QueryRow(context.Background(), "SELECT current_schema()").Scan(&schema); err != nil || schema != "bank" {
					l.failed.Add(1)
					l.first.CompareAndSwap(nil, &err)
				}
				l.calls.Add(1)
			})
		}
	})
	return l
}

func (l *traffic) more(t *testing.T, n int64) {
	t.Helper()
	target := l.calls.Load() + n
	require.Eventually(t, func() bool { return l.calls.Load() >= target }, time.Minute, 5*time.Millisecond, "queries go on")
}

// When it fails, changing a password, which has to be done again and again, loses calls or needs a restart of every service.
func TestPasswordRotationUnderLoadFailsNoCall(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.mount(provision.App("bank"), "one")
	db, err := postgres.Open(t.Context(), postgres.Config{URLFile: g.file, MaxConns: 4, AcquireTimeout: 30 * time.Second})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	load := newTraffic(t, db)
	load.more(t, 100)

	// One role: the server has the new password before the file has it. No connection outlives it here.
	g.exec("ALTER ROLE bank_app PASSWORD 'two'")
	db.Pool().Reset()
	require.Eventually(t, func() bool { return g.sessions("bank_app") == 0 }, time.Minute, time.Millisecond, "every connection is gone")
	g.mount("bank_app", "two")
	load.more(t, 200)

	// Two roles take turns: nobody waits for anything.
	g.exec("CREATE ROLE bank_app_b LOGIN PASSWORD 'three' IN ROLE bank_app")
	g.exec("ALTER ROLE bank_app_b SET search_path = bank, extensions")
	load.more(t, 50)
	g.mount("bank_app_b", "three")
	db.Pool().Reset()
	require.Eventually(t, func() bool { return g.sessions("bank_app") == 0 && g.sessions("bank_app_b") > 0 }, time.Minute, 5*time.Millisecond)
	g.exec("ALTER ROLE bank_app NOLOGIN")
	load.more(t, 200)

	load.stop()
	if err := load.first.Load(); err != nil {
		require.NoError(t, *err, "%d of %d calls failed", load.failed.Load(), load.calls.Load())
	}
	require.Zero(t, load.failed.Load())
	t.Logf("%d calls, none failed", load.calls.Load())
}

// When it fails, a password that is wrong for good makes every call wait instead of telling.
func TestAWrongPasswordIsToldInTime(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.mount("bank_app", "guess")
	db, err := postgres.Open(t.Context(), postgres.Config{URLFile: g.file, AcquireTimeout: 200 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	require.ErrorContains(t, ping(t.Context(), db), "The database cannot be reached.")
}
