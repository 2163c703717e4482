package postgres_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/cluster"
)

// authority issues certificates of database servers.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	// file is the authority for sslrootcert.
	file string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{file: filepath.Join(t.TempDir(), "ca.pem")}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	require.NoError(t, err)
	a.certificate, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return a
}

// issue makes a certificate for 127.0.0.1 and for no name.
func (a *authority) issue(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, private.Public(), a.key)
	require.NoError(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

// tcpServer is a Postgres of the test's own that listens on 127.0.0.1, and its folder.
func tcpServer(t *testing.T) (*cluster.Cluster, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	dir, err := os.MkdirTemp("", "cartwright-tls-")
	require.NoError(t, err)
	c, err := cluster.Start(t.Context(), cluster.Config{Dir: dir, Port: port})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, c.Stop(context.Background()))
		require.NoError(t, os.RemoveAll(dir))
	})
	return c, dir
}

// encrypt gives a server a certificate and waits until it shows it.
func encrypt(t *testing.T, c *cluster.Cluster, dir string, certificate, key []byte) {
	t.Helper()
	info, err := os.Stat(dir)
	require.NoError(t, err)
	owner := info.Sys().(*syscall.Stat_t)
	conn, err := pgx.Connect(t.Context(), c.URL("postgres"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	for setting, content := range map[string][]byte{"ssl_cert_file": certificate, "ssl_key_file": key} {
		file := filepath.Join(dir, setting)
		require.NoError(t, os.WriteFile(file, content, 0o600))
		require.NoError(t, os.Chown(file, int(owner.Uid), int(owner.Gid)))
		_, err := conn.Exec(t.Context(), "ALTER SYSTEM SET "+setting+" = '"+file+"'")
		require.NoError(t, err)
	}
	for _, statement := range []string{"ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"} {
		_, err := conn.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		var on string
		return conn.QueryRow(context.Background(), "SHOW ssl").Scan(&on) == nil && on == "on"
	}, 20*time.Second, 20*time.Millisecond)
}

// protocol is the protocol that one connection speaks, asked for with certain words in its URL.
func protocol(t *testing.T, dsn, host string, words url.Values) (string, error) {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	u.Host, u.RawQuery = net.JoinHostPort(host, u.Port()), words.Encode()
	file := filepath.Join(t.TempDir(), "url")
	require.NoError(t, os.WriteFile(file, []byte(u.String()+"\n"), 0o600))
	db, err := postgres.Open(t.Context(), postgres.Config{URLFile: file, MaxConns: 1, AcquireTimeout: 20 * time.Second})
	require.NoError(t, err)
	defer db.Close()
	var speaks string
	err = db.QueryRow(t.Context(), "SELECT coalesce(version, 'plaintext') FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&speaks)
	return speaks, err
}

// When it fails, whoever stands between a service and its database reads every address and every order, and answers in its place: production
// relies on sslmode=verify-full.
func TestOnlyTheRightServerIsBelieved(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	c, dir := tcpServer(t)
	strict := func(a *authority) url.Values {
		return url.Values{"sslmode": {"verify-full"}, "sslrootcert": {a.file}, "connect_timeout": {strconv.Itoa(10)}}
	}
	_, err := protocol(t, c.URL("postgres"), "127.0.0.1", strict(ours))
	require.Equal(t, errs.Unavailable, errs.CodeOf(err), "a server without TLS gets no password: %v", err)

	certificate, key := ours.issue(t)
	encrypt(t, c, dir, certificate, key)
	speaks, err := protocol(t, c.URL("postgres"), "127.0.0.1", strict(ours))
	require.NoError(t, err)
	require.Equal(t, "TLSv1.3", speaks)
	_, err = protocol(t, c.URL("postgres"), "127.0.0.1", strict(theirs))
	require.ErrorContains(t, err, "unknown authority")
	_, err = protocol(t, c.URL("postgres"), "localhost", strict(ours))
	require.ErrorContains(t, err, "localhost", "the certificate is for another host")
}
