package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/cluster"
)

const (
	// databaseEnv is how platform/postgrestest is told of a server.
	databaseEnv = "CARTWRIGHT_TEST_DSN"
	// longestSocketDir leaves room for the socket's name in the 107 bytes a socket address has.
	longestSocketDir = 80
)

// database is the server that all packages share: it is started once, and a service's schema is made once. Its folder has
// the same name each time, so that go test may answer for packages that have not changed since.
type database struct {
	cluster *cluster.Cluster
	dir     string
	lock    *os.File
}

// startDatabase makes sure that there is a Postgres, says which, and returns the environment variable that leads to it.
func startDatabase(ctx context.Context, output io.Writer) (*database, string, error) {
	if given := os.Getenv(databaseEnv); given != "" {
		fmt.Fprintln(output, "Postgres: the one that "+databaseEnv+" names")
		return &database{}, databaseEnv + "=" + given, nil
	}
	if err := stack.InstallPostgres(ctx, func(text string) { fmt.Fprintln(output, text) }); err != nil {
		return nil, "", err
	}
	d, err := claimDir()
	if err != nil {
		return nil, "", err
	}
	d.cluster, err = cluster.Start(ctx, cluster.Config{Dir: d.dir, MaxConnections: 500, Settings: map[string]string{
		"wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "512MB", "log_min_messages": "fatal",
	}})
	if err != nil {
		return nil, "", errors.Join(err, d.stop(ctx))
	}
	found, err := cluster.Find()
	if err != nil {
		return nil, "", errors.Join(err, d.stop(ctx))
	}
	fmt.Fprintf(output, "Postgres %d in %s\n", found[0].Version, found[0].Dir)
	return d, databaseEnv + "=" + d.cluster.URL("postgres"), nil
}

// claimDir takes the usual folder, or one of its own when another run has that. What is left in it is removed.
func claimDir() (*database, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(".local", 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(".local", "suite.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	dir := usualDir(root)
	taken := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil
	if taken || len(dir) > longestSocketDir {
		dir, err = os.MkdirTemp("", "cartwright-suite-")
		return &database{dir: dir, lock: lock}, err
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	return &database{dir: dir, lock: lock}, os.MkdirAll(filepath.Dir(dir), 0o755)
}

// usualDir is in the repository; root's is not, because the user that Postgres runs as instead may not get there.
func usualDir(root string) string {
	if os.Geteuid() == 0 {
		return filepath.Join("/var/lib/cartwright-local", "suite"+strings.ReplaceAll(root, string(filepath.Separator), "-"))
	}
	return filepath.Join(root, ".local", "suite")
}

// stop ends a server of ours and removes its data.
func (d *database) stop(ctx context.Context) error {
	if d.dir == "" {
		return nil
	}
	var err error
	if d.cluster != nil {
		err = d.cluster.Stop(context.WithoutCancel(ctx))
	}
	return errors.Join(err, os.RemoveAll(d.dir), d.lock.Close())
}
