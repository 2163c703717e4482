package prove

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// state is what has been run, in memory and in a file of one JSON object a line, so that a run that was cut off goes on.
type state struct {
	mu      sync.Mutex
	seed    uint64
	results []Result
	idle    map[string]string // why cells cannot be run here, by name
	file    *os.File
}

// openState reads what was run with the seed of the file, which is also that of a run without one.
func openState(path string, seed uint64) (*state, error) {
	s := &state{seed: seed}
	if path == "" {
		s.draw()
		return s, nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	s.file = file
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r Result
		switch {
		case json.Unmarshal(lines.Bytes(), &r) != nil:
		case r.Cell != "":
			s.replace(r)
		case seed == 0:
			s.seed = r.Seed
		case seed != r.Seed:
			return nil, fmt.Errorf("%s is of seed %d: remove it to begin anew", path, r.Seed)
		}
	}
	if s.seed == 0 {
		s.draw()
	}
	if len(s.results) == 0 && lines.Err() == nil {
		return s, s.write(Result{Seed: s.seed})
	}
	return s, lines.Err()
}

// draw makes a seed that is easy to type, unless there is one.
func (s *state) draw() {
	if s.seed == 0 {
		s.seed = 1 + rand.Uint64N(1_000_000) //nolint:gosec // it chooses what goes wrong, and is printed
	}
}

// has tells whether a task was run, and was good: what failed is run again.
func (s *state) has(t task) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.results, func(r Result) bool {
		return r.Cell == t.cell.Name && r.Seed == t.seed && len(r.Violations) == 0
	})
}

// without leaves the tasks out that cannot be run here, and remembers why: they count as not run, whatever was run elsewhere.
func (s *state) without(tasks []task, noDisk func() string) []task {
	needsDisk := func(t task) bool { return t.cell.SmallDisk }
	if !slices.ContainsFunc(tasks, needsDisk) {
		return tasks
	}
	why := noDisk()
	if why == "" {
		return tasks
	}
	s.idle = map[string]string{}
	return slices.DeleteFunc(tasks, func(t task) bool {
		if needsDisk(t) {
			s.idle[t.cell.Name] = why
		}
		return needsDisk(t)
	})
}

// wanted is an error when a cell that was asked for by name was not run.
func (s *state) wanted(p Plan) error {
	for _, name := range p.Only {
		if why := s.idle[name]; why != "" {
			return fmt.Errorf("%s was not run: %s", name, why)
		}
	}
	return nil
}

func (s *state) add(r Result) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replace(r)
	return s.write(r)
}

// replace takes the later run of a cell with a seed for the one that counts.
func (s *state) replace(r Result) {
	s.results = slices.DeleteFunc(s.results, func(old Result) bool { return old.Cell == r.Cell && old.Seed == r.Seed })
	s.results = append(s.results, r)
}

func (s *state) write(r Result) error {
	if s.file == nil {
		return nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = s.file.Write(append(text, '\n'))
	return err
}

// row sums the runs of a cell.
type row struct {
	runs, fired, purchases, violations int
	slowest                            float64
}

// print writes the table.
func (s *state) print(w io.Writer, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := map[string]*row{}
	for _, r := range s.results {
		if rows[r.Cell] == nil {
			rows[r.Cell] = &row{}
		}
		one := rows[r.Cell]
		one.runs, one.fired, one.purchases = one.runs+1, one.fired+r.Fired, one.purchases+r.Purchases
		one.violations += len(r.Violations)
		one.slowest = max(one.slowest, r.Recovered)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\ncell\truns\tfired\trecovered in s\tpurchases\tviolations\twhat\n")
	sum := row{}
	for _, c := range Cells() {
		if c.Proof != "" {
			fmt.Fprintf(table, "%s\t\t\t\t\t\t%s\n", c.Name, c.Proof)
			continue
		}
		if why := s.idle[c.Name]; why != "" {
			fmt.Fprintf(table, "%s\t0\t0\t\t\t\tNOT RUN: %s\n", c.Name, why)
			continue
		}
		one := rows[c.Name]
		if one == nil {
			continue
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%.1f\t%d\t%d\t%s\n", c.Name, one.runs, one.fired, one.slowest, one.purchases, one.violations, c.Says)
		sum.runs, sum.fired, sum.purchases = sum.runs+one.runs, sum.fired+one.fired, sum.purchases+one.purchases
		sum.violations, sum.slowest = sum.violations+one.violations, max(sum.slowest, one.slowest)
	}
	fmt.Fprintf(table, "all\t%d\t%d\t%.1f\t%d\t%d\tseed %d, %s\n", sum.runs, sum.fired, sum.slowest, sum.purchases, sum.violations, s.seed, took.Round(time.Second))
	_ = table.Flush()
}

// verdict is an error when anything was wrong.
func (s *state) verdict() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	bad := map[string]bool{}
	for _, r := range s.results {
		if len(r.Violations) > 0 {
			bad[fmt.Sprintf("make prove CELL=%s SEED=%d%s", r.Cell, r.Seed, again(r.Strikes))] = true
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return errors.New("not proven; again with\n  " + strings.Join(slices.Sorted(maps.Keys(bad)), "\n  "))
}

// again is what a command that repeats runs of several faults has at its end.
func again(strikes int) string {
	if strikes <= 1 {
		return ""
	}
	return fmt.Sprintf(" ARGS='-strikes %d'", strikes)
}

// coverage wants every place that a cell names to have been passed, now or in the part of the run before it was cut off.
func (s *state) coverage(p Plan, passed map[string]bool) error {
	if len(p.Only) > 0 {
		return nil
	}
	fired := map[string]bool{}
	for _, r := range s.results {
		fired[r.Cell] = fired[r.Cell] || r.Fired > 0
	}
	var missing []string
	for _, c := range Cells() {
		for _, a := range c.Arms {
			if p.runsOf(c) > 0 && !fired[c.Name] && !covered(passed, c.Victim+": "+a.Point) {
				missing = append(missing, c.Name+" "+c.Victim+": "+a.Point)
			}
		}
	}
	if len(missing) > 0 {
		return errors.New("nobody passed\n  " + strings.Join(missing, "\n  "))
	}
	return nil
}

func covered(passed map[string]bool, point string) bool {
	prefix, open := strings.CutSuffix(point, "*")
	if !open {
		return passed[point]
	}
	for one := range passed {
		if strings.HasPrefix(one, prefix) {
			return true
		}
	}
	return false
}
