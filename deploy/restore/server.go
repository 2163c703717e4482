package restore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/services/platform/postgres/cluster"
)

const (
	// database is the shop's.
	database = "cartwright"
	// connections are enough for the pools of all services.
	connections = 300
	// replayTime is how long a server may take to play the log back.
	replayTime = 30 * time.Minute
	tick       = 50 * time.Millisecond
)

// server is a Postgres that archives its write-ahead log, as one that matters does.
type server struct {
	dir     string // holds the data, the backup and the archives; the server's own user owns it
	port    int
	timeout time.Duration // archive_timeout
	running *cluster.Cluster
	archive string // of the server that runs
}

// startServer makes an empty server in a folder of its own.
func startServer(ctx context.Context, port int, timeout time.Duration) (*server, error) {
	dir, err := os.MkdirTemp("", "cartwright-restore-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, port: port, timeout: timeout}
	if err := s.start(ctx, "first", nil); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// start starts the server with an archive of that name. Each server has its own: what a restored one writes is another history than
// what the lost one wrote.
func (s *server) start(ctx context.Context, name string, settings map[string]string) error {
	s.archive = filepath.Join(s.dir, "archive-"+name)
	all := map[string]string{
		"wal_level": "replica", "archive_mode": "on", "archive_timeout": strconv.Itoa(int(s.timeout.Seconds())),
		"archive_command": archiveCommand(s.archive),
	}
	for key, value := range settings {
		all[key] = value
	}
	if err := os.MkdirAll(s.archive, 0o700); err != nil {
		return err
	}
	if err := s.give(ctx, s.archive); err != nil {
		return err
	}
	running, err := cluster.Start(ctx, cluster.Config{Dir: s.dir, Port: s.port, Fsync: true, MaxConnections: connections, Settings: all})
	if err != nil {
		return err // running stays the server of before, which has ended and can be stopped once more
	}
	s.running = running
	return s.give(ctx, s.archive) // of a first start, which chose the user
}

// archiveCommand copies a file of the log into a folder. It gets its name there when it is whole.
func archiveCommand(folder string) string {
	return fmt.Sprintf("test ! -f %[1]s/%%f && cp %%p %[1]s/%%f.part && mv %[1]s/%%f.part %[1]s/%%f", folder)
}

// recovery are the settings that make a server play the log back from a folder, up to a time; to the end when it is zero.
func recovery(folder string, to time.Time) map[string]string {
	settings := map[string]string{"restore_command": "cp " + folder + "/%f %p", "recovery_target_action": "promote"}
	if !to.IsZero() {
		settings["recovery_target_time"] = to.UTC().Format("2006-01-02 15:04:05.999999-07")
	}
	return settings
}

// give lets the server's user own a folder with all that is in it: root may start a server, and Postgres does not run as root.
func (s *server) give(ctx context.Context, path string) error {
	info, err := os.Stat(s.dir)
	if err != nil {
		return err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known || os.Geteuid() != 0 {
		return nil
	}
	return run(ctx, "chown", "-R", fmt.Sprintf("%d:%d", owner.Uid, owner.Gid), path)
}

// URL is an administrator's connection to the shop's database.
func (s *server) URL() string { return s.running.URL(database) }

// schema is an administrator's connection that sees a service's tables as the service does.
func (s *server) schema(service string) string { return s.URL() + "?search_path=" + service }

func (s *server) data() string { return filepath.Join(s.dir, "data") }

func (s *server) base() string { return filepath.Join(s.dir, "base") }

// create makes the shop's database.
func (s *server) create(ctx context.Context) error {
	return s.exec(ctx, s.running.URL("postgres"), "CREATE DATABASE "+database)
}

func (s *server) exec(ctx context.Context, url, statement string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// backup takes a base backup beside whatever works on the server.
func (s *server) backup(ctx context.Context) error {
	installed, err := cluster.Find()
	if err != nil {
		return err
	}
	return run(ctx, filepath.Join(installed[0].Dir, "pg_basebackup"), "--dbname", s.running.URL("postgres"), "--pgdata", s.base(), "--checkpoint", "fast")
}

func run(ctx context.Context, name string, arguments ...string) error {
	if output, err := exec.CommandContext(ctx, name, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %.500s", filepath.Base(name), err, output)
	}
	return nil
}

// position is how far the archive and the server are.
type position struct {
	archived, written string    // names of files of the log, which sort by age
	at                time.Time // by the database's clock
}

func (s *server) position(ctx context.Context) (p position, err error) {
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		return p, err
	}
	err = conn.QueryRow(ctx, query("archived")).Scan(&p.at, &p.archived, &p.written)
	return p, errors.Join(err, conn.Close(ctx))
}

// reached waits until the archive has a file of the log.
func (s *server) reached(ctx context.Context, file string) error {
	return until(ctx, s.timeout+time.Minute, "the archive has "+file, func() error {
		p, err := s.position(ctx)
		if err == nil && p.archived < file {
			err = fmt.Errorf("the last one is %s", p.archived)
		}
		return err
	})
}

// lose ends the server as a crash of its machine would, and takes its disk away.
func (s *server) lose() error {
	if err := syscall.Kill(s.running.Pid(), syscall.SIGKILL); err != nil {
		return err
	}
	<-s.running.Ended()
	return os.RemoveAll(s.data())
}

// restored is how long the parts of a restore took.
type restored struct{ copied, replayed time.Duration }

// restore makes a server of the base backup and the archive of the lost one, up to a time; to the end of the archive when it is zero.
func (s *server) restore(ctx context.Context, name string, to time.Time) (took restored, err error) {
	began := time.Now()
	if err := run(ctx, "cp", "-a", s.base(), s.data()); err != nil {
		return took, err
	}
	if err := os.WriteFile(filepath.Join(s.data(), "recovery.signal"), nil, 0o600); err != nil {
		return took, err
	}
	if err := s.give(ctx, s.data()); err != nil {
		return took, err
	}
	took.copied = time.Since(began)
	if err := s.start(ctx, name, recovery(filepath.Join(s.dir, "archive-first"), to)); err != nil {
		return took, err
	}
	err = until(ctx, replayTime, "the log is played back", s.promoted(ctx))
	took.replayed = time.Since(began) - took.copied
	return took, err
}

// promoted says whether the server has stopped to play back and takes writes.
func (s *server) promoted(ctx context.Context) func() error {
	return func() error {
		conn, err := pgx.Connect(ctx, s.URL())
		if err != nil {
			return err
		}
		recovers := true
		err = conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&recovers)
		if err == nil && recovers {
			err = errors.New("it still recovers")
		}
		return errors.Join(err, conn.Close(ctx))
	}
}

// stop ends the server and forgets its data.
func (s *server) stop(ctx context.Context) error {
	return errors.Join(s.running.Stop(context.WithoutCancel(ctx)), os.RemoveAll(s.data()))
}

// remove deletes all that is left of a stopped server.
func (s *server) remove() error { return os.RemoveAll(s.dir) }

// until waits until check has nothing to say, and returns what it says last.
func until(ctx context.Context, limit time.Duration, what string, check func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := check()
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: not within %s: %w", what, limit, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(tick):
		}
	}
}
