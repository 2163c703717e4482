package service_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/migrate"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// A pod must come up while its database is down, answer clearly, and serve when the database comes; a database that goes
// away again must not take all pods out of the load balancer.
func TestServesWhenTheDatabaseComesAndStaysReadyWhenItGoes(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "echo", fstest.MapFS(migration(1)))
	link, dsn := newRelay(t, database.AppDSN)
	began := time.Now()
	b := start(t, service.Program[settings]{Name: "echo", Migrations: fstest.MapFS(migration(1)), Build: build(querying)}, localConfig(dsn))
	require.Less(t, time.Since(began), time.Second)
	status, _ := b.get("/livez")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "DATABASE_UNAVAILABLE", b.reason())
	eventually(t, func() bool { status, _ := b.get("/readyz"); return status == http.StatusOK }, "ready though the database is down")

	link.open()
	eventually(t, func() bool { text, err := b.call(); return err == nil && text == "echo" }, "served when the database came")
	eventually(t, func() bool { return b.logged("schema is good") }, "the schema was looked at")

	link.cut()
	for range 5 {
		began := time.Now()
		require.Equal(t, "DATABASE_UNAVAILABLE", b.reason())
		require.Less(t, time.Since(began), time.Second, "calls fail fast")
		status, _ := b.get("/readyz")
		require.Equal(t, http.StatusOK, status)
	}
	link.open()
	eventually(t, func() bool { _, err := b.call(); return err == nil }, "served again")
}

// A binary that is newer than the schema must get no traffic and do no work until migrate has run.
func TestAnOldSchemaKeepsTrafficAndWorkersAway(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "echo", fstest.MapFS(migration(1)))
	newer := fstest.MapFS(migration(2))
	var worked atomic.Bool
	program := service.Program[settings]{Name: "echo", Migrations: newer, Build: func(ctx context.Context, cfg settings, rt *service.Runtime) error {
		rt.Go("sweeper", func(context.Context) error { worked.Store(true); return nil })
		return build(querying)(ctx, cfg, rt)
	}}
	b := start(t, program, localConfig(database.AppDSN))
	eventually(t, func() bool { return strings.Contains(b.log.String(), "run migrate") }, "the reason is logged")
	status, body := b.get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "the schema is at version 1 and this binary needs 2: run migrate")
	status, _ = b.get("/livez")
	require.Equal(t, http.StatusOK, status, "the process is not killed for it")
	require.False(t, worked.Load())

	_, err := migrate.Up(t.Context(), migrate.Config{OwnerURL: database.OwnerDSN, Schema: "echo", Files: newer})
	require.NoError(t, err)
	eventually(t, func() bool { status, _ := b.get("/readyz"); return status == http.StatusOK }, "ready after migrate")
	eventually(t, worked.Load, "workers run after migrate")
}

// Background work must survive its own failures, and act as the service rather than as a visitor.
func TestFailedWorkersRunAgain(t *testing.T) {
	t.Parallel()
	var runs atomic.Int32
	principal := make(chan identity.Principal, 1)
	stopped := make(chan struct{})
	program := service.Program[settings]{Name: "echo", Build: func(_ context.Context, _ settings, rt *service.Runtime) error {
		rt.Go("relay", func(ctx context.Context) error {
			switch runs.Add(1) {
			case 1:
				return errors.New("no luck")
			case 2:
				panic("boom")
			}
			principal <- identity.From(ctx)
			<-ctx.Done()
			close(stopped)
			return ctx.Err()
		})
		return nil
	}}
	b := start(t, program, localConfig(""))
	require.Equal(t, identity.Principal{Kind: identity.Service, Subject: "echo"}, <-principal)
	_, metrics := b.get("/metrics")
	require.Contains(t, metrics, `worker_restarts_total{worker="relay"} 2`)
	require.Contains(t, b.log.String(), "no luck")
	require.Contains(t, b.log.String(), "boom")
	b.instance.Stop()
	<-stopped
}

type note struct {
	Text string `json:"text"`
}

// Kind names the job in the database.
func (note) Kind() string { return "note" }

// Jobs are how promises are kept after a commit: a started program must run them, as the service.
func TestJobsRunOnceTheProgramServes(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "echo", fstest.MapFS(migration(1)))
	done := make(chan string, 1)
	var client *job.Client
	program := service.Program[settings]{Name: "echo", Migrations: fstest.MapFS(migration(1)), Build: func(_ context.Context, _ settings, rt *service.Runtime) error {
		registry := job.NewRegistry()
		job.Handle(registry, func(ctx context.Context, n note) error {
			done <- n.Text + " by " + identity.From(ctx).Key()
			return nil
		})
		client = rt.Jobs(registry)
		return nil
	}}
	start(t, program, localConfig(database.AppDSN))
	require.NoError(t, client.Insert(t.Context(), note{Text: "hello"}))
	require.Equal(t, "hello by service:echo", <-done)
}

// Mistakes in the wiring must stop the start with their reason.
func TestWiringMistakesStopTheStart(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	good := build(answering)
	for want, change := range map[string]func(*service.Program[settings], *settings){
		"GRPC_ADDR": func(_ *service.Program[settings], cfg *settings) { cfg.GRPCAddr = busy.Addr().String() },
		"OPS_ADDR":  func(_ *service.Program[settings], cfg *settings) { cfg.OpsAddr = busy.Addr().String() },
		"LOG_LEVEL": func(_ *service.Program[settings], cfg *settings) { cfg.LogLevel = "loud" },
		"no luck": func(p *service.Program[settings], _ *settings) {
			p.Build = func(context.Context, settings, *service.Runtime) error { return errors.New("no luck") }
		},
		"jobs need a database": func(p *service.Program[settings], _ *settings) {
			p.Build = func(_ context.Context, _ settings, rt *service.Runtime) error { rt.Jobs(job.NewRegistry()); return nil }
		},
		"twice": func(p *service.Program[settings], _ *settings) {
			p.Build = func(ctx context.Context, cfg settings, rt *service.Runtime) error {
				return errors.Join(good(ctx, cfg, rt), good(ctx, cfg, rt))
			}
		},
	} {
		program, cfg := service.Program[settings]{Name: "echo", Build: good}, localConfig("")
		change(&program, &cfg)
		_, err := service.Start(t.Context(), program, cfg, &buffer{})
		require.ErrorContains(t, err, want)
	}
}

// A program's own HTTP port must finish what it has begun, like the gRPC port.
func TestHTTPServersAreDrained(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	program := service.Program[settings]{Name: "echo", Build: func(_ context.Context, _ settings, rt *service.Runtime) error {
		rt.HTTP("public", "127.0.0.1:0", &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(entered)
			<-release
			w.WriteHeader(http.StatusTeapot)
		})})
		return nil
	}}
	cfg := localConfig("")
	cfg.GRPCAddr = ""
	b := start(t, program, cfg)
	answer := make(chan int, 1)
	go func() { status, _ := get(t, "http://"+b.instance.HTTPAddrs()[0]); answer <- status }()
	<-entered
	stopped := make(chan struct{})
	go func() { b.instance.Stop(); close(stopped) }()
	eventually(t, func() bool { status, _ := b.get("/readyz"); return status == http.StatusServiceUnavailable }, "turned away first")
	close(release)
	require.Equal(t, http.StatusTeapot, <-answer)
	<-stopped
}

// A program that serves everything on a port of its own must leave no second port open.
func TestAProgramWithoutServicesOpensNoGRPCPort(t *testing.T) {
	t.Parallel()
	program := service.Program[settings]{Name: "echo", Build: func(context.Context, settings, *service.Runtime) error { return nil }}
	require.Empty(t, start(t, program, localConfig("")).instance.GRPCAddr())
}
