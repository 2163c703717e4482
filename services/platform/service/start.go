package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/mtls"
	"github.com/cartwright-shop/cartwright/services/platform/ops"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/migrate"
	"github.com/cartwright-shop/cartwright/services/platform/telemetry"
)

var errStopping = errors.New("the process is stopping")

// Instance is a program that serves.
type Instance struct {
	rt       *Runtime
	registry *prometheus.Registry
	level    zap.AtomicLevel
	schema   *schema
	peers    peers
	grpc     net.Listener
	ops      net.Listener
	opsHTTP  *http.Server
	bound    []net.Listener // of rt.http, in its order
	cancel   context.CancelFunc
	stopping atomic.Bool
	stopOnce sync.Once
	failed   chan error
}

// Start builds the program and serves until Stop. It returns as soon as the ports are open, whether or not the database
// and the peers answer. Log lines go to out. Tests start programs by it with ports of 0.
func Start[C any](ctx context.Context, p Program[C], cfg C, out io.Writer) (*Instance, error) {
	shared, ok := any(&cfg).(embedsConfig)
	if !ok {
		return nil, errors.New("the settings of the program do not embed service.Config")
	}
	common := *shared.shared()
	ctx, cancel := context.WithCancel(ctx)
	i := &Instance{cancel: cancel, failed: make(chan error, 8)}
	if err := i.prepare(ctx, p.identity(), &common, out); err != nil {
		cancel()
		return nil, err
	}
	err := errors.Join(p.Build(ctx, cfg, i.rt), i.rt.problem)
	if err == nil {
		err = i.listen()
	}
	if err != nil {
		i.release(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("start: %w", err)
	}
	i.serve(ctx)
	return i, nil
}

// program is the part of a Program that does not depend on its settings.
type program struct {
	name string
	need int64 // version of the schema, 0 without a database
	err  error
}

func (p Program[C]) identity() program {
	if p.Migrations == nil {
		return program{name: p.Name}
	}
	need, err := migrate.Need(p.Migrations)
	return program{name: p.Name, need: need, err: err}
}

// prepare makes everything the runtime offers. Nothing in it talks to another process.
func (i *Instance) prepare(ctx context.Context, p program, cfg *Config, out io.Writer) error {
	if p.err != nil {
		return p.err
	}
	level, err := zapcore.ParseLevel(cfg.LogLevel)
	if err != nil {
		return fmt.Errorf("LOG_LEVEL: %w", err)
	}
	i.level = zap.NewAtomicLevelAt(level)
	i.registry = telemetry.NewRegistry(p.name, cfg.Version)
	rt := &Runtime{
		Log: telemetry.NewLogger(out, i.level, p.name, cfg.Version), Metrics: i.registry, Clock: clock.System(), cfg: cfg,
	}
	rt.Tracing, err = telemetry.NewTracing(ctx, telemetry.TraceConfig{
		Endpoint: cfg.OTLPEndpoint, Ratio: cfg.TraceRatio, Service: p.name, Version: cfg.Version})
	if err != nil {
		return err
	}
	i.schema = noSchema()
	if p.need > 0 {
		i.schema = newSchema(p.need)
		if rt.DB, err = openDatabase(ctx, p.name, cfg); err != nil {
			return err
		}
		i.registry.MustRegister(rt.DB.Collector())
	}
	if files := cfg.certificate(); files != (mtls.Files{}) {
		if rt.tls, err = mtls.Open(mtls.Config{Files: files, Service: p.name, Log: rt.Log, Metrics: rt.Metrics}); err != nil {
			return fmt.Errorf("MTLS_CERT_FILE, MTLS_KEY_FILE, MTLS_CA_FILE: %w", err)
		}
	}
	rt.GRPC = grpcserver.New(grpcserver.Config{
		Log: rt.Log, Metrics: i.registry, TLS: rt.tls, DefaultDeadline: cfg.DefaultDeadline, MaxConnectionAge: cfg.MaxConnectionAge,
		MaxConnectionAgeGrace: cfg.MaxConnectionAgeGrace, Stats: rt.Tracing.Server(),
	})
	rt.workers = newWorkers(rt.Log, i.registry, p.name, i.schema.good)
	i.rt = rt
	i.opsHTTP = ops.NewServer(ops.Handler(ops.Config{
		Service: p.name, Version: cfg.Version, Ready: i.ready, Metrics: i.registry, Level: i.level}))
	return nil
}

func openDatabase(ctx context.Context, name string, cfg *Config) (*postgres.DB, error) {
	c := postgres.Config{
		URL: cfg.DatabaseURL, PasswordFile: cfg.DatabasePasswordFile, MaxConns: cfg.DatabaseMaxConns,
		AcquireTimeout: cfg.DatabaseAcquireTimeout, ExecMode: cfg.DatabaseExecMode, ApplicationName: name,
	}
	if cfg.databaseURLFile != "" {
		c.URL, c.URLFile = "", cfg.databaseURLFile
	}
	return postgres.Open(ctx, c)
}

func (i *Instance) ready() error {
	if i.stopping.Load() {
		return errStopping
	}
	return cmp.Or(i.schema.ready(), i.peers.ready())
}

// listen opens all ports, so that a busy one is known before anything runs.
func (i *Instance) listen() error {
	if _, err := i.rt.GRPC.Build(); err != nil {
		return err
	}
	var err error
	if i.rt.cfg.GRPCAddr != "" && i.rt.GRPC.HasServices() {
		if i.grpc, err = net.Listen("tcp", i.rt.cfg.GRPCAddr); err != nil {
			return fmt.Errorf("GRPC_ADDR: %w", err)
		}
	}
	if i.ops, err = net.Listen("tcp", i.rt.cfg.OpsAddr); err != nil {
		return fmt.Errorf("OPS_ADDR: %w", err)
	}
	for _, h := range i.rt.http {
		l, err := net.Listen("tcp", h.addr)
		if err != nil {
			return fmt.Errorf("%s: %w", h.name, err)
		}
		i.bound = append(i.bound, l)
	}
	return nil
}

func (i *Instance) serve(ctx context.Context) {
	rt := i.rt
	i.run("ops", func() error { return i.opsHTTP.Serve(i.ops) })
	if i.grpc != nil {
		i.run("grpc", func() error { return rt.GRPC.Serve(i.grpc) })
	}
	for n, h := range rt.http {
		i.run(h.name, func() error { return h.server.Serve(i.bound[n]) })
	}
	if rt.tls != nil {
		go rt.tls.Watch(ctx)
	}
	if rt.DB != nil {
		go i.schema.watch(ctx, rt.DB, rt.Log)
	}
	go i.peers.meet(ctx, rt.needed, rt.Log)
	rt.workers.start(ctx)
	rt.Log.Info("serving", zap.String("grpc", i.GRPCAddr()), zap.String("ops", i.OpsAddr()))
}

func (i *Instance) run(name string, serve func() error) {
	go func() {
		if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) {
			i.failed <- fmt.Errorf("%s: %w", name, err)
		}
	}()
}

// GRPCAddr is the address that the gRPC port got, empty when there is none.
func (i *Instance) GRPCAddr() string {
	if i.grpc == nil {
		return ""
	}
	return i.grpc.Addr().String()
}

// OpsAddr is the address that the ops port got.
func (i *Instance) OpsAddr() string { return i.ops.Addr().String() }

// HTTPAddrs are the addresses that the program's own HTTP servers got, in the order they were added.
func (i *Instance) HTTPAddrs() []string {
	addrs := make([]string, len(i.bound))
	for n, l := range i.bound {
		addrs[n] = l.Addr().String()
	}
	return addrs
}

const flushTimeout = 3 * time.Second

// Stop turns traffic away, stops claiming work, lets what runs finish within the drain timeout, and lets go of
// everything. It returns when the process may exit.
func (i *Instance) Stop() { i.stopOnce.Do(i.stop) }

func (i *Instance) stop() {
	rt := i.rt
	began := time.Now()
	i.stopping.Store(true)
	rt.GRPC.NotServing()
	rt.Log.Info("stopping", zap.Duration("drain_timeout", rt.cfg.DrainTimeout))
	i.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), rt.cfg.DrainTimeout)
	defer cancel()
	var drain sync.WaitGroup
	drain.Go(func() { i.note("workers", rt.workers.stop(ctx)) })
	drain.Go(func() {
		for _, h := range rt.http {
			i.note(h.name, ops.Shutdown(ctx, h.server))
		}
		rt.GRPC.Stop(ctx)
	})
	drain.Wait()
	rt.Log.Info("stopped", zap.Duration("took", time.Since(began)))
	i.release(context.Background())
}

// release closes what prepare and Build opened. It is used on a failed start too.
func (i *Instance) release(ctx context.Context) {
	i.cancel()
	rt := i.rt
	for _, conn := range rt.conns {
		i.note("connection", conn.Close())
	}
	flush, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	i.note("tracing", rt.Tracing.Flush(flush))
	if rt.DB != nil {
		closeWithin(flush, rt.DB.Close)
	}
	for _, l := range append([]net.Listener{i.grpc, i.ops}, i.bound...) {
		if l != nil {
			_ = l.Close()
		}
	}
	i.note("ops", ops.Shutdown(flush, i.opsHTTP))
	_ = rt.Log.Sync()
}

// closeWithin does not wait longer than ctx for a connection that somebody still holds.
func closeWithin(ctx context.Context, closeAll func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		closeAll()
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

func (i *Instance) note(part string, err error) {
	if err != nil {
		i.rt.Log.Warn("part did not stop cleanly", zap.String("part", part), zap.Error(err))
	}
}
