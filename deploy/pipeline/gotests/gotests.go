// Package gotests runs the tests of a module by kind and writes a report that build systems read. Integration tests are those of
// packages whose tests reach a Postgres; all others are unit tests.
package gotests

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/local/gotest"
)

// The kinds of tests.
const (
	Unit        = "unit"
	Integration = "integration"
)

// database is the package by which tests come to a server.
const database = "github.com/cartwright-shop/cartwright/services/platform/postgrestest"

// Packages lists the packages of a module that have tests of a kind.
func Packages(ctx context.Context, module, kind string) ([]string, error) {
	command := goCommand(ctx, module, "list", "-test", "-json=ImportPath,Deps", "./...")
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list -test in %s: %w", module, err)
	}
	var packages []string
	decoder := json.NewDecoder(bytes.NewReader(output))
	for {
		var p struct {
			ImportPath string
			Deps       []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		name, binary := strings.CutSuffix(p.ImportPath, ".test")
		if binary && slices.Contains(p.Deps, database) == (kind == Integration) {
			packages = append(packages, name)
		}
	}
}

func goCommand(ctx context.Context, module string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = module
	command.Env = append(os.Environ(), "GOWORK=off")
	command.Stderr = os.Stderr
	return command
}

// Set is the tests of one kind in one module.
type Set struct {
	Module, Kind string
	// Report is the file for the report, none when empty.
	Report string
	// Race runs them with the race detector.
	Race bool
}

// Run tests packages, prints what failed, and writes the report. It fails when a test failed, when a package did not build, and
// when nothing was tested.
func Run(ctx context.Context, set Set, output io.Writer) error {
	packages, err := Packages(ctx, set.Module, set.Kind)
	if err != nil {
		return err
	}
	if len(packages) == 0 {
		fmt.Fprintf(output, "%s has no %s tests\n", set.Module, set.Kind)
		return write(set.Report, &suite{Name: set.Kind})
	}
	arguments := []string{"test", "-count=1", "-json"}
	if set.Race {
		arguments = append(arguments, "-race")
	}
	command := goCommand(ctx, set.Module, append(arguments, packages...)...)
	stream, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	s := suite{Name: set.Kind}
	readErr := gotest.Read(stream, func(e gotest.Event) { s.take(e, output) }, func(line string) { fmt.Fprint(output, line) })
	runErr := command.Wait()
	fmt.Fprintf(output, "%s tests of %s: %d passed, %d failed, %d skipped\n",
		set.Kind, set.Module, s.Tests-s.Failures-s.Skipped, s.Failures, s.Skipped)
	if s.Tests == 0 && runErr == nil {
		runErr = errors.New("no test was run")
	}
	return errors.Join(readErr, runErr, write(set.Report, &s))
}

// suite is the tests of one run, as JUnit's XML has them.
type suite struct {
	XMLName  xml.Name `xml:"testsuite"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Time     float64  `xml:"time,attr"`
	Cases    []result `xml:"testcase"`

	printed map[string]*bytes.Buffer
}

type result struct {
	Class   string  `xml:"classname,attr"`
	Name    string  `xml:"name,attr"`
	Time    float64 `xml:"time,attr"`
	Failure *text   `xml:"failure"`
	Skipped *text   `xml:"skipped"`
}

type text struct {
	Message string `xml:"message,attr"`
	Body    string `xml:",chardata"`
}

// take counts one event. A package that fails without a failed test (it did not build, or its process died) is a failure of its own.
func (s *suite) take(e gotest.Event, output io.Writer) {
	if s.printed == nil {
		s.printed = map[string]*bytes.Buffer{}
	}
	key := e.Package + " " + e.Test
	if e.Output != "" {
		if s.printed[key] == nil {
			s.printed[key] = &bytes.Buffer{}
		}
		s.printed[key].WriteString(e.Output)
	}
	ended := e.Action == "pass" || e.Action == "fail" || e.Action == "skip"
	if !ended || e.Test == "" && (e.Action != "fail" || s.failedIn(e.Package)) {
		return
	}
	r := result{Class: e.Package, Name: e.Test, Time: e.Elapsed}
	if r.Name == "" {
		r.Name = "the package"
	}
	s.Tests++
	s.Time += e.Elapsed
	said := ""
	if s.printed[key] != nil {
		said = s.printed[key].String()
	}
	switch e.Action {
	case "fail":
		s.Failures++
		r.Failure = &text{Message: "failed", Body: said}
		fmt.Fprintf(output, "--- FAIL: %s %s\n%s", e.Package, r.Name, said)
	case "skip":
		s.Skipped++
		r.Skipped = &text{Message: said}
	}
	delete(s.printed, key)
	s.Cases = append(s.Cases, r)
}

func (s *suite) failedIn(name string) bool {
	return slices.ContainsFunc(s.Cases, func(r result) bool { return r.Class == name && r.Failure != nil })
}

func write(report string, s *suite) error {
	if report == "" {
		return nil
	}
	s.Time = (time.Duration(s.Time * float64(time.Second))).Round(time.Millisecond).Seconds()
	body, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(report), 0o755); err != nil {
		return err
	}
	return os.WriteFile(report, append([]byte(xml.Header), body...), 0o644)
}
