// Package cluster runs a private Postgres server on this machine, for local development and for tests.
//
// It finds an installed server, makes a data directory of its own and runs the server as an ordinary user, also when it is
// itself run by root, whom Postgres refuses. The server ends with the process that started it. It is no way to run a
// database that matters.
package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser    = "postgres"
	startTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
	pollInterval = 20 * time.Millisecond
)

// Config says where and how a cluster runs.
type Config struct {
	// Dir holds everything: data, password, log and socket. It is made when it is missing.
	Dir string
	// Port is where the server listens on 127.0.0.1, with a generated password. Port 0 listens on a socket in Dir only,
	// and trusts whoever may enter that directory.
	Port int
	// Fsync says whether commits survive a crash of the machine. Without it everything is faster.
	Fsync bool
	// MaxConnections is the server's limit; 0 means 200.
	MaxConnections int
	// Settings are further server settings, which win over those chosen here.
	Settings map[string]string
}

// Cluster is a running server.
type Cluster struct {
	config   Config
	password string
	command  *exec.Cmd
	account  account
	reap     sync.Once
	ended    chan struct{} // closed once the server has been waited for
}

// Start starts the server, making the data directory first when there is none, and returns when it accepts connections.
// Every error is one line that says what to do.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	c := &Cluster{config: config, ended: make(chan struct{})}
	if err := c.start(ctx); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	return c, nil
}

// URL returns the superuser's connection string for a database.
func (c *Cluster) URL(database string) string {
	if c.config.Port == 0 {
		query := url.Values{"host": {c.config.Dir}, "port": {strconv.Itoa(c.socketPort())}}
		return (&url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/" + database, RawQuery: query.Encode()}).String()
	}
	host := net.JoinHostPort("127.0.0.1", strconv.Itoa(c.config.Port))
	return (&url.URL{Scheme: "postgres", User: url.UserPassword(superuser, c.password), Host: host, Path: "/" + database}).String()
}

// Pid is the server's process id.
func (c *Cluster) Pid() int { return c.command.Process.Pid }

// Ended returns a channel that is closed when the server has ended, whoever ended it.
func (c *Cluster) Ended() <-chan struct{} {
	c.reap.Do(func() {
		go func() {
			_ = c.command.Wait() // how it ended is in its log
			close(c.ended)
		}()
	})
	return c.ended
}

// Stop ends the server: first by closing its connections and writing everything down, then, when that takes more than ten
// seconds or ctx ends, at once.
func (c *Cluster) Stop(ctx context.Context) error {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		_ = c.command.Process.Signal(signal)
		select {
		case <-c.Ended():
			return nil
		case <-time.After(stopTimeout):
		case <-ctx.Done():
			ctx = context.WithoutCancel(ctx)
		}
	}
	return errors.New("stop postgres: the server does not end")
}

func (c *Cluster) start(ctx context.Context) error {
	found, err := Find()
	if err != nil {
		return err
	}
	if c.config.Dir, err = filepath.Abs(c.config.Dir); err != nil {
		return err
	}
	binaries, err := pick(found, c.data())
	if err != nil {
		return err
	}
	if c.account, err = serverAccount(); err != nil {
		return err
	}
	if err := c.prepareDir(); err != nil {
		return err
	}
	if err := c.ready(ctx); err != nil {
		return err
	}
	if err := c.initialize(binaries); err != nil {
		return err
	}
	return c.run(ctx, binaries)
}

// ready makes sure that neither the data directory nor the port is in use.
func (c *Cluster) ready(ctx context.Context) error {
	if err := c.clearStale(ctx); err != nil {
		return err
	}
	if c.config.Port == 0 {
		return nil
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(c.config.Port)))
	if err != nil {
		return fmt.Errorf("port %d is in use: stop what listens there or choose another port", c.config.Port)
	}
	return listener.Close()
}

// clearStale removes the pid file of a server that died. Postgres does so itself unless the number belongs to another
// process by now. A server whose starter was killed is still ending at this moment: that is waited for.
func (c *Cluster) clearStale(ctx context.Context) error {
	file := filepath.Join(c.data(), "postmaster.pid")
	deadline := time.Now().Add(stopTimeout)
	for {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		first, _, _ := strings.Cut(string(text), "\n")
		pid, _ := strconv.Atoi(strings.TrimSpace(first))
		if !isServer(pid, c.data()) {
			return os.Remove(file)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("a server already runs on %s: stop it with \"kill -INT %d\"", c.data(), pid)
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run starts the server and waits until it answers.
func (c *Cluster) run(ctx context.Context, binaries Binaries) error {
	log, err := os.OpenFile(c.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	defer log.Close()
	before, err := log.Stat()
	if err != nil {
		return err
	}
	c.command = exec.Command(filepath.Join(binaries.Dir, "postgres"), c.arguments()...)
	c.command.Stdout, c.command.Stderr = log, log
	c.command.Env, c.command.Dir = environment(), c.config.Dir
	c.command.SysProcAttr = c.account.attributes(true)
	if err := c.command.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		if ended(c.command.Process.Pid) {
			return fmt.Errorf("the server ended: %s", lastComplaint(c.logFile(), before.Size()))
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			_ = c.Stop(context.WithoutCancel(ctx))
			return fmt.Errorf("the server does not answer, see %s: %w", c.logFile(), err)
		}
	}
}

func (c *Cluster) arguments() []string {
	settings := map[string]string{
		"listen_addresses":        "",
		"port":                    strconv.Itoa(c.socketPort()),
		"unix_socket_directories": "",
		"max_connections":         "200",
		"shared_buffers":          "128MB",
		"deadlock_timeout":        "200ms",
		"jit":                     "off",
		"logging_collector":       "off",
		"log_destination":         "stderr",
		"timezone":                "UTC",
	}
	if c.config.Port == 0 {
		settings["unix_socket_directories"] = c.config.Dir
		settings["unix_socket_permissions"] = "0777" // the directory is what guards it
	} else {
		settings["listen_addresses"] = "127.0.0.1"
	}
	if c.config.MaxConnections > 0 {
		settings["max_connections"] = strconv.Itoa(c.config.MaxConnections)
	}
	if !c.config.Fsync {
		settings["fsync"], settings["full_page_writes"], settings["synchronous_commit"] = "off", "off", "off"
	}
	for name, value := range c.config.Settings {
		settings[name] = value
	}
	arguments := []string{"-D", c.data()}
	for name, value := range settings {
		arguments = append(arguments, "-c", name+"="+value)
	}
	return arguments
}

func (c *Cluster) data() string    { return filepath.Join(c.config.Dir, "data") }
func (c *Cluster) logFile() string { return filepath.Join(c.config.Dir, "server.log") }

// socketPort names the socket; a socket in a directory of its own can use the usual number.
func (c *Cluster) socketPort() int {
	if c.config.Port == 0 {
		return 5432
	}
	return c.config.Port
}

// lastComplaint returns the last line of the log since offset that says why a server ended.
func lastComplaint(file string, offset int64) string {
	text, err := os.ReadFile(file)
	if err != nil || int64(len(text)) < offset {
		return "see " + file
	}
	complaint := "see " + file
	for line := range strings.Lines(string(text[offset:])) {
		if strings.Contains(line, "FATAL:") || strings.Contains(line, "PANIC:") {
			_, after, _ := strings.Cut(strings.TrimSpace(line), ":  ")
			complaint = after
		}
	}
	return complaint
}

func randomPassword() string { return rand.Text() }
