package ops_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/platform/ops"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

// Probes decide over restarts and traffic, and the people on call live on the rest.
func TestThePortAnswersProbesAndOperators(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "orders_total", Help: "Orders."})
	registry.MustRegister(counter)
	level := zap.NewAtomicLevel()
	var problem error
	server := httptest.NewServer(ops.Handler(ops.Config{
		Service: "cart", Version: "v7", Ready: func() error { return problem }, Metrics: registry, Level: level}))
	defer server.Close()

	status, body := get(t, server.URL+"/livez")
	require.Equal(t, http.StatusOK, status, body)
	status, _ = get(t, server.URL+"/readyz")
	require.Equal(t, http.StatusOK, status)
	problem = errors.New("the schema is old")
	status, body = get(t, server.URL+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "the schema is old")
	status, _ = get(t, server.URL+"/livez")
	require.Equal(t, http.StatusOK, status, "a process that is not ready must not be killed")
	_, body = get(t, server.URL+"/metrics")
	require.Contains(t, body, "orders_total 0")
	_, body = get(t, server.URL+"/")
	require.Contains(t, body, "cart v7")
	status, _ = get(t, server.URL+"/debug/pprof/goroutine?debug=1")
	require.Equal(t, http.StatusOK, status)
	status, _ = get(t, server.URL+"/other")
	require.Equal(t, http.StatusNotFound, status)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+"/loglevel", strings.NewReader(`{"level":"debug"}`))
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, zap.DebugLevel, level.Level(), "the level changes without a restart")
}

// A profile that is being taken must not keep a process from stopping.
func TestShutdownDoesNotWaitBeyondItsContext(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	server := ops.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}))
	front := httptest.NewUnstartedServer(nil)
	front.Config = server
	front.Start()
	done := make(chan struct{})
	go func() {
		defer close(done)
		resp, err := http.Get(front.URL)
		if err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, ops.Shutdown(ctx, server))
	<-done
}
