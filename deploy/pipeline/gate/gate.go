// Package gate runs what a change must pass before it may be released, and remembers what came of it. A gate either passed, or
// failed, or could not run; the last is never the first: a scanner that cannot reach its database has found nothing out.
package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Status is what came of a gate.
type Status string

// What can come of a gate.
const (
	Passed Status = "PASSED"
	Failed Status = "FAILED"
	NotRun Status = "NOT RUN"
)

// Verdict is what came of one gate for one commit of a service.
type Verdict struct {
	Gate    string  `json:"gate"`
	Service string  `json:"service"`
	Commit  string  `json:"commit"`
	Status  Status  `json:"status"`
	Reason  string  `json:"reason,omitempty"`
	Seconds float64 `json:"seconds"`
}

// Gate is one thing that a release must pass.
type Gate struct {
	Name string
	// AfterImage is true for gates that look at the finished image.
	AfterImage bool
	steps      func(context.Context, *Build) ([]step, error)
}

// step is a command of a gate.
type step struct {
	dir  string
	argv []string
	// found are the exit codes that say: I looked, and it is bad. With any other code the command could not do its work. Empty:
	// every code says that it is bad.
	found []int
}

// unableError says why a gate cannot run.
type unableError struct{ reason string }

func (e unableError) Error() string { return e.reason }

func unable(format string, arguments ...any) error {
	return unableError{fmt.Sprintf(format, arguments...)}
}

// Build is the commit of a service that is judged.
type Build struct {
	Root    string
	Service string
	Commit  string
	// Against names the revision whose contracts are in use. Empty: the one that the parameter below names.
	Against string
	// Parameter is the name in Parameter Store of the revision that is deployed.
	Parameter string
	Output    io.Writer
}

// Run runs one gate and returns what came of it.
func (b *Build) Run(ctx context.Context, g Gate) Verdict {
	start := time.Now()
	verdict := Verdict{Gate: g.Name, Service: b.Service, Commit: b.Commit, Status: Passed}
	if err := b.try(ctx, g); err != nil {
		verdict.Status, verdict.Reason = Failed, err.Error()
		if errors.As(err, &unableError{}) {
			verdict.Status = NotRun
		}
	}
	verdict.Seconds = time.Since(start).Round(time.Millisecond).Seconds()
	return verdict
}

func (b *Build) try(ctx context.Context, g Gate) error {
	steps, err := g.steps(ctx, b)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if err := b.step(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (b *Build) step(ctx context.Context, s step) error {
	name := strings.Join(s.argv, " ")
	fmt.Fprintf(b.Output, "+ %s\n", name)
	err := b.command(ctx, s).Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &exit):
		return unable("%s: %v", name, err)
	case exit.ExitCode() < 0 || len(s.found) > 0 && !slices.Contains(s.found, exit.ExitCode()):
		return unable("%s: %v", name, err)
	default:
		return fmt.Errorf("%s: %w", name, err)
	}
}

// command prepares a step. Tools that the repository brings come before those of the machine, and each module is built alone,
// as its image is.
func (b *Build) command(ctx context.Context, s step) *exec.Cmd {
	tools := filepath.Join(b.Root, ".bin")
	path := tools + string(os.PathListSeparator) + os.Getenv("PATH")
	name := s.argv[0]
	if own := filepath.Join(tools, name); executable(own) {
		name = own
	}
	command := exec.CommandContext(ctx, name, s.argv[1:]...)
	command.Dir = filepath.Join(b.Root, s.dir)
	command.Env = append(os.Environ(), "PATH="+path, "SERVICE="+b.Service)
	if s.dir != "" {
		command.Env = append(command.Env, "GOWORK=off")
	}
	command.Stdout, command.Stderr = b.Output, b.Output
	return command
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
