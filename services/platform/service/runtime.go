package service

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/grpcserver"
	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/mtls"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/telemetry"
)

// Runtime is what a program is built on.
type Runtime struct {
	// Log writes JSON lines.
	Log *zap.Logger
	// Metrics is shown on the ops port.
	Metrics prometheus.Registerer
	// DB is the service's schema, nil for a program without a database. It connects on first use.
	DB *postgres.DB
	// GRPC is the server on the gRPC port.
	GRPC *grpcserver.Server
	// Clock is the time for decisions that need no database.
	Clock clock.Clock
	// Tracing traces what the gRPC interceptors do not see.
	Tracing *telemetry.Tracing

	cfg     *Config
	tls     *mtls.Identity // nil: plaintext
	workers *workers
	mu      sync.Mutex
	conns   []*grpc.ClientConn
	needed  []*grpc.ClientConn // those of conns that the process meets before it asks for traffic
	http    []httpServer
	problem error // of Jobs, for Start to return
}

type httpServer struct {
	name   string
	addr   string
	server *http.Server
}

// Dial connects to another service by name and host:port. The methods named ("cartwright.product.v1.ProductService/GetProduct",
// or a whole service) are idempotent and may be sent again while the peer is unavailable. The connection is closed when
// the process stops. Traffic is held back for a while until the peer has been reached.
func (rt *Runtime) Dial(peer, addr string, idempotent ...string) (*grpc.ClientConn, error) {
	conn, err := rt.DialBack(peer, addr, idempotent...)
	if err != nil {
		return nil, err
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.needed = append(rt.needed, conn)
	return conn, nil
}

// DialBack is Dial to a service that calls this one and gets news from it. Traffic is not held back for it: two services that have
// not been reached before they may be would wait for each other.
func (rt *Runtime) DialBack(peer, addr string, idempotent ...string) (*grpc.ClientConn, error) {
	conn, err := grpcclient.Dial(grpcclient.Config{
		Peer: peer, Addr: addr, Log: rt.Log, Metrics: rt.Metrics, Timeout: rt.cfg.CallTimeout, Idempotent: idempotent,
		Clock: rt.Clock, Stats: rt.Tracing.Client(), TLS: rt.tls,
	})
	if err != nil {
		return nil, err
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.conns = append(rt.conns, conn)
	return conn, nil
}

// Go runs fn beside the server once the schema is known to be new enough, until the process stops: then its context ends
// and fn should return at once. When fn fails or panics it is run again after a pause; when it returns nil it is done.
func (rt *Runtime) Go(name string, fn func(ctx context.Context) error) { rt.workers.add(name, fn) }

// Jobs runs the jobs of r once the schema is known to be new enough. On stop no more jobs are taken and the running ones
// may finish. A registry with mistakes makes the start fail.
func (rt *Runtime) Jobs(r *job.Registry) *job.Client {
	if rt.DB == nil {
		rt.problem = errors.Join(rt.problem, errors.New("jobs need a database: the program has no migrations"))
		return nil
	}
	client, err := job.Open(rt.DB, r, job.Config{
		Log: rt.Log, Metrics: rt.Metrics, Workers: rt.cfg.JobWorkers, PollOnly: rt.cfg.DatabaseExecMode != "", Drain: rt.cfg.DrainTimeout * 3 / 4,
	})
	if err != nil {
		rt.problem = errors.Join(rt.problem, err)
		return nil
	}
	rt.Go("jobs", func(ctx context.Context) error {
		client.Start(ctx)
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), rt.cfg.DrainTimeout)
		defer cancel()
		return client.Stop(stop)
	})
	return client
}

// HTTP serves an HTTP server of the program's own on addr. On stop it is drained like the gRPC server.
func (rt *Runtime) HTTP(name, addr string, server *http.Server) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.http = append(rt.http, httpServer{name: name, addr: addr, server: server})
}
