package cluster_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/postgres/cluster"
)

const (
	waitFor = 30 * time.Second
)

// directory returns a place that the server's user can reach, also when the tests run as root.
func directory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "cartwright-cluster-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func start(t *testing.T, config cluster.Config) *cluster.Cluster {
	t.Helper()
	c, err := cluster.Start(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	return c
}

func query(t *testing.T, dsn, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var text string
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&text))
	return text
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func gone(pid int) bool { return syscall.Kill(pid, 0) == syscall.ESRCH }

// When it fails, a second start of the shop loses its data, or anyone on the machine may read it.
func TestDataAndPasswordOutliveARestart(t *testing.T) {
	t.Parallel()
	config := cluster.Config{Dir: directory(t), Port: freePort(t), Fsync: true}
	c := start(t, config)
	require.Equal(t, "on", query(t, c.URL("postgres"), "SHOW fsync"))
	require.Equal(t, "C.UTF-8", query(t, c.URL("postgres"), "SELECT datctype FROM pg_database WHERE datname = 'postgres'"))
	conn, err := pgx.Connect(t.Context(), c.URL("postgres"))
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "CREATE TABLE kept AS SELECT 'x'::text AS name")
	require.NoError(t, err)
	require.NoError(t, c.Stop(t.Context()))
	require.True(t, gone(c.Pid()))
	require.NoError(t, c.Stop(t.Context()), "stopping twice is harmless")

	again := start(t, config)
	require.Equal(t, c.URL("x"), again.URL("x"))
	require.Equal(t, "x", query(t, again.URL("postgres"), "SELECT name FROM kept"))
	stranger, err := url.Parse(again.URL("postgres"))
	require.NoError(t, err)
	stranger.User = url.UserPassword("postgres", "guess")
	_, err = pgx.Connect(t.Context(), stranger.String())
	require.ErrorContains(t, err, "28P01")
	info, err := os.Stat(config.Dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

// When it fails, tests cannot run without a free port, or leave a server behind.
func TestSocketOnly(t *testing.T) {
	t.Parallel()
	c := start(t, cluster.Config{Dir: directory(t), MaxConnections: 17, Settings: map[string]string{"work_mem": "3MB"}})
	require.Equal(t, "", query(t, c.URL("postgres"), "SHOW listen_addresses"))
	require.Equal(t, "17", query(t, c.URL("postgres"), "SHOW max_connections"))
	require.Equal(t, "3MB", query(t, c.URL("postgres"), "SHOW work_mem"))
	require.Equal(t, "off", query(t, c.URL("postgres"), "SHOW fsync"))
	select {
	case <-c.Ended():
		t.Fatal("it runs")
	default:
	}
	require.NoError(t, syscall.Kill(c.Pid(), syscall.SIGQUIT))
	select {
	case <-c.Ended():
	case <-time.After(waitFor):
		t.Fatal("the end of the server is not noticed")
	}
}

// When it fails, the message for a busy port does not say so.
func TestBusyPortIsOneClearLine(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	_, err = cluster.Start(t.Context(), cluster.Config{Dir: directory(t), Port: port})
	require.ErrorContains(t, err, fmt.Sprintf("port %d is in use", port))
	require.NotContains(t, err.Error(), "\n")
}

// When it fails, the shop does not start again after the machine lost power.
func TestStalePidFile(t *testing.T) {
	t.Parallel()
	config := cluster.Config{Dir: directory(t)}
	c := start(t, config)
	require.NoError(t, c.Stop(t.Context()))
	owner, err := os.Stat(filepath.Join(config.Dir, "data"))
	require.NoError(t, err)
	for _, pid := range []string{"999999999", fmt.Sprint(os.Getpid()), "", "x"} {
		file := filepath.Join(config.Dir, "data", "postmaster.pid")
		require.NoError(t, os.WriteFile(file, []byte(pid+"\n"+config.Dir+"\n"), 0o600))
		stat := owner.Sys().(*syscall.Stat_t)
		require.NoError(t, os.Chown(file, int(stat.Uid), int(stat.Gid)))
		again, err := cluster.Start(t.Context(), config)
		require.NoError(t, err, pid)
		require.NoError(t, again.Stop(t.Context()))
	}
}

// When it fails, two servers run on one data directory and destroy it.
func TestRunningServerIsLeftAlone(t *testing.T) {
	t.Parallel()
	config := cluster.Config{Dir: directory(t)}
	c := start(t, config)
	_, err := cluster.Start(t.Context(), config)
	require.ErrorContains(t, err, fmt.Sprintf("kill -INT %d", c.Pid()))
	require.Equal(t, "1", query(t, c.URL("postgres"), "SELECT '1'"))
}

// When it fails, a start that was interrupted spoils the data directory for good.
func TestHalfMadeDirectoryIsMadeAgain(t *testing.T) {
	t.Parallel()
	dir := directory(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "data", "base"), 0o755))
	c := start(t, cluster.Config{Dir: dir})
	require.Equal(t, "1", query(t, c.URL("postgres"), "SELECT '1'"))
}

// When it fails, data of another version is destroyed or the message does not help.
func TestDataOfAnotherVersion(t *testing.T) {
	t.Parallel()
	dir := directory(t)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "data"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o644))
	_, err := cluster.Start(t.Context(), cluster.Config{Dir: dir})
	require.ErrorContains(t, err, "was made by Postgres 9")
}

// When it fails, a bad setting shows as a timeout.
func TestServerThatEndsSaysWhy(t *testing.T) {
	t.Parallel()
	_, err := cluster.Start(t.Context(), cluster.Config{Dir: directory(t), Settings: map[string]string{"shared_buffers": "lots"}})
	require.ErrorContains(t, err, "shared_buffers")
	require.NotContains(t, err.Error(), "\n")
}

// When it fails, root is told nothing useful about a directory that the server's user cannot enter.
func TestDirectoryOutOfReach(t *testing.T) {
	t.Parallel()
	parent := directory(t) // 0700
	c, err := cluster.Start(t.Context(), cluster.Config{Dir: filepath.Join(parent, "inner")})
	if os.Geteuid() == 0 {
		require.ErrorContains(t, err, "may not enter "+parent)
		return
	}
	require.NoError(t, err, "an ordinary user's server runs as that user")
	require.NoError(t, c.Stop(t.Context()))
}

// When it fails, a machine with a server is told to install one.
func TestFind(t *testing.T) {
	t.Parallel()
	found, err := cluster.Find()
	require.NoError(t, err)
	for _, binaries := range found {
		require.GreaterOrEqual(t, binaries.Version, cluster.OldestVersion)
		require.FileExists(t, filepath.Join(binaries.Dir, "initdb"))
	}
}
