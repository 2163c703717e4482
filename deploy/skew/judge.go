package skew

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// journeys runs the suite of the oldest release against the shop. Journeys that fail are made once more by themselves: two releases
// that do not get along do not get along the second time either, and on a busy machine something else may have been late.
func (s stage) journeys(ctx context.Context, where []string, result *Result) {
	first, err := s.suite(ctx, where, "journeys.log", "")
	if len(first.failed) > 0 && len(first.wrong) == 0 && ctx.Err() == nil {
		if again, failed := s.suite(ctx, where, "again.log", first.pattern()); failed == nil && again.passed > 0 {
			result.Second = append(result.Second, first.failed...)
			if s.hasty { // the others were not made yet
				s.hasty = false
				s.journeys(ctx, where, result)
				return
			}
			first.failed, err = nil, nil
			first.passed += again.passed
		}
	}
	result.Passed, result.LeftOut = result.Passed+first.passed, result.LeftOut+first.leftOut
	result.Red = append(append(result.Red, first.failed...), first.wrong...)
	switch {
	case err != nil && len(result.Red) == 0:
		result.fail("the journeys: %v: %s", err, first.last)
	case err == nil && first.passed == 0:
		result.fail("no journey was made")
	}
}

// whereabouts tell the journeys where the shop is.
func whereabouts(shop *stack.Shop) ([]string, error) {
	token, err := shop.StaffToken()
	return []string{
		"ACCEPTANCE_URL=" + shop.URL(), "ACCEPTANCE_STAFF_TOKEN=" + token,
		"ACCEPTANCE_ISSUER=" + shop.IssuerURL(), "ACCEPTANCE_SANDBOX=" + shop.SandboxURL(),
	}, err
}

// suite makes the journeys of a pattern, all when it is empty.
func (s stage) suite(ctx context.Context, where []string, log, pattern string) (hearing, error) {
	argv := []string{s.sides.old[journeys], "-test.v", "-test.timeout=" + suiteTime}
	if pattern != "" {
		argv = append(argv, "-test.run", pattern)
	}
	said, err := s.command(ctx, log, argv, where)
	return hear(said), err
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

// hearing is what the journeys said.
type hearing struct {
	// passed counts journeys and their parts, leftOut those that could not be made.
	passed, leftOut int
	// failed are journeys, wrong is what no journey may meet.
	failed, wrong []string
	last          string
}

// hear reads the output of the journeys.
func hear(output string) hearing {
	h := hearing{last: lastLine(output)}
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "--- PASS: "):
			h.passed++
		case strings.HasPrefix(line, failure):
			name, _, _ := strings.Cut(strings.TrimPrefix(line, failure), " ")
			h.failed = append(h.failed, name)
		case strings.HasPrefix(line, "FAIL: "):
			h.wrong = append(h.wrong, strings.TrimPrefix(line, "FAIL: "))
		case strings.HasPrefix(line, "panic: "):
			h.wrong = append(h.wrong, line)
		case strings.HasPrefix(line, "NOT RUN: "):
			h.leftOut++
		}
	}
	return h
}

// pattern chooses the journeys that failed, each whole.
func (h hearing) pattern() string {
	var names []string
	for _, name := range h.failed {
		if whole, _, _ := strings.Cut(name, "/"); !slices.Contains(names, whole) {
			names = append(names, whole)
		}
	}
	return "^(" + strings.Join(names, "|") + ")$"
}

func (r *Result) fail(format string, arguments ...any) {
	r.Red = append(r.Red, fmt.Sprintf(format, arguments...))
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return fmt.Sprintf("%.300s", lines[len(lines)-1])
}
