package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/grpcclient"
	"github.com/cartwright-shop/cartwright/services/platform/internal/echo"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

const childEnv = "CARTWRIGHT_TEST_CHILD"

// TestMain runs the test binary as a service when a test has started it as one.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(service.Run(slowProgram()))
	}
	os.Exit(m.Run())
}

type settings struct {
	service.Config
	Answer string `env:"ANSWER" envDefault:"fine" desc:"What the service answers."`
}

func migration(n int) map[string]*fstest.MapFile {
	files := map[string]*fstest.MapFile{}
	for i := 1; i <= n; i++ {
		text := fmt.Sprintf("-- +goose Up\nCREATE TABLE note_%d (id bigint PRIMARY KEY);\n", i)
		files[fmt.Sprintf("%03d_create_note.sql", i)] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

func localConfig(dsn string) settings {
	return settings{Answer: "fine", Config: service.Config{
		GRPCAddr: "127.0.0.1:0", OpsAddr: "127.0.0.1:0", DatabaseURL: dsn, DatabaseMaxConns: 4, DatabaseAcquireTimeout: 200 * time.Millisecond,
		JobWorkers: 2, LogLevel: "info", DrainTimeout: 5 * time.Second, DefaultDeadline: 2 * time.Second, MaxConnectionAge: time.Minute,
		MaxConnectionAgeGrace: time.Minute, CallTimeout: time.Second, Version: "v1",
	}}
}

// buffer is a log that tests may read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *buffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *buffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// build wires a program whose one RPC runs handler.
func build(handler func(rt *service.Runtime, cfg settings) echo.Handler) func(context.Context, settings, *service.Runtime) error {
	return func(_ context.Context, cfg settings, rt *service.Runtime) error {
		contract, err := echo.New()
		if err != nil {
			return err
		}
		rt.GRPC.Register(func(r grpc.ServiceRegistrar) { contract.Register(r, handler(rt, cfg)) })
		return nil
	}
}

func answering(_ *service.Runtime, cfg settings) echo.Handler {
	return func(context.Context, proto.Message) (string, error) { return cfg.Answer, nil }
}

// querying asks the database in its RPC.
func querying(rt *service.Runtime, _ settings) echo.Handler {
	return func(ctx context.Context, _ proto.Message) (string, error) {
		var name string
		if err := rt.DB.QueryRow(ctx, "SELECT current_schema()").Scan(&name); err != nil {
			return "", fmt.Errorf("read schema: %w", err)
		}
		return name, nil
	}
}

// bundle is a running program.
type bundle struct {
	t        *testing.T
	instance *service.Instance
	log      *buffer
	conn     *grpc.ClientConn
	contract *echo.Contract
}

func start(t *testing.T, p service.Program[settings], cfg settings) *bundle {
	t.Helper()
	b := &bundle{t: t, log: &buffer{}}
	var err error
	b.instance, err = service.Start(t.Context(), p, cfg, b.log)
	require.NoError(t, err)
	t.Cleanup(b.instance.Stop)
	b.contract, err = echo.New()
	require.NoError(t, err)
	if b.instance.GRPCAddr() != "" {
		b.conn = dial(t, b.instance.GRPCAddr())
	}
	return b
}

func dial(t *testing.T, addr string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpcclient.Dial(grpcclient.Config{Peer: "echo", Addr: addr})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (b *bundle) call() (string, error) {
	b.t.Helper()
	req, err := b.contract.Request(`text: "a"`)
	require.NoError(b.t, err)
	return b.contract.Call(b.t.Context(), b.conn, req)
}

func (b *bundle) reason() string {
	b.t.Helper()
	_, err := b.call()
	return errs.ReasonOf(err)
}

func (b *bundle) get(path string) (int, string) {
	b.t.Helper()
	return get(b.t, "http://"+b.instance.OpsAddr()+path)
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

func (b *bundle) logged(msg string) bool {
	for line := range strings.Lines(b.log.String()) {
		var fields map[string]any
		require.NoError(b.t, json.Unmarshal([]byte(line), &fields), line)
		if fields["msg"] == msg {
			return true
		}
	}
	return false
}

func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, 15*time.Second, 10*time.Millisecond, what)
}

// relay stands between a program and its database and can be cut.
type relay struct {
	t      *testing.T
	socket string
	addr   string
	mu     sync.Mutex
	l      net.Listener
	conns  []net.Conn
}

// newRelay returns a relay that is cut, and the URL of the database through it.
func newRelay(t *testing.T, dsn string) (*relay, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	query := u.Query()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &relay{t: t, socket: filepath.Join(query.Get("host"), ".s.PGSQL."+query.Get("port")), addr: free.Addr().String()}
	require.NoError(t, free.Close())
	u.Host = r.addr
	query.Del("host")
	query.Del("port")
	query.Set("sslmode", "disable")
	u.RawQuery = query.Encode()
	t.Cleanup(r.cut)
	return r, u.String()
}

func (r *relay) open() {
	l, err := net.Listen("tcp", r.addr)
	require.NoError(r.t, err)
	r.mu.Lock()
	r.l = l
	r.mu.Unlock()
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", r.socket)
			if err != nil {
				_ = in.Close()
				continue
			}
			r.mu.Lock()
			r.conns = append(r.conns, in, out)
			r.mu.Unlock()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		}
	}()
}

func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.l != nil {
		_ = r.l.Close()
	}
	for _, c := range r.conns {
		_ = c.Close()
	}
	r.conns = nil
}
