package stack

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/deploy/local/issuer"
	"github.com/cartwright-shop/cartwright/deploy/local/progress"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	"github.com/cartwright-shop/cartwright/services/platform/mtls/mtlstest"
)

// Shop is a running shop.
type Shop struct {
	options   Options
	secrets   *secrets
	database  *database
	issuer    *issuer.Issuer
	issuerWeb *http.Server
	authority *mtlstest.Authority
	starter   starter
	processes map[string]*process
	order     []string
}

// CheckPorts finds a port that somebody else uses, before anything takes time.
func CheckPorts(o Options) error { return o.Ports.check() }

// Start runs everything and returns when every service is ready. On an error nothing is left running.
func Start(ctx context.Context, o Options) (*Shop, error) {
	if err := o.Ports.check(); err != nil {
		return nil, err
	}
	if o.Fresh {
		if err := reset(o); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(o.logs(), dirPublic); err != nil {
		return nil, err
	}
	s := &Shop{options: o, processes: map[string]*process{}}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// reset removes what a shop keeps, but not what it takes long to build.
func reset(o Options) error {
	for _, name := range []string{"secrets.json", "sandbox", "logs", "mtls"} {
		if err := os.RemoveAll(filepath.Join(o.Dir, name)); err != nil {
			return err
		}
	}
	if o.DatabaseURL != "" {
		return nil
	}
	return os.RemoveAll(o.dataDir())
}

// Remove deletes what a stopped shop kept: its data, secrets and logs. Binaries stay.
func Remove(o Options) error { return reset(o) }

func (s *Shop) start(ctx context.Context) error {
	var err error
	if s.secrets, err = loadSecrets(s.options.Dir); err != nil {
		return err
	}
	if s.database, err = openDatabase(ctx, s.options); err != nil {
		return err
	}
	if err := s.database.prepare(ctx, s.secrets, s.options.Fresh); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.startIssuer(); err != nil {
		return err
	}
	if s.options.MTLS {
		if err := s.RenewCertificates(); err != nil {
			return err
		}
	}
	return s.startProcesses(ctx)
}

func (s *Shop) migrate(ctx context.Context) error {
	bar := progress.New(s.options.Output, "migrate", len(withDatabase()))
	for _, name := range withDatabase() {
		if err := s.Migrate(ctx, name); err != nil {
			bar.Fail()
			return err
		}
		bar.Add(1)
	}
	bar.Done()
	return nil
}

func (s *Shop) startIssuer() error {
	seed, err := hex.DecodeString(s.secrets.IssuerSeed)
	if err != nil {
		return fmt.Errorf("read issuer seed: %w", err)
	}
	if s.issuer, err = issuer.New(httpURL(s.options.Ports.Issuer), audience, seed); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", local(s.options.Ports.Issuer))
	if err != nil {
		return err
	}
	s.issuerWeb = &http.Server{Handler: s.issuer.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.issuerWeb.Serve(listener) }()
	return nil
}

func (s *Shop) startProcesses(ctx context.Context) error {
	names := append([]string{sandboxName}, ServiceNames...)
	bar := progress.New(s.options.Output, "start", len(names))
	for _, name := range names {
		env, err := s.environment(name)
		if err != nil {
			return err
		}
		p := s.process(name, env)
		s.processes[name], s.order = p, append(s.order, name)
		if err := p.start(&s.starter); err != nil {
			bar.Fail()
			return err
		}
	}
	for _, name := range names {
		if err := s.waitReady(ctx, name); err != nil {
			bar.Fail()
			return err
		}
		bar.Add(1)
	}
	bar.Done()
	return s.waitServing(ctx)
}

func (s *Shop) process(name string, env []string) *process {
	more := func() []string { return nil }
	if s.options.EnvOf != nil {
		more = func() []string { return s.options.EnvOf(name) }
	}
	return &process{
		name: name, binary: s.options.binary(name, filepath.Join(s.options.bin(), name)), env: env, more: more, logPath: filepath.Join(s.options.logs(), name+".log"),
	}
}

// waitServing waits until the gateway reaches the services behind it: connections that were tried too early are tried
// again after a moment.
func (s *Shop) waitServing(ctx context.Context) error {
	call := shopclient.Call{Verb: http.MethodGet, Path: "/v1/channels"}
	if err := s.Client().DoPatiently(ctx, readyTime, call, nil); err != nil {
		return fmt.Errorf("the gateway does not serve: %w", err)
	}
	return nil
}

// waitReady waits until a process answers that it is ready, or has ended.
func (s *Shop) waitReady(ctx context.Context, name string) error {
	address := s.OpsURL(name) + "/readyz"
	if name == sandboxName {
		address = s.SandboxURL() + "/livez"
	}
	deadline := time.Now().Add(readyTime)
	for time.Now().Before(deadline) {
		if s.processes[name].crashed() {
			return fmt.Errorf("%s ended at the start: %s", name, s.processes[name].lastWords())
		}
		if answers(ctx, address) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s is not ready after %s: %s", name, readyTime, s.processes[name].lastWords())
}

func answers(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// Watch returns when a process ends by itself, with the reason, or when ctx ends, with nil.
func (s *Shop) Watch(ctx context.Context) error {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for _, name := range s.order {
			if p := s.processes[name]; p.crashed() {
				return fmt.Errorf("%s ended by itself (%s); make up starts the shop again with its data; its last line: %s", name, p.how(), p.lastWords())
			}
		}
		if s.database.cluster != nil {
			select {
			case <-s.database.cluster.Ended():
				return errors.New("Postgres ended by itself: see its log in " + relative(s.options.dataDir()))
			default:
			}
		}
	}
}

// Stop ends every process, the gateway first, then the database.
func (s *Shop) Stop(ctx context.Context) error {
	for i := len(s.order) - 1; i >= 0; i-- {
		s.processes[s.order[i]].signal(syscall.SIGTERM)
	}
	if s.issuerWeb != nil {
		_ = s.issuerWeb.Close()
	}
	return s.database.stop(ctx)
}

// Pids are the process ids by name, the database's among them when it is ours.
func (s *Shop) Pids() map[string]int {
	pids := map[string]int{}
	for name, p := range s.processes {
		p.mu.Lock()
		if p.command != nil {
			pids[name] = p.command.Process.Pid
		}
		p.mu.Unlock()
	}
	if s.database.cluster != nil {
		pids["postgres"] = s.database.cluster.Pid()
	}
	return pids
}

// URL is the public API.
func (s *Shop) URL() string { return httpURL(s.options.Ports.Gateway) }

// DatabaseURL is an administrator's connection to the shop's database.
func (s *Shop) DatabaseURL() string { return s.database.adminURL }

// SandboxURL is the payment provider.
func (s *Shop) SandboxURL() string { return httpURL(s.options.Ports.Sandbox) }

// IssuerURL is the token issuer.
func (s *Shop) IssuerURL() string { return httpURL(s.options.Ports.Issuer) }

// AuditorURL connects to the database as the role that may read everything and write nothing.
func (s *Shop) AuditorURL() (string, error) { return s.database.url(audit.Role, s.secrets.Auditor) }

// Logs are the files that the processes write to.
func (s *Shop) Logs() ([]string, error) {
	return filepath.Glob(filepath.Join(s.options.logs(), "*.log"))
}

// OpsURL is a service's ops port.
func (s *Shop) OpsURL(service string) string { return httpURL(s.options.Ports.Ops[service]) }

// Client calls the shop without a token.
func (s *Shop) Client() *shopclient.Client { return shopclient.New(s.URL()) }

// StaffToken is a token with every scope.
func (s *Shop) StaffToken() (string, error) { return s.issuer.StaffToken() }

// Token is a token for a customer or for staff with some scopes.
func (s *Shop) Token(c issuer.Claims) (string, error) { return s.issuer.Token(c) }

func (o Options) logs() string { return filepath.Join(o.Dir, "logs") }

// Address is a service's gRPC port.
func (s *Shop) Address(service string) string { return local(s.options.Ports.GRPC[service]) }
