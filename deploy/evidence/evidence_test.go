package evidence_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/deploy/evidence"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/kube"
	"github.com/cartwright-shop/cartwright/services/platform/ops"
)

// sick is the ops port of a process that is not ready.
func sick(t *testing.T) *httptest.Server {
	t.Helper()
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "orders_total", Help: "Orders."})
	registry.MustRegister(counter)
	server := httptest.NewServer(ops.Handler(ops.Config{
		Service: "cart", Version: "v7", Ready: func() error { return errors.New("the schema is old") }, Metrics: registry, Level: zap.NewAtomicLevel(),
	}))
	t.Cleanup(server.Close)
	return server
}

// unpack reads an archive.
func unpack(t *testing.T, packed []byte) map[string]string {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	files, reader := map[string]string{}, tar.NewReader(zip)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		content, err := io.ReadAll(reader)
		require.NoError(t, err)
		files[header.Name] = string(content)
	}
}

// When it fails, whoever restarts a sick process destroys the only account of what was wrong with it.
func TestAProcessTellsWhatItKnows(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	archive := evidence.Open(&packed, time.Unix(1, 0))
	require.NoError(t, archive.Process(t.Context(), "process", sick(t).URL, time.Second))
	require.False(t, slices.ContainsFunc(archive.Missing(), func(one string) bool { return !strings.Contains(one, "cpu.pprof") }), "a process that is not ready has answered")
	require.GreaterOrEqual(t, archive.Files(), 7)
	require.NoError(t, archive.Close())
	files := unpack(t, packed.Bytes())
	require.Contains(t, files["process/readyz.txt"], "the schema is old")
	require.Contains(t, files["process/version.txt"], "cart v7")
	require.Contains(t, files["process/goroutines.txt"], "TestAProcessTellsWhatItKnows")
	require.Contains(t, files["process/metrics-1.txt"], "orders_total 0")
	require.Contains(t, files["process/metrics-2.txt"], "orders_total 0")
	require.Contains(t, files["process/loglevel.json"], "info")
	require.True(t, strings.HasPrefix(files["process/heap.pprof"], "\x1f\x8b"), "it is a profile")
}

// A process that hangs or is gone must not keep the rest from being collected, and must not look as if it had nothing to say.
func TestWhatCannotBeHadIsSaid(t *testing.T) {
	t.Parallel()
	gone := sick(t)
	gone.Close()
	var packed bytes.Buffer
	archive := evidence.Open(&packed, time.Unix(1, 0))
	require.NoError(t, archive.Process(t.Context(), "process", gone.URL, time.Second))
	require.NoError(t, archive.Close())
	require.Len(t, archive.Missing(), 8)
	require.Zero(t, archive.Files())
	require.Contains(t, unpack(t, packed.Bytes())["missing.txt"], "process/goroutines.txt: ")
}

// shop is a cluster on which cart has a pod that answers and one that cannot be reached.
type shop struct {
	address string
	asked   []string
	// mute is why the cluster does not tell its pods.
	mute error
}

// Pods implements evidence.Cluster.
func (s *shop) Pods(context.Context) ([]kube.Pod, error) {
	if s.mute != nil {
		return nil, s.mute
	}
	return []kube.Pod{{Name: "cart-a", Service: "cart"}, {Name: "cart-b", Service: "cart"}, {Name: "product-a", Service: "product"}}, nil
}

// Kubectl implements evidence.Cluster.
func (s *shop) Kubectl(_ context.Context, _ []byte, arguments ...string) ([]byte, error) {
	line := strings.Join(arguments, " ")
	s.asked = append(s.asked, line)
	if strings.Contains(line, "--previous") {
		return nil, errors.New("there was none before")
	}
	return []byte("said to " + line), nil
}

// Helm implements evidence.Cluster.
func (s *shop) Helm(context.Context, ...string) ([]byte, error) { return []byte("revision 7"), nil }

// Forward implements evidence.Cluster.
func (s *shop) Forward(_ context.Context, pod string, _ int) (*kube.Way, error) {
	if pod == "cart-a" {
		return &kube.Way{Address: s.address}, nil
	}
	return nil, errors.New("the container does not run")
}

// When it fails, a crash loop leaves nothing to look at, or the archive carries away the shop's secrets.
func TestAServiceIsCollectedPodByPod(t *testing.T) {
	t.Parallel()
	cluster := &shop{address: strings.TrimPrefix(sick(t).URL, "http://")}
	var packed bytes.Buffer
	archive := evidence.Open(&packed, time.Unix(1, 0))
	require.NoError(t, archive.Service(t.Context(), cluster, "cart", time.Second))
	require.NoError(t, archive.Close())
	files := unpack(t, packed.Bytes())
	require.Contains(t, files["cart-a/readyz.txt"], "the schema is old")
	require.Contains(t, files["cart-b/log.jsonl"], "logs cart-b")
	require.Contains(t, files["cart-b/describe.txt"], "describe pod cart-b")
	require.Equal(t, "revision 7", files["cluster/history.txt"])
	require.Contains(t, files["cluster/objects.yaml"], "app.kubernetes.io/name=cart")
	require.Subset(t, archive.Missing(), []string{ // beside it there may be the profile: a process makes one at a time, and these tests are one
		"cart-a/log-before.jsonl: there was none before", "cart-b/log-before.jsonl: there was none before", "cart-b/ops port: the container does not run",
	}, archive.Missing())
	for name := range files {
		require.NotContains(t, name, "product")
	}
	require.False(t, slices.ContainsFunc(cluster.asked, func(line string) bool { return strings.Contains(line, "secret") || strings.Contains(line, "configmap") }))
}

// When it fails, whoever mistypes a service's name kills a sick pod and finds an archive that never asked it.
func TestAnArchiveWithoutAPodIsNoSuccess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		service, missing string
		mute             error
	}{
		{service: "crat", missing: "pods: no pod was asked: no pod of crat runs"},
		{service: "cart", mute: errors.New("the API server is away"), missing: "pods: no pod was asked: the API server is away"},
	} {
		var packed bytes.Buffer
		archive := evidence.Open(&packed, time.Unix(1, 0))
		require.ErrorIs(t, archive.Service(t.Context(), &shop{mute: c.mute}, c.service, time.Second), evidence.ErrNoPod)
		require.NoError(t, archive.Close())
		require.Equal(t, []string{c.missing}, archive.Missing())
		files := unpack(t, packed.Bytes())
		require.Equal(t, c.missing+"\n", files["missing.txt"])
		require.Contains(t, files["cluster/events.txt"], "get events", "what the cluster says is kept")
	}
}
