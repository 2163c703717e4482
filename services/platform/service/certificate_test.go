package service_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/mtls"
	"github.com/cartwright-shop/cartwright/services/platform/mtls/mtlstest"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

func certificate(t *testing.T, dir, name string, by *mtlstest.Authority, until time.Time) mtls.Files {
	t.Helper()
	cert, key, err := by.Issue(mtlstest.Request{Service: name, Until: until})
	require.NoError(t, err)
	require.NoError(t, mtlstest.Mount(dir, cert, key, by.PEM()))
	return mtlstest.FilesIn(dir)
}

// With certificates the gRPC port is for services alone, while kubelet and Prometheus, which have none, still get answers; and a
// renewed certificate is taken without a restart.
func TestCertificatesGuardTheGRPCPortAlone(t *testing.T) {
	t.Parallel()
	by, err := mtlstest.NewAuthority("one")
	require.NoError(t, err)
	dir, soon := t.TempDir(), time.Now().Add(time.Hour)
	files := certificate(t, dir, "echo", by, soon)
	cfg := localConfig("")
	cfg.MTLSCertFile, cfg.MTLSKeyFile, cfg.MTLSCAFile = files.Cert, files.Key, files.CA
	b := start(t, service.Program[settings]{Name: "echo", Build: build(answering)}, cfg)
	require.Equal(t, "DEPENDENCY_UNAVAILABLE", b.reason(), "plaintext")

	identity, err := mtlstest.Open(certificate(t, t.TempDir(), "caller", by, soon), "caller")
	require.NoError(t, err)
	conn, err := grpcclient.Dial(grpcclient.Config{Peer: "echo", Addr: b.instance.GRPCAddr(), TLS: identity})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	req, err := b.contract.Request(`text: "a"`)
	require.NoError(t, err)
	text, err := b.contract.Call(t.Context(), conn, req)
	require.NoError(t, err)
	require.Equal(t, "fine", text)

	for _, probe := range []string{"/livez", "/readyz"} {
		status, _ := b.get(probe)
		require.Equal(t, http.StatusOK, status, probe)
	}
	_, metrics := b.get("/metrics")
	require.Contains(t, metrics, `mtls_certificate_not_after_seconds{of="certificate"}`)

	certificate(t, dir, "echo", by, soon.Add(time.Hour))
	eventually(t, func() bool { return b.logged("certificate changed") }, "the new certificate is taken")
}

// Half a setting must not mean plaintext, and a certificate of another service must not start.
func TestWrongCertificateSettingsStopTheStart(t *testing.T) {
	t.Parallel()
	by, err := mtlstest.NewAuthority("one")
	require.NoError(t, err)
	files := certificate(t, t.TempDir(), "other", by, time.Now().Add(time.Hour))
	env := []string{"ANSWER=fine", "MTLS_CERT_FILE=" + files.Cert, "MTLS_CA_FILE=" + files.CA}
	for _, command := range []string{"check", "serve"} {
		_, problems, code := run(t, env, command)
		require.Equal(t, 1, code)
		require.Contains(t, problems, "MTLS_CERT_FILE, MTLS_KEY_FILE, MTLS_CA_FILE: set all three or none")
		_, problems, code = run(t, append(env, "MTLS_KEY_FILE="+files.Key), command)
		require.Equal(t, 1, code)
		require.Contains(t, problems, "it is for other, wanted is echo")
	}
	cfg := localConfig("")
	cfg.MTLSKeyFile = files.Key
	_, err = service.Start(t.Context(), service.Program[settings]{Name: "echo", Build: build(answering)}, cfg, &buffer{})
	require.ErrorContains(t, err, "set all three or none")
}
