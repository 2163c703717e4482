package skew

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

const (
	// besideName ends the name of the second process of a service.
	besideName = "-beside"
	// readyTime is how long a process that waited for its schema may take to notice that it is there.
	readyTime = 30 * time.Second
	tick      = 100 * time.Millisecond
)

// stage is where cells are run, one after the other.
type stage struct {
	dir   string                       // of the cell: what its shop keeps, and what judges said
	admin func(database string) string // administrator's connection to a database
	sides sides
	// hasty ends the cell at the first thing that is wrong.
	hasty bool
	// quiet is true when nothing else makes requests slow.
	quiet bool
	meter *meter
}

// run builds a cell's shop, has it judged and takes it down. An error is one of the stage; what is wrong with the cell is in the
// result.
func (s stage) run(ctx context.Context, c Cell) (result Result, err error) {
	began := time.Now()
	result = Result{Cell: c.String()}
	url, drop, err := s.createDatabase(ctx, "skew_"+strings.NewReplacer("-", "_", "/", "_").Replace(c.String()))
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	ports, err := stack.FreePorts()
	if err != nil {
		return result, err
	}
	l := c.lineup(s.sides.needs[c.Service] > s.sides.oldNeeds[c.Service])
	result.Waits = l.waits
	shop, err := stack.Start(ctx, s.options(c, l, ports, url))
	if err != nil {
		result.fail("the shop does not start: %v", err)
	} else {
		s.judge(ctx, shop, c, l, &result)
		if err := shop.Stop(context.WithoutCancel(ctx)); err != nil {
			result.fail("the shop does not stop: %v", err)
		}
	}
	result.Seconds = time.Since(began).Round(time.Second).Seconds()
	return result, ctx.Err()
}

// options of a cell's shop.
func (s stage) options(c Cell, l lineup, ports stack.Ports, url string) stack.Options {
	ports.Postgres = 0
	return stack.Options{
		Root: s.dir, Dir: s.dir, Ports: ports, DatabaseURL: url, Fresh: true, Output: io.Discard,
		BinaryOf: func(program string) string {
			switch program {
			case sandbox:
				return s.sides.old[sandbox]
			case c.Service + besideName:
				return s.sides.binary(*l.beside, c.Service)
			default:
				return s.sides.binary(l.serve[program], program)
			}
		},
		MigratorOf: func(service string) string { return s.sides.binary(l.migrate[service], service) },
	}
}

// judge starts what works beside, makes the cell's changes while a crowd buys, runs the journeys and the audit, and looks whether
// every process is there in the end.
func (s stage) judge(ctx context.Context, shop *stack.Shop, c Cell, l lineup, result *Result) {
	if l.beside != nil {
		if err := s.join(ctx, shop, c, l); err != nil {
			result.fail("%s beside: %v", c.Service, err)
			return
		}
	}
	switch c.Kind {
	case Old, New:
		s.during(ctx, shop, result, few, swap(shop, c, l), swap(shop, c, l))
	case OldOnNewSchema:
		s.during(ctx, shop, result, many, s.migrate(shop, c, l))
	case NewOnOldSchema:
	}
	if s.hasty && !result.Green() {
		return
	}
	where, err := whereabouts(shop)
	if err != nil {
		result.fail("make a token: %v", err)
		return
	}
	s.journeys(ctx, where, result)
	if l.waits {
		s.during(ctx, shop, result, many, stillWaits(shop, c), s.migrate(shop, c, l), isReady(shop, c))
	}
	s.audit(ctx, shop, result)
	for name := range shop.Pids() {
		if shop.Crashed(name) {
			result.fail("%s ended by itself", name)
		}
	}
}

// join starts the second process of the cell's service. It must be ready, or wait for its schema and say so.
func (s stage) join(ctx context.Context, shop *stack.Shop, c Cell, l lineup) error {
	ports, err := stack.FreePorts()
	if err != nil {
		return err
	}
	as, own := c.Service+besideName, [2]int{ports.Gateway, ports.Sandbox}
	if !l.waits {
		return shop.Second(ctx, c.Service, as, own)
	}
	if err := shop.Join(c.Service, as, own); err != nil {
		return err
	}
	return until(ctx, readyTime, func() error {
		if shop.Crashed(as) {
			return fmt.Errorf("it ended at the start instead of waiting: see %s.log", as)
		}
		status, said := readiness(ctx, shop, as)
		if status != http.StatusServiceUnavailable || !strings.Contains(said, "run migrate") {
			return fmt.Errorf("it does not say that it waits for a migration: %d %s", status, said)
		}
		return nil
	})
}

// stillWaits wants the second process to have waited all the time.
func stillWaits(shop *stack.Shop, c Cell) func(context.Context) error {
	return func(ctx context.Context) error {
		if status, said := readiness(ctx, shop, c.Service+besideName); status != http.StatusServiceUnavailable {
			return fmt.Errorf("%s on the old schema stopped waiting before the migration: %d %s", c.Service, status, said)
		}
		return nil
	}
}

// isReady wants the process that waited to be ready soon after the migration, without a restart.
func isReady(shop *stack.Shop, c Cell) func(context.Context) error {
	return func(ctx context.Context) error {
		return until(ctx, readyTime, func() error {
			if status, said := readiness(ctx, shop, c.Service+besideName); status != http.StatusOK {
				return fmt.Errorf("%s is not ready after the migration: %d %s", c.Service, status, said)
			}
			return nil
		})
	}
}

// readiness is what a process answers to the probe.
func readiness(ctx context.Context, shop *stack.Shop, name string) (status int, said string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, shop.OpsURL(name)+"/readyz", nil)
	if err != nil {
		return 0, err.Error()
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, strings.TrimSpace(string(text))
}

// until waits until check has nothing to say, and returns what it says last.
func until(ctx context.Context, limit time.Duration, check func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := check()
		if err == nil || ctx.Err() != nil || time.Now().After(deadline) {
			return errors.Join(err, ctx.Err())
		}
		select {
		case <-ctx.Done():
		case <-time.After(tick):
		}
	}
}

// createDatabase makes an empty database for a cell.
func (s stage) createDatabase(ctx context.Context, name string) (url string, drop func() error, err error) {
	quoted := pgx.Identifier{name}.Sanitize()
	run := func(ctx context.Context, statements ...string) error {
		conn, err := pgx.Connect(ctx, s.admin("postgres"))
		if err != nil {
			return fmt.Errorf("connect to Postgres: %w", err)
		}
		for _, statement := range statements {
			if _, failed := conn.Exec(ctx, statement); failed != nil && err == nil {
				err = failed
			}
		}
		return errors.Join(err, conn.Close(ctx))
	}
	remove := "DROP DATABASE IF EXISTS " + quoted + " WITH (FORCE)"
	if err := run(ctx, remove, "CREATE DATABASE "+quoted); err != nil {
		return "", nil, err
	}
	return s.admin(name), func() error { return run(context.WithoutCancel(ctx), remove) }, nil
}

// keep opens a file for what a judge says.
func (s stage) keep(name string) (*os.File, error) {
	return os.Create(filepath.Join(s.dir, name))
}
