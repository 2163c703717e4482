// Package restore loses the database of a shop while people buy, restores it from a base backup and the archived write-ahead log, and
// looks what became of everything that was promised and paid meanwhile. docs/restore.md is what it proves, step by step.
//
// A restored database has forgotten what happened after its point in time. The payment provider has not: what it moved must be found by
// reconciliation, to the last operation. Buyers have not either: the numbers on their receipts must not be given to others.
package restore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

//go:embed query/*.sql
var queries embed.FS

// query is the text of one of the queries.
func query(name string) string {
	text, err := queries.ReadFile("query/" + name + ".sql")
	if err != nil {
		panic(err) // it is compiled in
	}
	return string(text)
}

// Names of the restores.
const (
	newest = "newest"
	timed  = "time"
)

// What a restore may cost: purchases of so long before the crash, and so long without a shop.
const (
	mostLost = 5 * time.Minute
	mostTime = 30 * time.Minute
)

// Plan says what to prove.
type Plan struct {
	// Root is the folder of the repository, Dir where the shop, its logs and what was found are kept.
	Root, Dir string
	// Timeout is after how long a file of the write-ahead log is archived although it is not full.
	Timeout time.Duration
	// Seed decides who buys what.
	Seed uint64
	// KeepNumbers leaves out the step that keeps order numbers from being given twice, to show that it is needed.
	KeepNumbers bool
	// Output gets progress and the table.
	Output io.Writer
}

// ErrWrong says that a restored shop is not as it must be.
var ErrWrong = errors.New("a restored shop is not as it must be")

// Run loses the database of a shop once and restores it twice: to the newest archived point, and to a time before. An error that is not
// ErrWrong means that it was not found out.
func Run(ctx context.Context, p Plan) error {
	if err := stack.Build(ctx, stack.Options{Root: p.Root, Dir: p.Dir, Bin: p.bin(), Output: p.Output}); err != nil {
		return err
	}
	s, err := open(ctx, p)
	if err != nil {
		return errors.Join(err, s.close(ctx))
	}
	results, err := s.play(ctx)
	return errors.Join(err, s.close(ctx), report(p, results))
}

func (p Plan) bin() string { return filepath.Join(p.Dir, "bin") }

// play lets people buy, loses the database and restores it.
func (s *scene) play(ctx context.Context) ([]Result, error) {
	s.say("people buy; a base backup is taken beside them")
	lost, err := s.live(ctx)
	if err != nil {
		return nil, fmt.Errorf("before the crash: %w", err)
	}
	s.before = lost
	var results []Result
	for _, r := range []restoration{
		{name: newest, what: "the newest archived point", witness: lost.newest, began: lost.crash},
		{name: timed, what: "a time before the crash", to: lost.moment, witness: lost.timed},
	} {
		s.say("restore to " + r.what)
		result, err := s.recover(ctx, r)
		results = append(results, result)
		if err != nil {
			return results, fmt.Errorf("restore to %s: %w", r.what, err)
		}
	}
	return results, nil
}

func (s *scene) say(text string) {
	fmt.Fprintf(s.Output, "%s %s\n", time.Now().UTC().Format("15:04:05"), text)
}

// open starts a server and a shop on it, and opens a market.
func open(ctx context.Context, p Plan) (*scene, error) {
	s := &scene{Plan: p}
	for _, name := range []string{"logs", "sandbox", promisedFile, tableFile, forgottenFile(newest), forgottenFile(timed)} {
		if err := os.RemoveAll(filepath.Join(p.Dir, name)); err != nil {
			return s, err
		}
	}
	ports, err := stack.FreePorts()
	if err != nil {
		return s, err
	}
	if s.server, err = startServer(ctx, ports.Postgres, p.Timeout); err != nil {
		return s, err
	}
	if err := s.server.create(ctx); err != nil {
		return s, err
	}
	ports.Postgres = 0
	s.shop, err = stack.Start(ctx, stack.Options{
		Root: p.Root, Dir: p.Dir, Bin: p.bin(), Ports: ports, DatabaseURL: s.server.URL(), Fresh: true, Output: io.Discard, EnvOf: allNews,
	})
	if err != nil {
		return s, err
	}
	return s, s.market(ctx)
}

// allNews makes the provider tell by webhook also what it has answered already: a restored shop hears of what it has forgotten.
func allNews(program string) []string {
	if program == "sandbox" {
		return []string{"SANDBOX_ALL_EVENTS=true"}
	}
	return nil
}

func (s *scene) close(ctx context.Context) error {
	var problems []error
	if s.shop != nil {
		problems = append(problems, s.shop.Stop(context.WithoutCancel(ctx)))
	}
	if s.server != nil {
		problems = append(problems, s.server.stop(ctx), s.server.remove())
	}
	return errors.Join(problems...)
}
