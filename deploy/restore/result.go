package restore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// slack is how much later than after its timeout a file of the log may reach the archive on a busy machine.
const slack = 30 * time.Second

// tableFile is where the table is kept.
const tableFile = "table.md"

// stage is how far a restore came. Who reached one has reached those before it.
type stage int

// The stages.
const (
	stageNone   stage = iota
	stagePlayed       // the database is there: Numbers is known
	stageJudged       // so are Lost, Promises, Missing, Orders and what was moved
	stageBought       // so are Took and Bought
	stageLooked       // so are Parked and Again
	stageWhole        // and everything is as it must be
)

// Result is what came of one restore. Only one that reached stageWhole proves anything.
type Result struct {
	reached stage
	// What was restored to.
	What string
	// Took is the time from the loss of the database until the first purchase; Lost is how old the oldest promise that is missing was
	// when the database was lost.
	Took, Lost time.Duration
	// Promises is how much buyers had been told, Missing how much of it the restored shop has forgotten, Orders the purchases in that.
	Promises, Missing, Orders int
	// Movements of money were forgotten and found by reconciliation, Captures of them took money, Minor in pence.
	Movements, Captures int
	Minor               int64
	// Numbers of orders were told and forgotten, Again of all that were told were given to another order.
	Numbers, Again int
	// Parked is how much news of the provider was set aside.
	Parked int
	// Bought is how many orders were placed afterwards.
	Bought int
	// Steps are what the time was spent with.
	Steps []Step
}

// Step is a part of a restore.
type Step struct {
	Name string
	Took time.Duration
	// Failed tells that it ended with an error.
	Failed bool
}

func (r *Result) step(name string, took time.Duration) {
	r.Steps = append(r.Steps, Step{Name: name, Took: took})
}

// timed takes a step.
func (r *Result) timed(name string, do func() error) error {
	began := time.Now()
	err := do()
	r.Steps = append(r.Steps, Step{Name: name, Took: time.Since(began), Failed: err != nil})
	return err
}

// cell is what the table says of a figure that is known from a stage on.
func (r *Result) cell(known stage, text string) string {
	switch {
	case r.reached < known:
		return notRun
	case r.reached < stageWhole:
		return failed(text)
	default:
		return text
	}
}

// taken is what the table says of a step.
func (r *Result) taken(step int) string {
	switch {
	case step >= len(r.Steps):
		return notRun
	case r.Steps[step].Failed:
		return failed(seconds(r.Steps[step].Took))
	default:
		return seconds(r.Steps[step].Took)
	}
}

// again is how many numbers were given again.
func (r *Result) again() string {
	if r.reached < stageLooked {
		return notRun
	}
	return strconv.Itoa(r.Again)
}

// notRun stands for what was not looked at.
const notRun = "NOT RUN"

func failed(text string) string { return "FAILED (" + text + ")" }

// bounds says whether too much was lost or it took too long.
func (r *Result) bounds(how restoration, timeout time.Duration) error {
	var wrong []error
	if how.to.IsZero() && r.Lost > min(mostLost, timeout+slack) {
		wrong = append(wrong, fmt.Errorf("%w: what was promised %s before the crash is lost", ErrWrong, r.Lost.Round(time.Second)))
	}
	if r.Took > mostTime {
		wrong = append(wrong, fmt.Errorf("%w: it took %s", ErrWrong, r.Took.Round(time.Second)))
	}
	return errors.Join(wrong...)
}

// report prints the table, and writes it as Markdown beside what was found.
func report(p Plan, results []Result) error {
	if len(results) == 0 {
		return nil
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%s, archive_timeout %s, seed %d\n\n| restored to |", time.Now().UTC().Format("2006-01-02 15:04 UTC"), p.Timeout, p.Seed)
	for _, r := range results {
		fmt.Fprintf(&table, " %s |", r.What)
	}
	table.WriteString("\n|---" + strings.Repeat("|---", len(results)) + "|\n")
	row := func(name string, value func(*Result) string) {
		fmt.Fprintf(&table, "| %s |", name)
		for i := range results {
			fmt.Fprintf(&table, " %s |", value(&results[i]))
		}
		table.WriteString("\n")
	}
	row("from the loss to the first purchase (RTO)", func(r *Result) string { return r.cell(stageBought, seconds(r.Took)) })
	for i, step := range results[0].Steps {
		row("– "+step.Name, func(r *Result) string { return r.taken(i) })
	}
	row("age of the oldest promise that is missing, at the crash (RPO)", func(r *Result) string { return r.cell(stageJudged, seconds(r.Lost)) })
	row("promises before the crash, missing", func(r *Result) string {
		return r.cell(stageJudged, fmt.Sprintf("%d, %d (%d orders)", r.Promises, r.Missing, r.Orders))
	})
	row("movements of money that the books have forgotten, all found by reconciliation", func(r *Result) string {
		return r.cell(stageJudged, fmt.Sprintf("%d, of them %d captures of £%d.%02d", r.Movements, r.Captures, r.Minor/100, r.Minor%100))
	})
	row("order numbers told and forgotten, given again", func(r *Result) string {
		return r.cell(stagePlayed, fmt.Sprintf("%d, %s", r.Numbers, r.again()))
	})
	row("news of the provider that were set aside", func(r *Result) string { return r.cell(stageLooked, strconv.Itoa(r.Parked)) })
	row("orders placed afterwards", func(r *Result) string { return r.cell(stageBought, strconv.Itoa(r.Bought)) })
	fmt.Fprintf(p.Output, "\n%s", table.String())
	return os.WriteFile(filepath.Join(p.Dir, tableFile), []byte(table.String()), 0o644)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
