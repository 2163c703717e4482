// Package ops is the HTTP port for operators and probes: liveness, readiness, metrics, profiles and the log level. It is
// never public: it has no authentication.
package ops

import (
	"context"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
)

// Config says what the port shows.
type Config struct {
	// Service and Version are shown on the front page.
	Service, Version string
	// Ready gives the reason why the process should get no traffic, nil when it should. It must not ask other processes.
	Ready func() error
	// Metrics is what /metrics shows.
	Metrics prometheus.Gatherer
	// Level is what /loglevel shows and changes.
	Level zap.AtomicLevel
}

// Handler answers /livez, /readyz, /metrics, /loglevel and /debug/pprof/.
func Handler(cfg Config) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { write(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := cfg.Ready(); err != nil {
			write(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
			return
		}
		write(w, http.StatusOK, "ready")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Metrics, promhttp.HandlerOpts{}))
	mux.Handle("/loglevel", cfg.Level) // GET shows it, PUT {"level":"debug"} changes it
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, cfg.Service+" "+cfg.Version+"\n/livez /readyz /metrics /loglevel /debug/pprof/")
	})
	return mux
}

// NewServer serves the handler with time limits that still let a profile of 30 s through.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 90 * time.Second, IdleTimeout: time.Minute}
}

// Shutdown stops the server at once for connections that wait and at the end of ctx for those that do not.
func Shutdown(ctx context.Context, s *http.Server) error {
	if err := s.Shutdown(ctx); err != nil {
		return s.Close()
	}
	return nil
}

func write(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
