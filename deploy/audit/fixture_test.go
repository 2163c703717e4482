package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/deploy/audit/generate"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

const (
	// orders is how many the shop of the tests has: every kind of them several times.
	orders = 300
	// password is that of every role on a server for tests.
	password = "cartwright-test"
)

// model is a database with a consistent shop that tests copy and break.
type model struct {
	mu         sync.Mutex // one copy at a time: a database that is being copied must have no other use
	admin      string
	name       string
	settlement []byte
	promises   []byte
}

// shop is a copy of the model, for one test.
type shop struct {
	t                *testing.T
	admin, auditor   string
	settlement, acks string
}

// makeModel fills the database that all tests of a table copy.
func makeModel(t *testing.T) *model {
	t.Helper()
	server := postgrestest.New(t, "audited", fstest.MapFS{"001_create_nothing.sql": {Data: []byte("-- +goose Up\nCREATE TABLE nothing (id int);")}})
	m := &model{admin: server.AdminDSN, name: "audited_" + id.Secret()[:12]}
	m.exec(t, m.admin, "CREATE DATABASE "+m.name)
	t.Cleanup(func() { m.exec(t, m.admin, "DROP DATABASE "+m.name+" WITH (FORCE)") })
	own := database(t, m.admin, m.name)
	require.NoError(t, generate.Schemas(t.Context(), own, "../..", password))
	require.NoError(t, generate.Fill(t.Context(), own, orders, func() {}))
	require.NoError(t, audit.Provision(t.Context(), own, password))
	var settlement, promises bytes.Buffer
	require.NoError(t, generate.Settlement(t.Context(), own, &settlement))
	require.NoError(t, generate.Acknowledgements(t.Context(), own, &promises, orders))
	m.settlement, m.promises = settlement.Bytes(), promises.Bytes()
	return m
}

// database is the URL of another database of the same server.
func database(t *testing.T, admin, name string) string {
	t.Helper()
	parsed, err := url.Parse(admin)
	require.NoError(t, err)
	parsed.Path = "/" + name
	return parsed.String()
}

func (m *model) exec(t *testing.T, dsn, sql string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.PgConn().Exec(ctx, sql).ReadAll()
	require.NoError(t, err, sql)
}

// copy gives a test its own shop.
func (m *model) copy(t *testing.T) *shop {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	name := "audited_" + id.Secret()[:12]
	m.exec(t, m.admin, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy", name, m.name))
	t.Cleanup(func() { m.exec(t, m.admin, "DROP DATABASE "+name+" WITH (FORCE)") })
	// Privileges on the database itself are not copied.
	m.exec(t, m.admin, fmt.Sprintf("REVOKE ALL ON DATABASE %s FROM PUBLIC; GRANT CONNECT ON DATABASE %s TO %s", name, name, audit.Role))
	s := &shop{t: t, admin: database(t, m.admin, name)}
	parsed, err := url.Parse(s.admin)
	require.NoError(t, err)
	parsed.User = url.UserPassword(audit.Role, password)
	s.auditor = parsed.String()
	s.settlement = s.file("settlement.csv", m.settlement)
	s.acks = s.file("acknowledged.jsonl", m.promises)
	return s
}

func (s *shop) file(name string, text []byte) string {
	path := filepath.Join(s.t.TempDir(), name)
	require.NoError(s.t, os.WriteFile(path, text, 0o600))
	return path
}

// spoil changes the data as a broken program would, with no rule of the database in the way.
func (s *shop) spoil(sql string) {
	s.t.Helper()
	(&model{}).exec(s.t, s.admin, "SET session_replication_role = replica; "+sql)
}

// audit audits the copy as a shop at rest.
func (s *shop) audit(logs ...string) *audit.Report {
	s.t.Helper()
	report, err := audit.Run(s.t.Context(), audit.Options{
		Database: s.auditor, Settlement: s.settlement, Acknowledged: s.acks, Logs: logs, QuietShop: true,
	})
	require.NoError(s.t, err)
	return report
}
