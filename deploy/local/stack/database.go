package stack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/cluster"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
	"github.com/jackc/pgx/v5"
)

// databaseName is the database of a server that we started.
const databaseName = "cartwright"

// maxConnections is enough for seven pools and their job clients.
const maxConnections = 300

// database is where the services keep their data.
type database struct {
	cluster  *cluster.Cluster // nil when the server is somebody else's
	adminURL string
}

// InstallPostgres makes sure that the machine has a server that will do: one that is installed, else Debian's package
// when this user may install it. Otherwise the error says what to type.
func InstallPostgres(ctx context.Context, say func(string)) error {
	if _, err := cluster.Find(); err == nil || !errors.Is(err, cluster.ErrNotFound) {
		return err
	}
	prefix, may := installer()
	if !may {
		return errors.New("Postgres 15 or newer is needed: type  sudo apt-get install -y postgresql  or give a running one with CARTWRIGHT_DATABASE_URL=postgres://...")
	}
	say("installing Debian's package postgresql")
	for _, arguments := range [][]string{{"apt-get", "update", "-q"}, {"apt-get", "install", "-y", "-q", "--no-install-recommends", "postgresql", "postgresql-contrib"}} {
		full := append(append([]string{}, prefix...), arguments...)
		command := exec.CommandContext(ctx, full[0], full[1:]...)
		command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %.500s", strings.Join(full, " "), err, output)
		}
	}
	if _, err := cluster.Find(); err != nil {
		return err
	}
	return nil
}

// installer tells how this user may install packages: as root, or with sudo that asks for no password.
func installer() (prefix []string, may bool) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return nil, false
	}
	if os.Geteuid() == 0 {
		return nil, true
	}
	if exec.Command("sudo", "-n", "true").Run() == nil {
		return []string{"sudo", "-n"}, true
	}
	return nil, false
}

// dataDir is where our own server keeps its data. Postgres refuses to run as root, and the user it runs as instead must
// be able to reach the folder, so root's is outside of root's home.
func (o Options) dataDir() string {
	if o.DataDir != "" {
		return o.DataDir
	}
	if os.Geteuid() == 0 {
		return filepath.Join("/var/lib/cartwright-local", strings.Trim(strings.ReplaceAll(o.Dir, string(filepath.Separator), "-"), "-"))
	}
	return filepath.Join(o.Dir, "postgres")
}

func openDatabase(ctx context.Context, o Options) (*database, error) {
	if o.DatabaseURL != "" {
		return &database{adminURL: o.DatabaseURL}, nil
	}
	if err := os.MkdirAll(filepath.Dir(o.dataDir()), dirPublic); err != nil {
		return nil, err
	}
	server, err := cluster.Start(ctx, cluster.Config{
		Dir: o.dataDir(), Port: o.Ports.Postgres, Fsync: o.Fsync, MaxConnections: maxConnections,
	})
	if err != nil {
		return nil, err
	}
	d := &database{cluster: server, adminURL: server.URL(databaseName)}
	if err := createDatabase(ctx, server.URL("postgres"), databaseName); err != nil {
		_ = server.Stop(context.WithoutCancel(ctx))
		return nil, err
	}
	return d, nil
}

func createDatabase(ctx context.Context, adminURL, name string) error {
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil || exists {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	return err
}

// withDatabase lists the services that have a schema.
func withDatabase() []string { return ServiceNames[:len(ServiceNames)-1] }

// prepare makes roles, the auditor's too, and schemas; with fresh it drops the schemas first.
func (d *database) prepare(ctx context.Context, s *secrets, fresh bool) error {
	if fresh {
		if err := dropSchemas(ctx, d.adminURL); err != nil {
			return err
		}
	}
	var services []provision.Service
	for _, name := range withDatabase() {
		services = append(services, provision.Service{Name: name, OwnerPassword: s.OwnerPassword, AppPassword: s.AppPassword})
	}
	if err := provision.Apply(ctx, d.adminURL, services...); err != nil {
		return err
	}
	return audit.Provision(ctx, d.adminURL, s.Auditor)
}

func dropSchemas(ctx context.Context, adminURL string) error {
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, name := range withDatabase() {
		if _, err := conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+pgx.Identifier{name}.Sanitize()+" CASCADE"); err != nil {
			return fmt.Errorf("drop schema %s: %w", name, err)
		}
	}
	return nil
}

// url is the connection string of a role.
func (d *database) url(role, password string) (string, error) {
	u, err := url.Parse(d.adminURL)
	if err != nil {
		return "", fmt.Errorf("database URL: %w", err)
	}
	u.User = url.UserPassword(role, password)
	return u.String(), nil
}

func (d *database) stop(ctx context.Context) error {
	if d == nil || d.cluster == nil {
		return nil
	}
	return d.cluster.Stop(ctx)
}
