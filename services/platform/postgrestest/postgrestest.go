// Package postgrestest gives every test a database of its own on a real Postgres server.
//
// The first use in a test binary starts a private server without durability, or takes the one in CARTWRIGHT_TEST_DSN, an
// administrator's URL of a server that is used for nothing else. A template is provisioned and migrated once per service and
// set of migrations; a test's database is a copy of it, made in tens of milliseconds and dropped when the test ends. The
// server ends with the test binary, also when that is killed.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
)

// EnvDSN names the environment variable with the administrator's URL of an existing server.
const EnvDSN = "CARTWRIGHT_TEST_DSN"

// password is the one of every role on a server for tests.
const password = "cartwright-test"

const setupTimeout = 2 * time.Minute

// Database is one test's own database.
type Database struct {
	// DB is connected with the role the service serves with.
	DB *postgres.DB
	// AppDSN is the URL of that role.
	AppDSN string
	// OwnerDSN is the URL of the role that owns the schema.
	OwnerDSN string
	// AdminDSN is the URL of the administrator, for this database.
	AdminDSN string
}

// New returns a database with the service's roles, schema and migrations and the tables of the job queue. It is dropped
// when the test ends, after everything the test registered later.
func New(t testing.TB, service string, migrations fs.FS) *Database {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	database, err := create(ctx, service, migrations)
	if err != nil {
		t.Fatalf("make a test database: %v", err)
	}
	if database.DB, err = postgres.Open(ctx, postgres.Config{URL: database.AppDSN, ApplicationName: t.Name()}); err != nil {
		t.Fatalf("make a test database: %v", err)
	}
	t.Cleanup(func() {
		database.DB.Close()
		if err := drop(database.AdminDSN); err != nil {
			t.Errorf("drop the test database: %v", err)
		}
	})
	return database
}

// server is the one server of this test binary. It is started by whoever needs it first.
var server = sync.OnceValues(startServer)

func create(ctx context.Context, service string, migrations fs.FS) (*Database, error) {
	admin, err := adminURL()
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	template := template{service: service, migrations: migrations, admin: admin}
	source, err := template.ensure(ctx, conn)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("t_%s_%s", service, id.Secret()[:16])
	for _, statement := range []string{
		fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, source),
		// Privileges on the database itself are not copied.
		fmt.Sprintf("REVOKE ALL ON DATABASE %s FROM PUBLIC", name),
		fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s, %s", name, provision.Owner(service), provision.App(service)),
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	return &Database{
		AppDSN:   rewrite(admin, provision.App(service), name),
		OwnerDSN: rewrite(admin, provision.Owner(service), name),
		AdminDSN: rewrite(admin, "", name),
	}, nil
}

// drop removes the database that an administrator's URL names, whoever is still connected to it.
func drop(adminDSN string) error {
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	admin, err := adminURL()
	if err != nil {
		return err
	}
	parsed, err := url.Parse(adminDSN)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", pgx.Identifier{parsed.Path[1:]}.Sanitize()))
	return err
}

// adminURL is the administrator's URL of a database that always exists.
func adminURL() (string, error) {
	if dsn := os.Getenv(EnvDSN); dsn != "" {
		parsed, err := url.Parse(dsn)
		if err != nil || parsed.Scheme != "postgres" && parsed.Scheme != "postgresql" {
			return "", errors.New(EnvDSN + " must be a URL such as postgres://postgres:secret@127.0.0.1:5432/postgres")
		}
		return dsn, nil
	}
	running, err := server()
	if err != nil {
		return "", err
	}
	return running.cluster.URL("postgres"), nil
}

// rewrite points a URL at another database, as another role unless that is empty.
func rewrite(dsn, role, database string) string {
	parsed, err := url.Parse(dsn)
	if err != nil {
		return dsn // cannot be: adminURL has parsed it
	}
	if role != "" {
		parsed.User = url.UserPassword(role, password)
	}
	parsed.Path = "/" + database
	return parsed.String()
}
