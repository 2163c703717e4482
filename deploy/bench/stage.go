package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/services/platform/postgres/cluster"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
)

const (
	stageService  = "inventory"
	stagePassword = "bench"
	stageReady    = 60 * time.Second
)

// Stage is a Postgres of its own, with fsync on, and as many processes of the inventory service as a scene needs.
type Stage struct {
	dir     string
	binary  string
	cluster *cluster.Cluster
	app     string // URL of the serving role
	admin   string
	actors  []*actor
}

// actor is one process of the service.
type actor struct {
	command   *exec.Cmd
	grpc, ops string
}

// SetStage builds the service, starts the database in a folder that is emptied first, and migrates it.
func SetStage(ctx context.Context, root string, output io.Writer) (*Stage, error) {
	s := &Stage{dir: filepath.Join(root, ".local", "bench-hot-sku")}
	s.binary = filepath.Join(s.dir, stageService)
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, err
	}
	fmt.Fprintln(output, "building the inventory service")
	build := exec.CommandContext(ctx, "go", "build", "-o", s.binary, "./services/inventory/cmd/inventory")
	build.Dir, build.Env = root, append(os.Environ(), "GOWORK=")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build inventory: %w: %.1000s", err, text)
	}
	if err := s.openDatabase(ctx); err != nil {
		return nil, errors.Join(err, s.Strike(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// data is where Postgres keeps everything; root's is where the user that it runs as instead may get.
func (s *Stage) data() string {
	if os.Geteuid() == 0 {
		return filepath.Join("/var/lib/cartwright-local", "hot-sku"+strings.ReplaceAll(s.dir, string(filepath.Separator), "-"))
	}
	return filepath.Join(s.dir, "postgres")
}

func (s *Stage) openDatabase(ctx context.Context) error {
	if err := os.RemoveAll(s.data()); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.data()), 0o755); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	if s.cluster, err = cluster.Start(ctx, cluster.Config{Dir: s.data(), Port: port, Fsync: true}); err != nil {
		return err
	}
	s.admin = s.cluster.URL("postgres")
	err = provision.Apply(ctx, s.admin, provision.Service{Name: stageService, OwnerPassword: stagePassword, AppPassword: stagePassword})
	if err != nil {
		return err
	}
	if s.app, err = asRole(s.admin, provision.App(stageService)); err != nil {
		return err
	}
	owner, err := asRole(s.admin, provision.Owner(stageService))
	if err != nil {
		return err
	}
	migrate := exec.CommandContext(ctx, s.binary, "migrate")
	migrate.Env = append(os.Environ(), "DATABASE_URL="+s.app, "OWNER_DATABASE_URL="+owner)
	if text, err := migrate.CombinedOutput(); err != nil {
		return fmt.Errorf("migrate inventory: %w: %.1000s", err, text)
	}
	return nil
}

func asRole(admin, role string) (string, error) {
	u, err := url.Parse(admin)
	if err != nil {
		return "", err
	}
	u.User = url.UserPassword(role, stagePassword)
	return u.String(), nil
}

// Enter starts processes of the service with these settings and returns when all are ready.
func (s *Stage) Enter(ctx context.Context, processes int, settings ...string) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "inventory.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	for range processes {
		grpcPort, err := freePort()
		if err != nil {
			return err
		}
		opsPort, err := freePort()
		if err != nil {
			return err
		}
		a := &actor{grpc: fmt.Sprintf("127.0.0.1:%d", grpcPort), ops: fmt.Sprintf("127.0.0.1:%d", opsPort)}
		a.command = exec.Command(s.binary, "serve")
		a.command.Env = append(append(os.Environ(), "DATABASE_URL="+s.app, "GRPC_ADDR="+a.grpc, "OPS_ADDR="+a.ops), settings...)
		a.command.Stdout, a.command.Stderr = log, log
		if err := a.command.Start(); err != nil {
			return err
		}
		s.actors = append(s.actors, a)
	}
	for _, a := range s.actors {
		if err := a.waitReady(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (a *actor) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stageReady)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.ops+"/readyz", nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("inventory is not ready: see its log: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Leave ends the processes of the service.
func (s *Stage) Leave() {
	for _, a := range s.actors {
		_ = a.command.Process.Signal(syscall.SIGTERM)
	}
	for _, a := range s.actors {
		_ = a.command.Wait() // how it ended is in its log
	}
	s.actors = nil
}

// Strike ends everything and removes the data.
func (s *Stage) Strike(ctx context.Context) error {
	s.Leave()
	if s.cluster == nil {
		return nil
	}
	return errors.Join(s.cluster.Stop(ctx), os.RemoveAll(s.data()))
}

func (s *Stage) pids() map[string]int {
	pids := map[string]int{"postgres": s.cluster.Pid()}
	for i, a := range s.actors {
		pids[fmt.Sprintf("inventory %d", i+1)] = a.command.Process.Pid
	}
	return pids
}

// sold counts, in the database itself, what is promised of a SKU by its counter and by the rows that explain it.
func (s *Stage) sold(ctx context.Context, sku string) (counter, rows int, err error) {
	config, err := pgx.ParseConfig(s.admin)
	if err != nil {
		return 0, 0, err
	}
	config.RuntimeParams["search_path"] = "inventory" // the tables of the one service on this stage
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	err = conn.QueryRow(ctx, `SELECT (SELECT sum(reserved) FROM stock WHERE sku = $1),
		(SELECT coalesce(sum(a.quantity), 0) FROM allocation a JOIN reservation r ON r.id = a.reservation_id
		 WHERE a.sku = $1 AND r.state IN ('held', 'committed'))`, sku).Scan(&counter, &rows)
	return counter, rows, err
}

// InPlace tells which part of the updates of stock left the indexes alone.
func (s *Stage) InPlace(ctx context.Context) (float64, error) {
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var share float64
	err = conn.QueryRow(ctx, `SELECT coalesce(n_tup_hot_upd::float8 / nullif(n_tup_upd, 0), 0) FROM pg_stat_user_tables
		WHERE schemaname = 'inventory' AND relname = 'stock'`).Scan(&share)
	return share, err
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
