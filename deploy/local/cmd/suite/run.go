package main

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
	"syscall"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/prooftest"
)

const (
	module = "github.com/cartwright-shop/cartwright"
	// journeys are the tests that start the whole shop, and proofs those that break it. They run last, each by themselves.
	journeys = "deploy/acceptance"
	proofs   = "deploy/prove/matrix"
	// whole is the module with tests of the whole repository, which depend on more than go test can see: they always run.
	whole = "deploy"
	// packageTime is the longest that the tests of one package may take, longTime what they may with proofs in their long form.
	packageTime = "20m"
	longTime    = "3h"
	// killTime is how long a test run has to clean up after Ctrl-C.
	killTime = 20 * time.Second
)

var errFailed = errors.New("there are failures")

// run tests the folders, or everything, in the repository of the working directory.
func run(ctx context.Context, folders []string, output io.Writer) (err error) {
	began := time.Now()
	if len(folders) == 0 {
		if folders, err = everything(); err != nil {
			return err
		}
	}
	t := newTally(output)
	server, env, err := startDatabase(ctx, output)
	if err != nil {
		t.notRun = append(t.notRun, fmt.Sprintf("any test: %v (for tests the variable is %s)", err, databaseEnv))
		t.broke("Postgres")
		t.report()
		return errFailed
	}
	defer func() { err = errors.Join(err, server.stop(ctx)) }()
	for _, folder := range folders {
		if err := t.test(ctx, folder, env); err != nil {
			t.broke(fmt.Sprintf("%s: %v", folder, err))
		}
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
	}
	fmt.Fprintf(output, "\nall of it took %s\n", time.Since(began).Round(time.Second))
	t.report()
	if t.failed > 0 {
		return errFailed
	}
	return nil
}

// everything lists the modules of the workspace, and the journeys and proofs last.
func everything() ([]string, error) {
	work, err := os.ReadFile("go.work")
	if err != nil {
		return nil, fmt.Errorf("run this in the root of the repository: %w", err)
	}
	var folders []string
	for line := range strings.Lines(string(work)) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "use ")
		if folder, ok := strings.CutPrefix(line, "./"); ok {
			folders = append(folders, folder)
		}
	}
	return append(folders, journeys, proofs), nil
}

// test runs the tests in a folder and below. The journeys and proofs are left out of their module, so that they run once.
func (t *tally) test(ctx context.Context, folder, env string) error {
	fmt.Fprintf(t.output, "\n== %s\n", folder)
	before, began := *t, time.Now()
	packages, err := list(ctx, folder)
	if err != nil {
		return err
	}
	if len(packages) == 0 {
		fmt.Fprintln(t.output, "no tests")
		return nil
	}
	// The linters run all of vet; -vet=off keeps the tests from doing a part of it again.
	arguments := []string{"test", "-json", "-vet=off", "-timeout", limit()}
	if slices.ContainsFunc(packages, func(name string) bool { return strings.HasPrefix(short(name), whole+"/") }) {
		arguments = append(arguments, "-count=1")
	}
	command := exec.CommandContext(ctx, "go", append(arguments, packages...)...)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOWORK=off", env)
	command.Stderr = t.output
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGINT) }
	command.WaitDelay = killTime
	events, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	if err := errors.Join(t.read(events), command.Wait()); err != nil && t.failed == before.failed {
		return err
	}
	fmt.Fprintf(t.output, "%s: %d passed, %d failed, %d skipped in %s\n", folder,
		t.passed-before.passed, t.failed-before.failed, t.skipped-before.skipped, time.Since(began).Round(time.Second))
	return nil
}

// limit is the longest that the tests of one package may take.
func limit() string {
	if prooftest.Long() {
		return longTime
	}
	return packageTime
}

// list returns the packages below a folder that have tests.
func list(ctx context.Context, folder string) ([]string, error) {
	command := exec.CommandContext(ctx, "go", "list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}", "./...")
	command.Dir = folder
	command.Env = append(os.Environ(), "GOWORK=off")
	command.Stderr = os.Stderr
	text, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("list packages: %w", err)
	}
	var packages []string
	for _, name := range strings.Fields(string(text)) {
		if alone := short(name) == journeys || short(name) == proofs; !alone || filepath.Clean(folder) == short(name) {
			packages = append(packages, name)
		}
	}
	return packages, nil
}
