package mutants

import (
	"fmt"
	"io"
	"strings"
)

// Verdict is what came of one mutant.
type Verdict struct {
	Mutant Mutant
	// Trial is that of the tree with the bug.
	Trial Trial
	// Wrong is why the mutant shows nothing: it could not be planted, or its tests are red without it.
	Wrong string
}

// Caught tells whether a test noticed the bug.
func (v Verdict) Caught() bool { return v.Wrong == "" && v.Trial.Broken == "" && len(v.Trial.Red) > 0 }

// shown is how many red tests of a mutant are named.
const shown = 4

// Print writes a mutant's row: the bug, and the tests that turned red.
func (v Verdict) Print(output io.Writer) {
	word := "caught  "
	if !v.Caught() {
		word = "SURVIVED"
	}
	fmt.Fprintf(output, "%s  %-34s %s\n", word, v.Mutant.Name, v.Mutant.Bug)
	switch {
	case v.Wrong != "":
		fmt.Fprintf(output, "          no result: %s\n", v.Wrong)
	case v.Trial.Broken != "":
		fmt.Fprintf(output, "          no result: %s\n", v.Trial.Broken)
	default:
		fmt.Fprintf(output, "          %d red, %d green in %.0f s\n", len(v.Trial.Red), v.Trial.Passed, v.Trial.Took.Seconds())
	}
	for i, name := range v.Trial.Red {
		if i == shown {
			fmt.Fprintf(output, "          and %d more\n", len(v.Trial.Red)-shown)
			break
		}
		fmt.Fprintf(output, "          red: %s\n", name)
	}
}

// Table writes all mutants against all tests that noticed one: which test would miss what without the others.
func Table(output io.Writer, verdicts []Verdict) {
	column := map[string]int{}
	var tests []string
	for _, v := range verdicts {
		for _, name := range v.Trial.Red {
			if _, known := column[name]; !known {
				column[name] = len(tests)
				tests = append(tests, name)
			}
		}
	}
	fmt.Fprintf(output, "\n%-36s", "bug \\ test")
	for i := range tests {
		fmt.Fprintf(output, "%4d", i+1)
	}
	fmt.Fprintln(output)
	for _, v := range verdicts {
		cells := make([]string, len(tests))
		for i := range cells {
			cells[i] = "   ."
		}
		for _, name := range v.Trial.Red {
			cells[column[name]] = "   x"
		}
		fmt.Fprintf(output, "%-36s%s\n", v.Mutant.Name, strings.Join(cells, ""))
	}
	fmt.Fprintln(output)
	for i, name := range tests {
		fmt.Fprintf(output, "%4d  %s\n", i+1, name)
	}
}
