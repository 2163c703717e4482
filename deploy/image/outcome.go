package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// NotRunError says why something could not be done here. It is no failure of what was to be looked at, and it is no success: a
// scanner without its database has found nothing out.
type NotRunError struct {
	What, Reason string
}

// Error is the line that tells it.
func (e *NotRunError) Error() string { return "NOT RUN: " + e.What + ": " + e.Reason }

// step is a command that judges or signs.
type step struct {
	what string
	dir  string
	argv []string
	// found are the exit codes that say: looked, and it is bad. With any other code but 0 the command could not do its work.
	// Empty: every code says that it is bad.
	found []int
}

// Tools runs commands of others, those in the repository's own folder first.
type Tools struct {
	Root   string
	Getenv func(string) string
	Output io.Writer
}

// path finds a command, and "" when it is not there.
func (t Tools) path(name string) string {
	if own, err := exec.LookPath(filepath.Join(t.Root, ".bin", name)); err == nil {
		return own
	}
	found, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return found
}

// run runs a step. Its error is a NotRunError when the tool is missing or could not work.
func (t Tools) run(ctx context.Context, s step) error {
	name := t.path(s.argv[0])
	if name == "" {
		return &NotRunError{s.what, s.argv[0] + " is not installed"}
	}
	fmt.Fprintln(t.Output, "+", strings.Join(s.argv, " "))
	command := exec.CommandContext(ctx, name, s.argv[1:]...)
	command.Dir, command.Stdout, command.Stderr = s.dir, t.Output, t.Output
	err := command.Run()
	if err == nil {
		fmt.Fprintln(t.Output, "PASSED:", s.what)
		return nil
	}
	exit, ended := errors.AsType[*exec.ExitError](err)
	if ended && (len(s.found) == 0 || slices.Contains(s.found, exit.ExitCode())) {
		return fmt.Errorf("FAILED: %s: %s: %w", s.what, s.argv[0], err)
	}
	return &NotRunError{s.what, fmt.Sprintf("%s: %v", s.argv[0], err)}
}
