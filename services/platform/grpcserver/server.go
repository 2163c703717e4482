// Package grpcserver is the gRPC server that every service runs: limits, keepalive, health, drain, and one chain of
// interceptors that turns whatever a client sends and whatever a handler returns into an answer with a public reason.
//
// It authenticates services, by certificate, when it has one of its own (Config.TLS), and no people: whom a call is made for
// comes from trusted callers in metadata, or from the Admit interceptors of a public server.
package grpcserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

const (
	maxConcurrentStreams = 250
	maxHeaderListBytes   = 16 << 10
	connectionTimeout    = 10 * time.Second
	minClientPing        = 20 * time.Second // clients of ours ping each 30 s
	serverPing           = 2 * time.Minute
	serverPingTimeout    = 20 * time.Second
)

// ErrBuilt is returned when a server is changed after it has begun to serve.
var ErrBuilt = errors.New("grpcserver: the server is built already")

// Server collects services and then serves them. Registration ends with Build or Serve.
type Server struct {
	mu       sync.Mutex
	cfg      Config
	services []service
	grpc     *grpc.Server
	chain    *chain // of grpc, once it is built
	health   *health.Server
	buildErr error
	stopping bool
	stopped  bool
}

type service struct {
	desc *grpc.ServiceDesc
	impl any
}

// New makes a server without services.
func New(cfg Config) *Server {
	return &Server{cfg: cfg, health: health.NewServer()}
}

// Config is a copy of the settings with defaults filled in.
func (s *Server) Config() Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.withDefaults()
}

// Register adds services: Register(func(r grpc.ServiceRegistrar) { cartv1.RegisterCartServiceServer(r, handler) }).
// Registering a service twice makes Build fail.
func (s *Server) Register(add func(grpc.ServiceRegistrar)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.grpc != nil {
		s.buildErr = ErrBuilt
		return
	}
	add((*registrar)(s))
}

// registrar is the Server while its lock is held.
type registrar Server

// RegisterService implements grpc.ServiceRegistrar.
func (r *registrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	if slices.ContainsFunc(r.services, func(have service) bool { return have.desc.ServiceName == desc.ServiceName }) {
		r.buildErr = fmt.Errorf("grpcserver: service %s is registered twice", desc.ServiceName)
		return
	}
	r.services = append(r.services, service{desc: tolerant(desc), impl: impl})
}

// Build makes the gRPC server with all registered services. Later calls return the same server.
func (s *Server) Build() (*grpc.Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buildErr != nil || s.grpc != nil {
		return s.grpc, s.buildErr
	}
	cfg := s.cfg.withDefaults()
	descs := make([]*grpc.ServiceDesc, len(s.services))
	for i := range s.services {
		descs[i] = s.services[i].desc
	}
	chain, err := newChain(cfg, descs)
	if err != nil {
		return nil, err
	}
	server := grpc.NewServer(options(cfg, chain)...)
	for _, svc := range s.services {
		server.RegisterService(svc.desc, svc.impl)
		s.health.SetServingStatus(svc.desc.ServiceName, grpc_health_v1.HealthCheckResponse_SERVING)
	}
	grpc_health_v1.RegisterHealthServer(server, s.health)
	if s.stopping {
		s.health.Shutdown()
	}
	s.grpc, s.chain = server, chain
	return server, nil
}

// HasServices tells whether a service was registered. A server without one has nothing to listen for.
func (s *Server) HasServices() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.services) > 0
}

// Interceptors are those of the built server, for callers in the same process that reach its handlers without a socket.
func (s *Server) Interceptors() ([]grpc.UnaryServerInterceptor, []grpc.StreamServerInterceptor, error) {
	if _, err := s.Build(); err != nil {
		return nil, nil, err
	}
	shared := *s.chain
	shared.foreign = true
	return shared.unary(), shared.stream(), nil
}

func options(cfg Config, c *chain) []grpc.ServerOption {
	opts := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(c.unary()...),
		grpc.ChainStreamInterceptor(c.stream()...),
		grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
			return errs.MethodUnknown.New("The method does not exist.")
		}),
		grpc.MaxConcurrentStreams(maxConcurrentStreams),
		grpc.MaxHeaderListSize(maxHeaderListBytes),
		grpc.ForceServerCodecV2(newCodec(cfg.MaxRecvBytes)),
		grpc.MaxRecvMsgSize(2 * cfg.MaxRecvBytes), // the codec refuses with a reason what the library would refuse without
		grpc.MaxSendMsgSize(cfg.MaxSendBytes),
		grpc.ConnectionTimeout(connectionTimeout),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minClientPing, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge: cfg.MaxConnectionAge, MaxConnectionAgeGrace: cfg.MaxConnectionAgeGrace,
			Time: serverPing, Timeout: serverPingTimeout,
		}),
	}
	if cfg.secure() {
		opts = append(opts, grpc.Creds(cfg.TLS.Server()))
	}
	for _, h := range cfg.Stats {
		opts = append(opts, grpc.StatsHandler(h))
	}
	return opts
}

// Serve answers calls on l until the server is stopped, then returns nil. On a server that was stopped before, it closes l and
// returns at once.
func (s *Server) Serve(l net.Listener) error {
	server, err := s.Build()
	if err != nil {
		return err
	}
	s.mu.Lock()
	stopped := s.stopped
	s.mu.Unlock()
	if stopped { // perhaps before there was anything to stop
		server.Stop()
	}
	if err := server.Serve(l); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve grpc: %w", err)
	}
	return nil
}

// NotServing tells the health service to turn load balancers away. Calls are still answered.
func (s *Server) NotServing() {
	s.mu.Lock()
	s.stopping = true
	s.mu.Unlock()
	s.health.Shutdown()
}

// Stop refuses new calls and waits for the running ones until ctx ends; then it cuts them off.
func (s *Server) Stop(ctx context.Context) {
	s.NotServing()
	s.mu.Lock()
	s.stopped = true
	server := s.grpc
	s.mu.Unlock()
	if server == nil {
		return
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		server.GracefulStop()
	}()
	select {
	case <-drained:
	case <-ctx.Done():
		server.Stop()
		<-drained
	}
}
