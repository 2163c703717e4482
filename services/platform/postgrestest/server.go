package postgrestest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/cartwright-shop/cartwright/services/platform/postgres/cluster"
)

// longestSocketDir leaves room for the socket's name in the 107 bytes a socket address has.
const longestSocketDir = 80

// watchdog outlives the test binary: when its standard input ends it stops the server and removes the directory.
const watchdog = `
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
  kill -QUIT "$pid" 2>/dev/null
  tries=0
  while kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do tries=$((tries+1)); sleep 0.1; done
fi
rm -rf "$1"
`

type testServer struct {
	cluster *cluster.Cluster
	// lifeline is the watchdog's standard input. It is never written to; the system closes it when this process ends.
	lifeline *os.File
}

func startServer() (*testServer, error) {
	parent := os.TempDir()
	if len(parent) > longestSocketDir {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "cartwright-pg-")
	if err != nil {
		return nil, err
	}
	lifeline, err := startWatchdog(dir)
	if err != nil {
		return nil, fmt.Errorf("watch the test server: %w", err)
	}
	running, err := cluster.Start(context.Background(), cluster.Config{
		Dir:            dir,
		MaxConnections: 300,
		Settings: map[string]string{
			"shared_buffers":   "48MB",
			"wal_level":        "minimal",
			"max_wal_senders":  "0",
			"max_wal_size":     "256MB",
			"log_min_messages": "fatal",
		},
	})
	if err != nil {
		lifeline.Close()
		return nil, err
	}
	return &testServer{cluster: running, lifeline: lifeline}, nil
}

func startWatchdog(dir string) (*os.File, error) {
	input, lifeline, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer input.Close()
	command := exec.Command("/bin/sh", "-c", watchdog, "sh", dir)
	command.Stdin = input
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		lifeline.Close()
		return nil, err
	}
	return lifeline, command.Process.Release()
}
