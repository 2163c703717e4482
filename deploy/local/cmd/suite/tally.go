package main

import (
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/local/gotest"
)

// tally counts tests, subtests among them, and keeps what has to be told at the end.
type tally struct {
	output                  io.Writer
	passed, failed, skipped int
	// failures, skips and notRun are lines for the end.
	failures, skips, notRun []string
	packages                map[string]*packageRun
	builds                  map[string][]string
}

// packageRun is a package of which the tests are running.
type packageRun struct {
	passed, failed, skipped int
	cached                  bool
	// running keeps the output of tests that have not ended; "" is that of the package itself.
	running map[string][]string
}

func newTally(output io.Writer) *tally {
	return &tally{output: output, packages: map[string]*packageRun{}, builds: map[string][]string{}}
}

// read takes the events of one `go test -json`. Lines that are none are passed on.
func (t *tally) read(stream io.Reader) error {
	return gotest.Read(stream, t.take, func(line string) { fmt.Fprint(t.output, line) })
}

func (t *tally) take(e gotest.Event) {
	if e.Action == "build-output" {
		t.builds[e.ImportPath] = append(t.builds[e.ImportPath], e.Output)
		return
	}
	if e.Package == "" {
		return
	}
	p := t.packages[e.Package]
	if p == nil {
		p = &packageRun{running: map[string][]string{}}
		t.packages[e.Package] = p
	}
	switch e.Action {
	case "run":
		p.running[e.Test] = nil
	case "output":
		t.note(p, e)
	case "pass", "fail", "skip":
		if e.Test != "" {
			t.endTest(p, e)
		} else {
			t.endPackage(p, e)
		}
	}
}

func (t *tally) note(p *packageRun, e gotest.Event) {
	p.running[e.Test] = append(p.running[e.Test], e.Output)
	p.cached = p.cached || e.Test == "" && strings.Contains(e.Output, "\t(cached)")
	if what, found := strings.CutPrefix(strings.TrimSpace(e.Output), "NOT RUN: "); found {
		t.notRun = append(t.notRun, short(e.Package)+": "+what)
	}
}

func (t *tally) endTest(p *packageRun, e gotest.Event) {
	output := p.running[e.Test]
	delete(p.running, e.Test)
	switch e.Action {
	case "pass":
		p.passed++
	case "skip":
		p.skipped++
		t.skips = append(t.skips, fmt.Sprintf("%s %s: %s", short(e.Package), e.Test, reason(output)))
	default:
		t.fail(p, short(e.Package)+" "+e.Test, output)
	}
}

// endPackage also counts tests that never ended, and a package that failed although none of its tests did.
func (t *tally) endPackage(p *packageRun, e gotest.Event) {
	own := p.running[""]
	delete(p.running, "")
	for _, test := range slices.Sorted(maps.Keys(p.running)) {
		t.fail(p, short(e.Package)+" "+test+" did not end", p.running[test])
	}
	if e.Action == "fail" && p.failed == 0 {
		t.fail(p, short(e.Package), append(t.builds[e.FailedBuild], own...))
	}
	t.passed, t.failed, t.skipped = t.passed+p.passed, t.failed+p.failed, t.skipped+p.skipped
	delete(t.packages, e.Package)
	word, took := "ok  ", fmt.Sprintf("%.1f s", e.Elapsed)
	switch {
	case e.Action == "fail":
		word = "FAIL"
	case p.passed+p.skipped == 0:
		return
	case p.cached:
		took = "cached"
	}
	fmt.Fprintf(t.output, "%s  %-58s %4d passed  %s\n", word, short(e.Package), p.passed, took)
}

func (t *tally) fail(p *packageRun, name string, output []string) {
	p.failed++
	t.failures = append(t.failures, name)
	fmt.Fprintf(t.output, "FAIL  %s\n", name)
	for _, line := range output {
		if !strings.HasPrefix(line, "=== ") {
			fmt.Fprint(t.output, "    ", line)
		}
	}
}

// broke counts a run that ended badly without an event that says so.
func (t *tally) broke(what string) {
	t.failed++
	t.failures = append(t.failures, what)
}

// report prints what has to be told and the sums, which are the last line.
func (t *tally) report() {
	for _, list := range []struct {
		title string
		lines []string
	}{{"FAILED: ", t.failures}, {"SKIPPED: ", t.skips}, {"NOT RUN: ", t.notRun}} {
		for _, line := range list.lines {
			fmt.Fprintln(t.output, list.title+line)
		}
	}
	fmt.Fprintf(t.output, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
}

// reason is what a skipped test said.
func reason(output []string) string {
	var said []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if _, after, found := strings.Cut(line, ".go:"); found && !strings.HasPrefix(line, "===") {
			_, after, _ = strings.Cut(after, ": ")
			said = append(said, after)
		}
	}
	if len(said) == 0 {
		return "no reason given"
	}
	return strings.Join(said, "; ")
}

// short is a package's folder in the repository.
func short(name string) string {
	if rest, ok := strings.CutPrefix(name, module+"/"); ok {
		return rest
	}
	return path.Clean(name)
}
