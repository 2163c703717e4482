package audit

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Violation is one thing that is not as an invariant says.
type Violation struct {
	// ID names it in the shop.
	ID string `json:"id"`
	// What says what is wrong.
	What string `json:"what"`
}

// Part is what one question about an invariant found.
type Part struct {
	// Name says what was asked.
	Name string `json:"name"`
	// Checked is how many rows were looked at, and Violations how many things are wrong.
	Checked    int64 `json:"checked"`
	Violations int64 `json:"violations"`
	// First are the first of them.
	First []Violation `json:"first,omitempty"`
	// NotRun is why it was not asked; empty when it was.
	NotRun string `json:"not_run,omitempty"`
	// Notes say what was looked at in part.
	Notes []string `json:"notes,omitempty"`
	// Pass is the reading that it shared with other parts; empty when it had one of its own.
	Pass string `json:"pass,omitempty"`
	// Seconds is how long it took, together with all parts of its pass.
	Seconds float64 `json:"seconds"`
}

// Result is what became of one invariant.
type Result struct {
	// Invariant is its name, such as I7.
	Invariant string `json:"invariant"`
	// Meaning says it in a line.
	Meaning string `json:"meaning"`
	// Parts are the questions.
	Parts []Part `json:"parts"`
}

// Verdicts of an invariant.
const (
	Holds    = "ok"
	HoldsRun = "ok, in part"
	Violated = "VIOLATED"
	NotRun   = "NOT RUN"
)

// Verdict says what became of the invariant as a whole. What was asked in part only is not called ok.
func (r Result) Verdict() string {
	if r.Violations() > 0 {
		return Violated
	}
	switch r.NotAsked() {
	case 0:
		return Holds
	case len(r.Parts):
		return NotRun
	}
	return HoldsRun
}

func (r Result) sum(of func(Part) int64) (sum int64) {
	for _, p := range r.Parts {
		sum += of(p)
	}
	return sum
}

// Violations is the number of violations of the invariant.
func (r Result) Violations() int64 { return r.sum(func(p Part) int64 { return p.Violations }) }

// NotAsked is the number of questions that were not asked.
func (r Result) NotAsked() (n int) {
	for _, p := range r.Parts {
		if p.NotRun != "" {
			n++
		}
	}
	return n
}

// Report is the outcome of an audit.
type Report struct {
	// At is the time of the snapshot that was read, by the database's clock.
	At time.Time `json:"at"`
	// Results are in the order of the invariants.
	Results []Result `json:"results"`
	// Provider counts the operations at the provider by class; nil when they were not compared.
	Provider map[string]int64 `json:"provider,omitempty"`
	// Confirmed says that what is reported was seen twice, ConfirmAfter apart.
	Confirmed    bool          `json:"confirmed"`
	ConfirmAfter time.Duration `json:"-"`
	// Seconds is how long the audit took.
	Seconds float64 `json:"seconds"`
}

// Violations is the number of all violations.
func (r *Report) Violations() (sum int64) {
	for _, result := range r.Results {
		sum += result.Violations()
	}
	return sum
}

// Violated lists the invariants that do not hold.
func (r *Report) Violated() (names []string) {
	for _, result := range r.Results {
		if result.Verdict() == Violated {
			names = append(names, result.Invariant)
		}
	}
	return names
}

// shown is how many violations of a part are printed.
const shown = 5

// JSON writes the report as one JSON object.
func (r *Report) JSON(output io.Writer) error {
	short := *r
	short.Results = make([]Result, len(r.Results))
	for i, result := range r.Results {
		short.Results[i] = result
		short.Results[i].Parts = make([]Part, len(result.Parts))
		for n, p := range result.Parts {
			p.First = p.First[:min(len(p.First), 100)]
			short.Results[i].Parts[n] = p
		}
	}
	encoder := json.NewEncoder(output)
	encoder.SetIndent("", "  ")
	return encoder.Encode(short)
}

// Print writes the report as a table for people.
func (r *Report) Print(output io.Writer) {
	fmt.Fprintf(output, "%-4s  %-11s  %11s  %10s  %s\n", "", "", "checked", "violations", "meaning")
	verdicts := map[string]int{}
	for _, result := range r.Results {
		verdict := result.Verdict()
		verdicts[verdict]++
		fmt.Fprintf(output, "%-4s  %-11s  %11d  %10d  %s\n", result.Invariant, verdict,
			result.sum(func(p Part) int64 { return p.Checked }), result.Violations(), result.Meaning)
		for _, p := range result.Parts {
			p.print(output)
		}
	}
	if r.Provider != nil {
		fmt.Fprint(output, "\noperations at the provider: ")
		var list []string
		for _, class := range Classes() {
			list = append(list, fmt.Sprintf("%d %s", r.Provider[class], class))
		}
		fmt.Fprintln(output, strings.Join(list, ", "))
	}
	fmt.Fprintf(output, "\n%d invariants: %d hold, %d hold as far as they were checked, %d violated, %d not run; state of %s, read in %.1f s\n",
		len(r.Results), verdicts[Holds], verdicts[HoldsRun], verdicts[Violated], verdicts[NotRun], r.At.UTC().Format(time.RFC3339), r.Seconds)
	if r.Confirmed {
		fmt.Fprintf(output, "every violation was seen twice, %s apart\n", r.ConfirmAfter)
	}
}

func (p Part) print(output io.Writer) {
	const indent = "      "
	if p.NotRun != "" {
		fmt.Fprintf(output, "%sNOT RUN: %s: %s\n", indent, p.Name, p.NotRun)
	}
	for _, note := range p.Notes {
		fmt.Fprintf(output, "%sread in part: %s\n", indent, note)
	}
	if p.Violations == 0 {
		return
	}
	fmt.Fprintf(output, "%sVIOLATED: %s (%d)\n", indent, p.Name, p.Violations)
	for i, v := range p.First {
		if i == shown {
			fmt.Fprintf(output, "%s  and %d more\n", indent, p.Violations-shown)
			break
		}
		fmt.Fprintf(output, "%s  %s: %s\n", indent, v.ID, v.What)
	}
}
