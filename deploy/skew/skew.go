package skew

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/released"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/cluster"
)

// ErrRed means that two releases do not get along.
var ErrRed = errors.New("releases do not get along")

// maxConnections is enough for a shop with a second process of one service.
const maxConnections = 300

// Plan says what to run.
type Plan struct {
	// Root is the folder of the repository.
	Root string
	// Dir keeps what is built, what shops said, and what was run.
	Dir string
	// Cells are run in their order.
	Cells []Cell
	// Again runs cells that were green with the same binaries already.
	Again bool
	// Quiet says that the machine does nothing else, so that how much slower requests are during a migration counts. What was green
	// when that did not count is run again.
	Quiet bool
	// Output gets a line for each cell as it ends, and the table.
	Output io.Writer
}

// session is a run that is going on.
type session struct {
	Plan
	record *released.Record
	sides  sides
	state  *state
	server *cluster.Cluster
	data   string
}

// Run runs the plan's cells and prints the table. It returns ErrRed when a cell is red, and ErrNotRun when there is nothing to
// compare with, or the run was cut off.
func Run(ctx context.Context, p Plan) (err error) {
	s, err := open(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	rows, err := s.cells(ctx)
	if err != nil && ctx.Err() == nil {
		return err
	}
	fmt.Fprintln(p.Output)
	return errors.Join(table(p.Output, rows), sum(p.Output, rows))
}

// open builds both releases and starts the server.
func open(ctx context.Context, p Plan) (*session, error) {
	record, err := released.Load(filepath.Join(p.Root, released.File))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotRun, err)
	}
	s := &session{Plan: p, record: record}
	if s.sides, err = (builder{p.Root, p.Dir, p.Output}).sides(ctx, record); err != nil {
		return nil, err
	}
	if s.state, err = openState(filepath.Join(p.Dir, "results.jsonl")); err != nil {
		return nil, err
	}
	if err := s.startServer(ctx); err != nil {
		return nil, errors.Join(err, s.state.close())
	}
	return s, nil
}

// startServer starts the Postgres that all cells share, each in a database of its own. What it keeps is worth nothing later.
func (s *session) startServer(ctx context.Context) (err error) {
	if err := stack.InstallPostgres(ctx, func(text string) { fmt.Fprintln(s.Output, text) }); err != nil {
		return err
	}
	ports, err := stack.FreePorts()
	if err != nil {
		return err
	}
	if s.data, err = os.MkdirTemp("", "cartwright-skew-"); err != nil {
		return err
	}
	s.server, err = cluster.Start(ctx, cluster.Config{Dir: s.data, Port: ports.Postgres, MaxConnections: maxConnections})
	if err != nil {
		return errors.Join(err, os.RemoveAll(s.data))
	}
	return nil
}

func (s *session) close(ctx context.Context) error {
	return errors.Join(s.server.Stop(context.WithoutCancel(ctx)), os.RemoveAll(s.data), s.state.close())
}

// cells runs what is not known to be green. Those that an interruption leaves out have a reason in their row.
func (s *session) cells(ctx context.Context) ([]row, error) {
	binaries, err := s.sides.hash()
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, c := range s.Cells {
		r := row{cell: c}
		same, err := s.sides.same(c.Service)
		if err != nil {
			return nil, err
		}
		r.releases = describe(s.record.Services[c.Service], same, s.sides.needs[c.Service])
		if r.result, r.kept = s.state.green(c, binaries, s.Quiet); r.kept && !s.Again {
			rows = append(rows, r)
			continue
		}
		r.kept = false
		if r.result, err = s.one(ctx, c, s.sides, binaries, ""); err != nil {
			if ctx.Err() == nil {
				return nil, fmt.Errorf("%s: %w", c, err)
			}
			r.result, r.why = Result{}, "the run was cut off: it goes on here when it is started again"
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// one runs a cell and remembers what came of it.
func (s *session) one(ctx context.Context, c Cell, built sides, binaries, planted string) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	dir := filepath.Join(s.Dir, "cells", strings.Trim(strings.ReplaceAll(c.String(), "/", "-")+"-"+planted, "-"))
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return Result{}, err
	}
	result, err := stage{dir: dir, admin: s.server.URL, sides: built, hasty: planted != "", quiet: s.Quiet, meter: &meter{}}.run(ctx, c)
	if err != nil {
		return result, err
	}
	result.Binaries, result.Planted = binaries, planted
	word := row{result: result}.verdict()
	fmt.Fprintf(s.Output, "%-28s %-12s %3.0f s  %s\n", c.String(), word, result.Seconds, relative(s.Root, dir))
	return result, s.state.add(result)
}
