package service_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/internal/echo"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/migrate"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/platform/service"
)

// slowProgram is what a child process runs. Its RPC takes as long as the request says and fails when it is cut off.
func slowProgram() service.Program[settings] {
	program := service.Program[settings]{Name: "echo", Build: func(_ context.Context, cfg settings, rt *service.Runtime) error {
		contract, err := echo.New()
		if err != nil {
			return err
		}
		rt.GRPC.Register(func(r grpc.ServiceRegistrar) {
			contract.Register(r, func(ctx context.Context, req proto.Message) (string, error) {
				rt.Log.Info("call entered")
				wait, err := time.ParseDuration(echo.Text(req))
				if err != nil {
					return "", err
				}
				timer := time.NewTimer(wait)
				defer timer.Stop()
				select {
				case <-timer.C:
					return cfg.Answer, nil
				case <-ctx.Done():
					return "", ctx.Err()
				}
			})
		})
		return nil
	}, Check: func(cfg settings) error {
		if cfg.Answer == "" || cfg.Answer == "forbidden" {
			return errors.New("ANSWER: must not be forbidden")
		}
		return nil
	}}
	if os.Getenv(childEnv) == withMigrations {
		program.Migrations = fstest.MapFS(migration(2))
	}
	return program
}

// withMigrations is the value of childEnv for a program with a database.
const withMigrations = "migrations"

// child is the test binary run as a service.
type child struct {
	cmd   *exec.Cmd
	mu    sync.Mutex
	lines []string
}

func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, args...)
	cmd.Env = append([]string{childEnv + "=1"}, env...)
	return cmd
}

func run(t *testing.T, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := command(t, env, args...)
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return out.String(), problems.String(), cmd.ProcessState.ExitCode()
}

func spawn(t *testing.T, env ...string) *child {
	t.Helper()
	c := &child{cmd: command(t, append(env, "GRPC_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0"), "serve")}
	pipe, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	go func() {
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			c.mu.Lock()
			c.lines = append(c.lines, lines.Text())
			c.mu.Unlock()
		}
		_, _ = io.Copy(io.Discard, pipe)
	}()
	return c
}

// line waits for the nth log line with a message.
func (c *child) line(t *testing.T, msg string, nth int) map[string]any {
	t.Helper()
	var found map[string]any
	eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		seen := 0
		for _, line := range c.lines {
			var fields map[string]any
			if json.Unmarshal([]byte(line), &fields) == nil && fields["msg"] == msg {
				if seen++; seen == nth {
					found = fields
				}
			}
		}
		return found != nil
	}, msg)
	return found
}

func (c *child) slowCall(t *testing.T, wait string) <-chan error {
	t.Helper()
	contract, err := echo.New()
	require.NoError(t, err)
	req, err := contract.Request(`text: "` + wait + `"`)
	require.NoError(t, err)
	conn := dial(t, c.line(t, "serving", 1)["grpc"].(string))
	done := make(chan error, 1)
	go func() { _, err := contract.Call(context.Background(), conn, req); done <- err }()
	return done
}

// exitCode waits for the process after its output has been read.
func (c *child) exitCode() int {
	_ = c.cmd.Wait()
	return c.cmd.ProcessState.ExitCode()
}

// A deploy sends SIGTERM under load: every call that runs gets its answer and the process ends well. An impatient second
// signal must not cut the calls off.
func TestSIGTERMDrainsAndASecondOneDoesNotShorten(t *testing.T) {
	t.Parallel()
	c := spawn(t)
	done := c.slowCall(t, "600ms")
	c.line(t, "call entered", 1)
	require.NoError(t, c.cmd.Process.Signal(syscall.SIGTERM))
	c.line(t, "stopping", 1)
	require.NoError(t, c.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, c.cmd.Process.Signal(os.Interrupt))
	require.NoError(t, <-done)
	c.line(t, "stopped", 1)
	require.Zero(t, c.exitCode())
}

// Releases, autoscalers and drained nodes end pods all day: of a hundred processes that are asked to end in the middle of a call, none
// loses it, and none ends as if it had crashed.
func TestAHundredDrainsEndWell(t *testing.T) {
	t.Parallel()
	for range 10 {
		children, done := make([]*child, 10), make([]<-chan error, 10)
		for i := range children {
			children[i] = spawn(t)
		}
		for i, c := range children {
			done[i] = c.slowCall(t, fmt.Sprintf("%dms", 50+i*20))
			c.line(t, "call entered", 1)
			require.NoError(t, c.cmd.Process.Signal(syscall.SIGTERM))
		}
		for i, c := range children {
			require.NoError(t, <-done[i])
			c.line(t, "stopped", 1)
			require.Zero(t, c.exitCode())
		}
	}
}

// A call that does not end must not keep a pod beyond its drain timeout; the exit is still a good one.
func TestTheDrainTimeoutEndsStuckCalls(t *testing.T) {
	t.Parallel()
	c := spawn(t, "DRAIN_TIMEOUT=200ms", "DEFAULT_DEADLINE=30s")
	done := c.slowCall(t, "20s")
	c.line(t, "call entered", 1)
	began := time.Now()
	require.NoError(t, c.cmd.Process.Signal(syscall.SIGTERM))
	require.Error(t, <-done)
	c.line(t, "stopped", 1)
	require.Zero(t, c.exitCode())
	require.Less(t, time.Since(began), 3*time.Second)
}

// Whoever deploys must see every wrong setting at once and every setting there is, and never a password.
func TestCheckTellsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	out, problems, code := run(t, nil, "check")
	require.Zero(t, code, problems)
	require.Contains(t, out, "| `ANSWER` | `fine` | What the service answers. |")
	require.Contains(t, out, "The settings are good.")
	require.NotRegexp(t, `\| \|\n`, out, "every setting has a meaning")

	_, problems, code = run(t, []string{"LOG_LEVEL=loud", "DRAIN_TIMEOUT=-1s", "OPS_ADDR=nowhere", "TRACE_RATIO=7", "ANSWER=forbidden",
		childEnv + "=" + withMigrations, "DATABASE_URL=mysql://u:s3cret@h/d", "OTEL_EXPORTER_OTLP_ENDPOINT=collector", "JOB_WORKERS=0"}, "check")
	require.Equal(t, 1, code)
	for _, name := range []string{"LOG_LEVEL", "DRAIN_TIMEOUT", "OPS_ADDR", "TRACE_RATIO", "ANSWER", "DATABASE_URL", "OTEL_EXPORTER_OTLP_ENDPOINT", "JOB_WORKERS"} {
		require.Contains(t, problems, "echo: "+name)
	}
	require.NotContains(t, problems, "s3cret")
	_, problems, code = run(t, []string{"DRAIN_TIMEOUT=soon"}, "serve")
	require.Equal(t, 1, code, "serve refuses what check refuses")
	require.Contains(t, problems, "DrainTimeout")
}

// A wrong command must say what the right ones are.
func TestUsageAndVersion(t *testing.T) {
	t.Parallel()
	_, problems, code := run(t, nil, "dance")
	require.Equal(t, 2, code)
	require.Contains(t, problems, "serve | migrate | check | version")
	_, _, code = run(t, nil, "serve", "now")
	require.Equal(t, 2, code)
	out, _, code := run(t, nil, "version")
	require.Zero(t, code)
	require.True(t, strings.HasPrefix(out, "echo "))
	_, problems, code = run(t, nil, "migrate")
	require.Equal(t, 1, code)
	require.Contains(t, problems, "no database")
}

// Migrations run in a job of their own, from a secret in a file, again and again without harm.
func TestMigrateBringsTheSchemaAndTheQueueUpToDate(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "echo", fstest.MapFS(migration(1)))
	secret := filepath.Join(t.TempDir(), "url")
	require.NoError(t, os.WriteFile(secret, []byte(database.OwnerDSN+"\n"), 0o600))
	env := []string{childEnv + "=" + withMigrations, "OWNER_DATABASE_URL_FILE=" + secret}
	for _, want := range []string{`"applied":1`, `"applied":0`} {
		out, problems, code := run(t, env, "migrate")
		require.Zero(t, code, problems)
		require.Contains(t, out, want)
	}
	version, err := migrate.Current(t.Context(), database.DB)
	require.NoError(t, err)
	require.EqualValues(t, 2, version)
	_, problems, code := run(t, []string{childEnv + "=" + withMigrations, "OWNER_DATABASE_URL=postgres://nobody:s3cret@127.0.0.1:1/none"}, "migrate")
	require.Equal(t, 1, code)
	require.NotContains(t, problems, "s3cret")
}
