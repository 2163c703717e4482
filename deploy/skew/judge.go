package skew

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

const (
	// suiteTime is the longest that the journeys may take.
	suiteTime = "6m"
	// endTime is how long a judge has to end when it is interrupted.
	endTime = 20 * time.Second
)

// journeys runs the suite of the oldest release against the shop.
func (s stage) journeys(ctx context.Context, shop *stack.Shop, result *Result) {
	token, err := shop.StaffToken()
	if err != nil {
		result.fail("make a token: %v", err)
		return
	}
	environment := []string{
		"ACCEPTANCE_URL=" + shop.URL(), "ACCEPTANCE_STAFF_TOKEN=" + token,
		"ACCEPTANCE_ISSUER=" + shop.IssuerURL(), "ACCEPTANCE_SANDBOX=" + shop.SandboxURL(),
	}
	argv := []string{s.sides.old[journeys], "-test.v", "-test.timeout=" + suiteTime}
	said, err := s.command(ctx, "journeys.log", argv, environment)
	result.read(said)
	if err != nil && len(result.Red) == 0 {
		result.fail("the journeys: %v: %s", err, lastLine(said))
	}
	if err == nil && result.Passed == 0 {
		result.fail("no journey was made")
	}
}

// audit looks at the shop's data with the auditor of the oldest release.
func (s stage) audit(ctx context.Context, shop *stack.Shop, result *Result) {
	url, err := shop.AuditorURL()
	if err != nil {
		result.fail("audit: %v", err)
		return
	}
	argv := []string{s.sides.old[auditor], "-provider", shop.SandboxURL(), "-logs", filepath.Join(s.dir, "logs", "*.log"), "-text-budget", "-1"}
	if _, err := os.Stat(s.promised()); err == nil {
		argv = append(argv, "-acknowledged", s.promised())
	}
	if said, err := s.command(ctx, "audit.log", argv, []string{"AUDIT_DATABASE_URL=" + url}); err != nil {
		result.fail("the audit: %v: %s", err, lastLine(said))
	}
}

// command runs a judge with its output in a file, and returns what it said.
func (s stage) command(ctx context.Context, log string, argv, environment []string) (string, error) {
	file, err := s.keep(log)
	if err != nil {
		return "", err
	}
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	command := exec.CommandContext(ctx, argv[0], argv[1:]...)
	command.Dir = s.sides.suite
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = file, file
	if s.hasty {
		command.Stdout = io.MultiWriter(file, &alarm{failed: enough})
	}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGINT) }
	command.WaitDelay = endTime
	failed := command.Run()
	if err := file.Close(); err != nil {
		return "", err
	}
	text, err := os.ReadFile(file.Name())
	if err != nil {
		return "", err
	}
	return string(text), failed
}

// alarm calls when it hears of a journey that failed.
type alarm struct {
	failed func()
	rest   []byte // of the last line
}

// Write implements io.Writer.
func (a *alarm) Write(p []byte) (int, error) {
	a.rest = append(a.rest, p...)
	if bytes.Contains(a.rest, []byte(failure)) {
		a.failed()
	}
	a.rest = a.rest[bytes.LastIndexByte(a.rest, '\n')+1:]
	return len(p), nil
}

// failure begins the line of a journey that failed.
const failure = "--- FAIL: "

// read takes from the output of the journeys which were made, which failed and which could not be made.
func (r *Result) read(output string) {
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "--- PASS: "):
			r.Passed++
		case strings.HasPrefix(line, failure):
			name, _, _ := strings.Cut(strings.TrimPrefix(line, failure), " ")
			r.Red = append(r.Red, name)
		case strings.HasPrefix(line, "FAIL: "):
			r.Red = append(r.Red, strings.TrimPrefix(line, "FAIL: "))
		case strings.HasPrefix(line, "panic: "):
			r.Red = append(r.Red, line)
		case strings.HasPrefix(line, "NOT RUN: "):
			r.LeftOut++
		}
	}
}

func (r *Result) fail(format string, arguments ...any) {
	r.Red = append(r.Red, fmt.Sprintf(format, arguments...))
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return fmt.Sprintf("%.300s", lines[len(lines)-1])
}
