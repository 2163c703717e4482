package mtls_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/platform/mtls"
	"github.com/cartwright-shop/cartwright/services/platform/mtls/mtlstest"
	"github.com/cartwright-shop/cartwright/services/platform/telemetry"
)

// A loop over files that outlives its process's stop would hold up the stop.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// buffer is a log that tests may read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *buffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *buffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, 30*time.Second, 5*time.Millisecond, what)
}

func authority(t *testing.T, name string) *mtlstest.Authority {
	t.Helper()
	a, err := mtlstest.NewAuthority(name)
	require.NoError(t, err)
	return a
}

// issue signs a certificate and mounts it in dir with the authorities given, the signer when there is none.
func issue(t *testing.T, dir string, by *mtlstest.Authority, r mtlstest.Request, believed ...*mtlstest.Authority) {
	t.Helper()
	cert, key, err := by.Issue(r)
	require.NoError(t, err)
	if believed == nil {
		believed = []*mtlstest.Authority{by}
	}
	var bundle []byte
	for _, a := range believed {
		bundle = append(bundle, a.PEM()...)
	}
	require.NoError(t, mtlstest.Mount(dir, cert, key, bundle))
}

// party is a service with its certificate.
type party struct {
	name     string
	dir      string
	identity *mtls.Identity
	registry *prometheus.Registry
	log      *buffer
}

func newParty(t *testing.T, name string, by *mtlstest.Authority) *party {
	t.Helper()
	p := &party{name: name, dir: t.TempDir(), registry: prometheus.NewRegistry(), log: &buffer{}}
	issue(t, p.dir, by, mtlstest.Request{Service: name})
	var err error
	p.identity, err = mtls.Open(mtls.Config{
		Files: mtlstest.FilesIn(p.dir), Service: name, Metrics: p.registry, Interval: 10 * time.Millisecond,
		Log: telemetry.NewLogger(p.log, zap.NewAtomicLevel(), name, "v1"),
	})
	require.NoError(t, err)
	return p
}

// watch follows the files until the test ends.
func (p *party) watch(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.identity.Watch(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// metric is the sum of a metric's values with the labels given as name, value.
func (p *party) metric(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	families, err := p.registry.Gather()
	require.NoError(t, err)
	sum := 0.0
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			have := map[string]string{}
			for _, pair := range m.GetLabel() {
				have[pair.GetName()] = pair.GetValue()
			}
			fits := true
			for n := 0; n < len(labels); n += 2 {
				fits = fits && have[labels[n]] == labels[n+1]
			}
			if fits {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func (p *party) reloads(t *testing.T, result string) float64 {
	t.Helper()
	return p.metric(t, "mtls_reloads_total", "result", result)
}

// Certificate and key are two files: an alarm between the two writes would teach people to ignore the alarm.
func TestHalfAChangeIsNoError(t *testing.T) {
	t.Parallel()
	by := authority(t, "one")
	dir := t.TempDir()
	files := mtls.Files{Cert: filepath.Join(dir, "cert"), Key: filepath.Join(dir, "key"), CA: filepath.Join(dir, "ca")}
	write := func(path string, text []byte) { require.NoError(t, os.WriteFile(path, text, 0o600)) }
	cert, key, err := by.Issue(mtlstest.Request{Service: "echo"})
	require.NoError(t, err)
	write(files.Cert, cert)
	write(files.Key, key)
	write(files.CA, by.PEM())
	registry := prometheus.NewRegistry()
	identity, err := mtls.Open(mtls.Config{Files: files, Service: "echo", Log: zap.NewNop(), Metrics: registry})
	require.NoError(t, err)
	p := &party{registry: registry}
	look := mtls.Looks(identity)

	cert, key, err = by.Issue(mtlstest.Request{Service: "echo", Until: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	write(files.Cert, cert)
	look()
	write(files.Key, key)
	look()
	require.Zero(t, p.reloads(t, "ok"), "what has just been written may not be all")
	look()
	require.Equal(t, 1.0, p.reloads(t, "ok"))
	require.Zero(t, p.reloads(t, "failed"))
	look()
	require.Equal(t, 1.0, p.reloads(t, "ok"), "once")
}

// A mistake in a renewal must not take a service down that has a good certificate, and must be seen before that one expires.
func TestBrokenFilesKeepTheOldCertificate(t *testing.T) {
	t.Parallel()
	by, other := authority(t, "one"), authority(t, "other")
	p := newParty(t, "echo", by)
	p.watch(t)
	expiry := p.metric(t, "mtls_certificate_not_after_seconds", "of", "certificate")
	require.InDelta(t, time.Now().AddDate(0, 0, 30).Unix(), expiry, 60)
	require.Greater(t, p.metric(t, "mtls_certificate_not_after_seconds", "of", "authority"), expiry)
	require.Less(t, p.metric(t, "mtls_certificate_not_before_seconds"), float64(time.Now().Unix()))

	cert, _, err := by.Issue(mtlstest.Request{Service: "echo"})
	require.NoError(t, err)
	_, key, err := by.Issue(mtlstest.Request{Service: "echo"})
	require.NoError(t, err)
	for n, breakIt := range []func(){
		func() { require.NoError(t, mtlstest.Mount(p.dir, cert, key, by.PEM())) },
		func() { require.NoError(t, mtlstest.Mount(p.dir, nil, nil, nil)) },
		func() { require.NoError(t, os.Remove(filepath.Join(p.dir, "tls.key"))) },
		func() { issue(t, p.dir, other, mtlstest.Request{Service: "echo"}, by) },
		func() {
			issue(t, p.dir, by, mtlstest.Request{Service: "echo", Until: time.Now().Add(-time.Minute)})
		},
	} {
		breakIt()
		eventually(t, func() bool { return p.reloads(t, "failed") == float64(n+1) }, "the failure is counted, once")
	}
	require.Contains(t, p.log.String(), "the old ones stay in use")
	require.Equal(t, expiry, p.metric(t, "mtls_certificate_not_after_seconds", "of", "certificate"))

	issue(t, p.dir, by, mtlstest.Request{Service: "echo", Until: time.Now().AddDate(0, 0, 60)})
	eventually(t, func() bool { return p.metric(t, "mtls_certificate_not_after_seconds", "of", "certificate") > expiry }, "good ones are taken")
	require.Equal(t, 5.0, p.reloads(t, "failed"))
}

// A certificate that others will not believe must stop the start with the reason, not show as failing calls.
func TestFilesThatAreNotGoodStopTheStart(t *testing.T) {
	t.Parallel()
	by, other := authority(t, "one"), authority(t, "other")
	for want, r := range map[string]mtlstest.Request{
		"it is for cart, wanted is echo":    {Service: "cart"},
		"0 URIs instead of one":             {URIs: []string{}},
		"2 URIs instead of one":             {URIs: []string{"spiffe://a/service/echo", "spiffe://b/service/echo"}},
		`"https://a/service/echo" is not`:   {URIs: []string{"https://a/service/echo"}},
		`"spiffe:///service/echo" is not`:   {URIs: []string{"spiffe:///service/echo"}},
		`"spiffe://a/service/" is not`:      {URIs: []string{"spiffe://a/service/"}},
		`"spiffe://a/service/echo/x" is no`: {URIs: []string{"spiffe://a/service/echo/x"}},
		`"spiffe://a/ns/shop/sa/echo" is n`: {URIs: []string{"spiffe://a/ns/shop/sa/echo"}},
		"expired":                           {Service: "echo", Until: time.Now().Add(-time.Minute)},
		"not yet valid":                     {Service: "echo", From: time.Now().Add(time.Minute)},
		"incompatible key usage":            {Service: "echo", Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}},
	} {
		dir := t.TempDir()
		issue(t, dir, by, r)
		require.ErrorContains(t, mtlstest.FilesIn(dir).Check("echo"), want)
	}
	dir := t.TempDir()
	issue(t, dir, by, mtlstest.Request{Service: "echo"}, other)
	require.ErrorContains(t, mtlstest.FilesIn(dir).Check("echo"), "unknown authority")
	issue(t, dir, by, mtlstest.Request{Service: "echo"}, other, by)
	require.NoError(t, mtlstest.FilesIn(dir).Check("echo"), "two authorities are believed while one takes over")
	cert, key, err := by.Issue(mtlstest.Request{Service: "echo"})
	require.NoError(t, err)
	require.NoError(t, mtlstest.Mount(dir, cert, key, []byte("nothing")))
	require.ErrorContains(t, mtlstest.FilesIn(dir).Check("echo"), "authorities has no certificate")
	_, err = mtls.Open(mtls.Config{Files: mtlstest.FilesIn(t.TempDir()), Service: "echo"})
	require.ErrorContains(t, err, "no such file")
}
