package mutants

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/local/gotest"
)

const (
	// testTime is the longest that a package may take: a bug may make tests wait for ever, which is noticed too.
	testTime = "4m"
	// killTime is how long a test run has to end its servers when it is interrupted.
	killTime = 20 * time.Second
)

// Trial is what the tests said of one tree.
type Trial struct {
	// Passed counts tests and subtests.
	Passed int
	// Red are the tests that failed or did not end, without those that failed only because a subtest did.
	Red []string
	// Took is the time of the whole run.
	Took time.Duration
	// Broken is why there is no result: the tree does not build, say.
	Broken string
}

// tests names what a mutant's tests are; mutants that name the same are compared with one run of the sound tree.
func (m Mutant) tests() string { return m.Module + " " + strings.Join(m.Packages, " ") + " " + m.Run }

// Try runs the tests of a mutant as the tree stands. Environment is added to the process's own.
func (t *Tree) Try(ctx context.Context, m Mutant, environment ...string) (Trial, error) {
	began := time.Now()
	arguments := []string{"test", "-json", "-vet=off", "-count=1", "-timeout", testTime}
	if m.Run != "" {
		arguments = append(arguments, "-run", m.Run)
	}
	command := exec.CommandContext(ctx, "go", append(arguments, m.Packages...)...)
	command.Dir = filepath.Join(t.Root, m.Module)
	command.Env = append(append(os.Environ(), "GOWORK=off"), environment...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGINT) }
	command.WaitDelay = killTime
	events, err := command.StdoutPipe()
	if err != nil {
		return Trial{}, fmt.Errorf("run tests: %w", err)
	}
	if err := command.Start(); err != nil {
		return Trial{}, fmt.Errorf("run tests: %w", err)
	}
	trial, err := read(events)
	failed := command.Wait()
	if err := errors.Join(err, ctx.Err()); err != nil {
		return Trial{}, err
	}
	if failed != nil && len(trial.Red) == 0 && trial.Broken == "" {
		trial.Broken = failed.Error()
	}
	trial.Took = time.Since(began)
	return trial, nil
}

// read makes a trial of the events of `go test -json`.
func read(events io.Reader) (Trial, error) {
	var trial Trial
	open, red := map[string]bool{}, map[string]bool{}
	err := gotest.Read(events, func(e gotest.Event) {
		name := short(e.Package) + " " + e.Test
		switch {
		case e.Action == "build-fail" || e.Action == "fail" && e.FailedBuild != "":
			trial.Broken = "the tests do not build"
		case e.Test == "":
		case e.Action == "run":
			open[name] = true
		case e.Action == "pass":
			delete(open, name)
			trial.Passed++
		case e.Action == "skip":
			delete(open, name)
		case e.Action == "fail":
			delete(open, name)
			red[name] = true
		}
	}, func(string) {})
	maps.Copy(red, open)
	trial.Red = leaves(slices.Sorted(maps.Keys(red)))
	return trial, err
}

// leaves drops tests of which a subtest is in the sorted list too.
func leaves(names []string) []string {
	var list []string
	for _, name := range names {
		parent := slices.ContainsFunc(names, func(other string) bool { return strings.HasPrefix(other, name+"/") })
		if !parent {
			list = append(list, name)
		}
	}
	return list
}

// short is a package's folder in the repository.
func short(name string) string {
	return strings.TrimPrefix(name, "github.com/cartwright-shop/cartwright/")
}
