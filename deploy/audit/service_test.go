package audit_test

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// built is the program, for tests that run it.
func built(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "audit")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/audit").CombinedOutput()
	require.NoError(t, err, string(output))
	return binary
}

// started runs an auditor that stays until the test ends, and returns its URL.
func started(t *testing.T, binary string, environment []string, arguments ...string) string {
	t.Helper()
	program := exec.CommandContext(t.Context(), binary, append(arguments, "-listen", "127.0.0.1:0")...)
	program.Env = append(program.Environ(), environment...)
	program.Cancel = func() error { return program.Process.Signal(syscall.SIGTERM) }
	told, err := program.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())
	lines := bufio.NewReader(told)
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)
	require.NotEmpty(t, address, line)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, lines)
	}()
	t.Cleanup(func() { // the test's context is done
		<-drained
		_ = program.Wait() // it reports that the context is done
		require.Equal(t, 0, program.ProcessState.ExitCode(), "it ends as it was asked to")
	})
	return "http://" + address
}

// get is the answer of an auditor; empty when there is none.
func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.Status + "\n" + string(body)
}

// When it fails, the auditor of a cluster has a password in its environment, dies of a new password, is killed by its probes, or its
// test says that it audits although it does not.
func TestTheAuditorStaysAndTells(t *testing.T) {
	t.Parallel()
	binary, s := built(t), makeModel(t).copy(t)
	secret := s.file("url", []byte(s.auditor+"\n"))
	url := started(t, binary, []string{"AUDIT_DATABASE_URL_FILE=" + secret}, "-every", "100ms", "-quiet-shop", "-only", "I12")
	for _, probe := range []string{"/livez", "/readyz"} {
		require.Equal(t, "200 OK\n", get(t, url+probe))
	}
	output, code := command(t, binary, "-await", url+"/", "-within", "2m")
	require.Equal(t, 0, code, output)
	require.Contains(t, output, "audit_violations{invariant=\"I12\"} 0\n")

	failed := regexp.MustCompile(`audit_runs_total\{result="failed"\} [1-9]`)
	require.NoError(t, os.WriteFile(secret, []byte("postgres://auditor@127.0.0.1:1/none"), 0o600))
	require.Eventually(t, func() bool { return failed.MatchString(get(t, url+"/metrics")) }, time.Minute, 50*time.Millisecond, "the file is read again")
	s.spoil(`UPDATE payment.gift_card SET balance = balance - 1 WHERE id = 'card-0'`)
	require.NoError(t, os.WriteFile(secret, []byte(s.auditor), 0o600))
	require.Eventually(t, func() bool {
		return strings.Contains(get(t, url+"/metrics"), "audit_violations{invariant=\"I12\"} 1\n")
	}, time.Minute, 50*time.Millisecond)

	blind := started(t, binary, []string{"AUDIT_DATABASE_URL=postgres://auditor@127.0.0.1:1/none"}, "-every", "1h")
	output, code = command(t, binary, "-await", blind, "-within", "2s")
	require.Equal(t, 2, code, output)
	require.Contains(t, output, "the auditor has ended no audit within 2s")
	output, code = command(t, binary, "-await", "http://127.0.0.1:1", "-within", "100ms")
	require.Equal(t, 2, code, output)
}

// When it fails, an administrator cannot make the auditor's role with one command, or makes one with another password than it uses.
func TestTheProgramMakesItsRole(t *testing.T) {
	t.Parallel()
	binary, s := built(t), makeModel(t).copy(t)
	(&model{}).exec(t, s.admin, "DO $$ BEGIN EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM auditor', current_database()); END $$; REVOKE USAGE ON SCHEMA payment FROM auditor")
	output, code := command(t, binary, "-database", s.auditor, "-quiet-shop", "-only", "I12")
	require.Equal(t, 2, code, output)

	provision := func(environment ...string) (string, error) {
		program := exec.CommandContext(t.Context(), binary, "-provision")
		program.Env = append(program.Environ(), environment...)
		output, err := program.CombinedOutput()
		return string(output), err
	}
	admin := "ADMIN_DATABASE_URL_FILE=" + s.file("admin", []byte(s.admin))
	output, err := provision(admin, "AUDIT_DATABASE_URL_FILE="+s.file("url", []byte(s.auditor)))
	require.NoError(t, err, output)
	output, code = command(t, binary, "-database", s.auditor, "-quiet-shop", "-only", "I12")
	require.Equal(t, 0, code, output)

	for want, environment := range map[string][]string{
		"needs ADMIN_DATABASE_URL":          {"AUDIT_DATABASE_URL=" + s.auditor},
		"must be a URL":                     {admin},
		"the user must be auditor":          {admin, "AUDIT_DATABASE_URL=" + strings.Replace(s.auditor, "auditor:", "cart_app:", 1)},
		"must be a URL with a user and a p": {admin, "AUDIT_DATABASE_URL=" + strings.Replace(s.auditor, ":"+password, "", 1)},
	} {
		output, err = provision(environment...)
		require.Error(t, err, want)
		require.Contains(t, output, want)
		require.NotContains(t, output, password)
	}
}
