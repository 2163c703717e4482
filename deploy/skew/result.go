package skew

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// Result is what came of a cell.
type Result struct {
	Cell string `json:"cell"`
	// Planted names the incompatible change that the new release had; empty for the tree as it is.
	Planted string `json:"planted,omitempty"`
	// Binaries is a hash of everything that was run.
	Binaries string `json:"binaries"`
	// Passed counts journeys and their parts, LeftOut those that only a shop of the suite's own allows.
	Passed  int `json:"passed"`
	LeftOut int `json:"leftOut"`
	// Bought counts the purchases that ended while the service was handed over or migrated.
	Bought int `json:"bought,omitempty"`
	// Strain is how requests fared while the schema was migrated, when it was.
	Strain *Strain `json:"strain,omitempty"`
	// Quiet is true when it was judged, too, how much slower the migration made requests, whatever else the machine did.
	Quiet bool `json:"quiet,omitempty"`
	// Second are the journeys that passed at the second try only.
	Second []string `json:"second,omitempty"`
	// Red are the journeys that failed, and what else is wrong.
	Red []string `json:"red,omitempty"`
	// Waits is true when the new process had to wait for its schema, and did.
	Waits   bool    `json:"waits,omitempty"`
	Seconds float64 `json:"seconds"`
}

// Green tells whether buyers noticed nothing.
func (r Result) Green() bool { return len(r.Red) == 0 }

// judged tells whether everything was judged that a run of the cell judges. A migration that nobody measured was not; how much slower
// it made requests is wanted in quiet only.
func (r Result) judged(c Cell, quiet bool) bool {
	if r.Strain == nil {
		return c.Kind != OldOnNewSchema && !r.Waits
	}
	return r.Quiet || !quiet
}

// state is what was run, in a file of one JSON object a line, so that a run that was cut off goes on.
type state struct {
	results []Result
	file    *os.File
}

func openState(path string) (*state, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	s := &state{file: file}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r Result
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.Cell != "" { // a line may have been cut off
			s.results = append(s.results, r)
		}
	}
	return s, lines.Err()
}

// green returns the run of a cell that was good with exactly these binaries, and in which all was judged that is to be judged now.
func (s *state) green(c Cell, binaries string, quiet bool) (Result, bool) {
	i := slices.IndexFunc(s.results, func(r Result) bool {
		return r.Cell == c.String() && r.Binaries == binaries && r.Planted == "" && r.Green() && r.judged(c, quiet)
	})
	if i < 0 {
		return Result{}, false
	}
	return s.results[i], true
}

func (s *state) add(r Result) error {
	s.results = append(s.results, r)
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = s.file.Write(append(text, '\n'))
	return err
}

func (s *state) close() error { return s.file.Close() }

// row is a line of the table.
type row struct {
	cell     Cell
	releases string
	result   Result
	kept     bool // from an earlier run
	why      string
}

// verdict of a row in a word or two.
func (r row) verdict() string {
	switch {
	case r.why != "":
		return "NOT RUN"
	case !r.result.Green():
		return "RED"
	case r.result.Waits:
		return "green, waits"
	default:
		return "green"
	}
}

// table writes what came of all cells, and what is wrong below.
func table(output io.Writer, rows []row) error {
	w := tabwriter.NewWriter(output, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "cell\tOLD and what differs\tverdict\tbought\tpassed\tleft out\tp99 while migrated\ttook")
	for _, r := range rows {
		took := fmt.Sprintf("%.0f s", r.result.Seconds)
		if r.kept {
			took += ", kept"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", r.cell, r.releases, r.verdict(), r.result.Bought, r.result.Passed,
			r.result.LeftOut, r.result.Strain, took)
	}
	err := w.Flush()
	for _, r := range rows {
		for _, what := range r.result.Red {
			fmt.Fprintf(output, "RED %s: %s\n", r.cell, what)
		}
		if len(r.result.Second) > 0 {
			fmt.Fprintf(output, "SECOND TRY %s: %s\n", r.cell, strings.Join(r.result.Second, ", "))
		}
		if !r.result.Green() {
			again := r.cell.String()
			if r.result.Quiet { // without it a run in which time did not count would be good enough
				again = `"-quiet ` + again + `"`
			}
			fmt.Fprintf(output, "    again: make skew ARGS=%s\n", again)
		}
		if r.why != "" {
			fmt.Fprintf(output, "NOT RUN: %s: %s\n", r.cell, r.why)
		}
	}
	return err
}

// sum is the last line.
func sum(output io.Writer, rows []row) error {
	green, red, not := 0, 0, 0
	for _, r := range rows {
		switch {
		case r.why != "":
			not++
		case r.result.Green():
			green++
		default:
			red++
		}
	}
	fmt.Fprintf(output, "%d green, %d red, %d not run\n", green, red, not)
	var wrong []error
	if red > 0 {
		wrong = append(wrong, ErrRed)
	}
	if not > 0 {
		wrong = append(wrong, fmt.Errorf("%w: %d cells", ErrNotRun, not))
	}
	return errors.Join(wrong...)
}
