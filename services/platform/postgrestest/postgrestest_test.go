package postgrestest_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

const (
	waitFor = 30 * time.Second
	tick    = 20 * time.Millisecond
	// childEnv makes this test binary use a database and wait, so that the test can end it.
	childEnv = "POSTGRESTEST_CHILD"
)

func migrations(sql string) fstest.MapFS {
	return fstest.MapFS{"migration/001_create_thing.sql": {Data: []byte("-- +goose Up\n" + sql)}}
}

// When it fails, tests see each other's rows or run on another schema than they asked for.
func TestDatabasesAreSeparate(t *testing.T) {
	t.Parallel()
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			database := postgrestest.New(t, "thing", migrations("CREATE TABLE thing (name text PRIMARY KEY);"))
			_, err := database.DB.Exec(t.Context(), "INSERT INTO thing VALUES ('one')")
			require.NoError(t, err)
			var n int
			require.NoError(t, database.DB.QueryRow(t.Context(), "SELECT count(*) FROM thing").Scan(&n))
			require.Equal(t, 1, n)
		})
	}
	other := postgrestest.New(t, "thing", migrations("CREATE TABLE thing (name text, size int);"))
	_, err := other.DB.Exec(t.Context(), "INSERT INTO thing VALUES ('one', 1)")
	require.NoError(t, err)
	_, err = other.DB.Exec(t.Context(), "SELECT count(*) FROM river_job")
	require.NoError(t, err, "the tables of the job queue are there")
}

// When it fails, tests fill the server with databases that nobody uses.
func TestDatabaseIsDroppedWithItsTest(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Run("uses one", func(t *testing.T) {
		database := postgrestest.New(t, "thing", migrations("CREATE TABLE thing (name text PRIMARY KEY);"))
		dsn = database.AdminDSN
		conn, err := pgx.Connect(t.Context(), dsn) // left open
		require.NoError(t, err)
		require.NoError(t, conn.Ping(t.Context()))
	})
	_, err := pgx.Connect(t.Context(), dsn)
	require.ErrorContains(t, err, "does not exist")
}

// TestChild is the other process of the tests below; alone it does nothing.
func TestChild(t *testing.T) {
	t.Parallel()
	if os.Getenv(childEnv) == "" {
		return
	}
	database := postgrestest.New(t, "child", migrations("CREATE TABLE thing (name text PRIMARY KEY);"))
	var dir string
	require.NoError(t, database.DB.QueryRow(t.Context(), "SELECT 1").Scan(new(int)))
	conn, err := pgx.Connect(t.Context(), database.AdminDSN)
	require.NoError(t, err)
	require.NoError(t, conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&dir))
	fmt.Println("ready " + dir)
	_, _ = os.Stdin.Read(make([]byte, 1))
}

// child starts this binary again and returns it with the data directory of its server.
func child(t *testing.T, environment ...string) (*exec.Cmd, string) {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v")
	command.Env = append(os.Environ(), append(environment, childEnv+"=1")...)
	input, err := command.StdinPipe()
	require.NoError(t, err)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		input.Close()
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if dir, ready := strings.CutPrefix(lines.Text(), "ready "); ready {
			return command, dir
		}
	}
	t.Fatal("the child did not get a database")
	return nil, ""
}

// When it fails, every test run that is killed leaves a server and its data on the machine.
func TestServerEndsWithAKilledTestBinary(t *testing.T) {
	t.Parallel()
	command, dir := child(t, postgrestest.EnvDSN+"=")
	text, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	require.NoError(t, err)
	var pid int
	_, err = fmt.Sscan(string(text), &pid)
	require.NoError(t, err)
	require.NoError(t, command.Process.Kill())
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Dir(dir))
		return os.IsNotExist(err) && syscall.Kill(pid, 0) == syscall.ESRCH
	}, waitFor, tick)
}

// When it fails, tests cannot run against a server of another version or on another machine, side by side.
func TestExistingServerIsUsed(t *testing.T) {
	t.Parallel()
	mine := postgrestest.New(t, "thing", migrations("CREATE TABLE thing (name text PRIMARY KEY);"))
	var dir string
	admin, err := pgx.Connect(t.Context(), mine.AdminDSN)
	require.NoError(t, err)
	defer admin.Close(t.Context())
	require.NoError(t, admin.QueryRow(t.Context(), "SHOW data_directory").Scan(&dir))
	for range 3 { // all of them stay until the end of the test
		_, theirs := child(t, postgrestest.EnvDSN+"="+mine.AdminDSN)
		require.Equal(t, dir, theirs)
	}
}
