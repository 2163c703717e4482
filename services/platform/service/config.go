package service

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/cartwright-shop/cartwright/services/platform/mtls"
)

// Config is the settings that every service has. Embed it in the service's own.
type Config struct {
	// GRPCAddr is where the services registered on the runtime's server are served; without one the port stays closed.
	GRPCAddr string `env:"GRPC_ADDR" envDefault:":9000" desc:"Address of the gRPC port; stays closed in a program that serves gRPC on a port of its own."`
	// OpsAddr is where probes and operators connect.
	OpsAddr string `env:"OPS_ADDR" envDefault:":9090" desc:"Address of the ops port (/livez /readyz /metrics /loglevel /debug/pprof/). Never public."`
	// DatabaseURL connects as the role that serves.
	DatabaseURL string `env:"DATABASE_URL" secret:"true" desc:"Postgres URL of the app role. From DATABASE_URL_FILE it is read again for each connection."`
	// OwnerDatabaseURL connects as the role that migrates.
	OwnerDatabaseURL string `env:"OWNER_DATABASE_URL" secret:"true" desc:"Postgres URL of the owner role; only migrate uses it."`
	// DatabasePasswordFile overrides the password of DatabaseURL.
	DatabasePasswordFile string `env:"DATABASE_PASSWORD_FILE" desc:"File with the password alone, read again for each connection."`
	// DatabaseMaxConns bounds the pool.
	DatabaseMaxConns int32 `env:"DATABASE_MAX_CONNS" envDefault:"8" desc:"Largest number of database connections of this process."`
	// DatabaseAcquireTimeout bounds the wait for a connection.
	DatabaseAcquireTimeout time.Duration `env:"DATABASE_ACQUIRE_TIMEOUT" envDefault:"500ms" desc:"Longest wait for a free connection; past it a call fails with UNAVAILABLE."`
	// DatabaseExecMode is how statements are sent.
	DatabaseExecMode string `env:"DATABASE_EXEC_MODE" desc:"Empty: prepared statements. exec or simple_protocol: none, for poolers in transaction mode."`
	// JobWorkers bounds the jobs that run at once.
	JobWorkers int `env:"JOB_WORKERS" envDefault:"4" desc:"How many jobs run at once in this process; each may hold a connection."`
	// LogLevel is the level at the start.
	LogLevel string `env:"LOG_LEVEL" envDefault:"info" desc:"debug, info, warn or error. Can be changed at /loglevel."`
	// DrainTimeout is how long running calls may take after SIGTERM.
	DrainTimeout time.Duration `env:"DRAIN_TIMEOUT" envDefault:"20s" desc:"How long running calls and jobs may go on after SIGTERM."`
	// DefaultDeadline is given to calls without one.
	DefaultDeadline time.Duration `env:"DEFAULT_DEADLINE" envDefault:"10s" desc:"Deadline of calls that come without one."`
	// MaxConnectionAge makes clients connect anew.
	MaxConnectionAge time.Duration `env:"MAX_CONNECTION_AGE" envDefault:"5m" desc:"Age at which clients are asked to connect anew, so that new pods get work."`
	// MaxConnectionAgeGrace is how long calls of an aged connection may go on.
	MaxConnectionAgeGrace time.Duration `env:"MAX_CONNECTION_AGE_GRACE" envDefault:"65s" desc:"How long calls on an aged connection may still run."`
	// CallTimeout is given to outgoing calls without a deadline.
	CallTimeout time.Duration `env:"CALL_TIMEOUT" envDefault:"5s" desc:"Deadline of calls to other services made without one."`
	// MTLSCertFile, MTLSKeyFile and MTLSCAFile switch certificates between services on.
	MTLSCertFile string `env:"MTLS_CERT_FILE" desc:"PEM file with the certificate of this service, spiffe://<trust domain>/service/<name>. With MTLS_KEY_FILE and MTLS_CA_FILE it makes services know each other by certificate; read again when it changes."`
	// MTLSKeyFile is the certificate's.
	MTLSKeyFile string `env:"MTLS_KEY_FILE" desc:"PEM file with the private key of the certificate."`
	// MTLSCAFile is whom to believe.
	MTLSCAFile string `env:"MTLS_CA_FILE" desc:"PEM file with every authority whose certificates are believed."`
	// OTLPEndpoint switches tracing on.
	OTLPEndpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" desc:"URL of an OTLP collector that speaks gRPC. Empty: no tracing."`
	// TraceRatio is the share of traced requests.
	TraceRatio float64 `env:"TRACE_RATIO" envDefault:"0.05" desc:"Share of requests traced when the caller has not decided, 0 to 1."`
	// Version is what logs and metrics call this build.
	Version string `env:"VERSION" desc:"Name of this build in logs and metrics. Empty: the version that was built into the binary."`

	// databaseURLFile is set by load when the URL came from a file.
	databaseURLFile string
}

// shared lets the runtime find the Config that a program's own config embeds.
func (c *Config) shared() *Config { return c }

type embedsConfig interface{ shared() *Config }

// certificate is the files of the service's certificate, without paths when the settings name none.
func (c *Config) certificate() mtls.Files {
	return mtls.Files{Cert: c.MTLSCertFile, Key: c.MTLSKeyFile, CA: c.MTLSCAFile}
}

// validate finds what the types cannot: all of it, one error per setting.
func (c *Config) validate(service string, hasDatabase bool) error {
	var problems []error
	report := func(name string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
	}
	if c.GRPCAddr != "" {
		report("GRPC_ADDR", checkAddr(c.GRPCAddr))
	}
	report("OPS_ADDR", checkAddr(c.OpsAddr))
	if hasDatabase {
		report("DATABASE_URL", checkDatabaseURL(c.DatabaseURL))
	}
	if files := c.certificate(); files != (mtls.Files{}) {
		report("MTLS_CERT_FILE, MTLS_KEY_FILE, MTLS_CA_FILE", files.Check(service))
	}
	_, err := zapcore.ParseLevel(c.LogLevel)
	report("LOG_LEVEL", err)
	for name, d := range map[string]time.Duration{
		"DRAIN_TIMEOUT": c.DrainTimeout, "DEFAULT_DEADLINE": c.DefaultDeadline, "MAX_CONNECTION_AGE": c.MaxConnectionAge,
		"MAX_CONNECTION_AGE_GRACE": c.MaxConnectionAgeGrace, "CALL_TIMEOUT": c.CallTimeout, "DATABASE_ACQUIRE_TIMEOUT": c.DatabaseAcquireTimeout,
	} {
		if d <= 0 {
			report(name, errNotPositive)
		}
	}
	for name, n := range map[string]int{"DATABASE_MAX_CONNS": int(c.DatabaseMaxConns), "JOB_WORKERS": c.JobWorkers} {
		if n < 1 {
			report(name, errNotPositive)
		}
	}
	if c.TraceRatio < 0 || c.TraceRatio > 1 {
		report("TRACE_RATIO", errors.New("must be between 0 and 1"))
	}
	if c.OTLPEndpoint != "" {
		u, err := url.Parse(c.OTLPEndpoint)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			report("OTEL_EXPORTER_OTLP_ENDPOINT", errors.New("must be an http or https URL"))
		}
	}
	return errors.Join(problems...)
}

var (
	errNotPositive = errors.New("must be more than zero")
	errNotSet      = errors.New("must be set")
	errDatabaseURL = errors.New("must be a postgres:// URL with a host and a database")
)

func checkAddr(addr string) error {
	if addr == "" {
		return errNotSet
	}
	_, _, err := net.SplitHostPort(addr)
	return err
}

// checkDatabaseURL never quotes the URL: it has the password in it.
func checkDatabaseURL(text string) error {
	if text == "" {
		return errNotSet
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || (u.Host == "" && u.Query().Get("host") == "") || len(u.Path) < 2 {
		return errDatabaseURL
	}
	return nil
}
