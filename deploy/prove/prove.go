package prove

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/local/progress"
)

// Plan says what to prove.
type Plan struct {
	// Root is the folder of the repository, Dir where shops and their data are.
	Root, Dir string
	// Seed decides everything that is left to chance.
	Seed uint64
	// Only are the cells to run; empty means all that the plan has time for.
	Only []string
	// Runs is how often each crash point is run, 0 means once, and Strikes how often its fault happens in a run, 0 means once.
	Runs, Strikes int
	// LongRuns is how often what takes long is run, with one fault each; 0 leaves it out.
	LongRuns int
	// Shops is how many shops are broken side by side.
	Shops int
	// State is a file that remembers finished runs; empty forgets.
	State string
	// Output gets progress and the table.
	Output io.Writer
}

// task is one run of a cell.
type task struct {
	cell    Cell
	seed    uint64
	strikes int
}

// Run proves, prints the table and returns what became of each run. The error tells that something is not as it must be.
func Run(ctx context.Context, p Plan) ([]Result, error) {
	began := time.Now()
	done, err := openState(p.State, p.Seed)
	if err != nil {
		return nil, err
	}
	p.Seed = done.seed
	tasks, err := p.tasks()
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(p.Output, "seed %d; one cell again: make prove CELL=... SEED=...%s\n", p.Seed, again(p.Strikes))
	tasks = slices.DeleteFunc(done.without(tasks, noDisk), done.has)
	var passed map[string]bool
	if len(tasks) > 0 {
		bin := filepath.Join(p.Dir, "bin")
		if err := Build(ctx, p.Root, bin, p.Output); err != nil {
			return nil, err
		}
		passed, err = p.play(ctx, bin, tasks, done)
	}
	done.print(p.Output, time.Since(began))
	return done.results, errors.Join(err, done.verdict(), done.coverage(p, passed), done.wanted(p))
}

// tasks are the runs in order: every cell once before any a second time.
func (p Plan) tasks() ([]task, error) {
	var list []task
	for run := range max(p.Runs, p.LongRuns, 1) {
		for _, c := range Cells() {
			if c.Proof == "" && run < p.runsOf(c) {
				list = append(list, task{cell: c, seed: p.Seed + uint64(run), strikes: p.strikesOf(c)})
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no cell is called %v", p.Only)
	}
	return list, nil
}

// runsOf is how often a cell is run.
func (p Plan) runsOf(c Cell) int {
	switch {
	case len(p.Only) > 0 && !slices.Contains(p.Only, c.Name):
		return 0
	case c.Long && len(p.Only) == 0:
		return p.LongRuns
	case c.Long:
		return max(p.LongRuns, 1)
	default:
		return max(p.Runs, 1)
	}
}

// strikesOf is how often the fault happens in a run of a cell. Those that take long have it once: most of them stop a process for
// longer than its buyers would wait a second time.
func (p Plan) strikesOf(c Cell) int {
	if c.Long {
		return 1
	}
	return max(p.Strikes, 1)
}

// play runs the tasks on as many shops as the plan says and returns the places that were passed.
func (p Plan) play(ctx context.Context, bin string, tasks []task, done *state) (map[string]bool, error) {
	queue := make(chan task, len(tasks))
	for _, t := range tasks {
		queue <- t
	}
	close(queue)
	bar := progress.New(p.Output, "prove", len(tasks))
	var mu, starting sync.Mutex
	passed, problems := map[string]bool{}, error(nil)
	var lanes sync.WaitGroup
	for lane := range min(max(p.Shops, 1), len(tasks)) {
		lanes.Go(func() {
			seen, err := p.lane(ctx, laneJob{dir: filepath.Join(p.Dir, fmt.Sprintf("shop-%d", lane+1)), bin: bin, queue: queue, done: done, bar: bar, starting: &starting})
			mu.Lock()
			defer mu.Unlock()
			problems = errors.Join(problems, err)
			for point := range seen {
				passed[point] = true
			}
		})
	}
	lanes.Wait()
	if problems != nil {
		bar.Fail()
		return passed, problems
	}
	bar.Done()
	return passed, nil
}

type laneJob struct {
	dir, bin string
	queue    <-chan task
	done     *state
	bar      *progress.Bar
	starting *sync.Mutex
	disk     *disk // where the data of its shops are, when it is a small one
}

// finish keeps what became of a task.
func (l laneJob) finish(result Result) error {
	l.bar.Add(1)
	return l.done.add(result)
}

// lifetime is how many runs a shop lives for: its books grow, and to read them takes longer.
const lifetime = 60

// lane runs tasks on one shop. A shop in which something is wrong is kept for whoever looks into it, and a new one is started.
func (p Plan) lane(ctx context.Context, l laneJob) (map[string]bool, error) {
	passed := map[string]bool{}
	var r *rig
	for n, runs := 1, 0; ctx.Err() == nil; {
		t, more := <-l.queue
		if !more {
			break
		}
		if t.cell.SmallDisk {
			if err := p.onSmallDisk(ctx, l, t); err != nil {
				return passed, errors.Join(err, r.close(ctx))
			}
			continue
		}
		if r == nil {
			var err error
			if r, err = l.start(ctx, p.Root, n); err != nil {
				return passed, fmt.Errorf("start a shop for %s: %w", t.cell.Name, err)
			}
			n++
		}
		result := r.run(ctx, t)
		if err := l.finish(result); err != nil {
			return passed, errors.Join(err, r.close(ctx))
		}
		runs++
		if len(result.Violations) > 0 {
			p.tell(result, r)
			r.places(passed)
			_ = r.close(ctx)
			r = nil
		} else if runs%lifetime == 0 {
			if err := r.retire(ctx, passed); err != nil {
				return passed, err
			}
			r = nil
		}
	}
	if r == nil {
		return passed, ctx.Err()
	}
	return passed, r.retire(ctx, passed)
}

// retire reads the books of a shop a last time and removes it. One in which something is wrong stays.
func (r *rig) retire(ctx context.Context, passed map[string]bool) error {
	r.places(passed)
	err := errors.Join(ctx.Err(), r.lastAudit(ctx))
	if closed := errors.Join(err, r.close(ctx)); closed != nil {
		return fmt.Errorf("%w (its shop: %s)", closed, r.dir)
	}
	return r.remove()
}

// startTries is how often a shop is started: a port that was free may have been taken before the shop had it.
const startTries = 3

// start starts a shop. Lanes start theirs one after the other, so that they do not take each other's ports.
func (l laneJob) start(ctx context.Context, root string, n int) (r *rig, err error) {
	l.starting.Lock()
	defer l.starting.Unlock()
	for range startTries {
		if r, err = newRig(ctx, root, fmt.Sprintf("%s-%d", l.dir, n), l.bin, l.disk); err == nil || ctx.Err() != nil {
			break
		}
	}
	return r, err
}

// told is how many violations of a run are printed at once; all are in the state.
const told = 5

func (p Plan) tell(result Result, r *rig) {
	fmt.Fprintf(p.Output, "\n%s, seed %d: %d violations\n", result.Cell, result.Seed, len(result.Violations))
	for _, v := range result.Violations[:min(told, len(result.Violations))] {
		fmt.Fprintf(p.Output, "  %s\n", v)
	}
	fmt.Fprintf(p.Output, "  its shop: %s\n", r.dir)
}

// places adds what the programs of the shop have passed.
func (r *rig) places(into map[string]bool) {
	files, _ := os.ReadDir(r.faults())
	for _, f := range files {
		program, isLog := strings.CutSuffix(f.Name(), ".log")
		if !isLog {
			continue
		}
		lines, _ := r.lines(program)
		for _, l := range lines {
			into[program+": "+l.Point] = true
		}
	}
}
