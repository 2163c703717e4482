package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/deploy/audit/generate"
	"github.com/cartwright-shop/cartwright/deploy/bench"
	"github.com/cartwright-shop/cartwright/deploy/local/progress"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/cluster"
)

// bar is how long an audit of a million orders may take.
const bar = 30 * time.Second

// password is that of the roles in the database that is measured.
const password = "measured"

// listed is how many of the slowest questions are printed.
const listed = 5

type settings struct {
	orders, runs  int
	connections   int
	database, dir string
	keep          bool
	// own says that the database is a process of this program.
	own bool
}

// counted says whose CPU time is known.
func (s settings) counted() string {
	if s.own {
		return "Postgres and the auditor"
	}
	return "the auditor alone"
}

func (s settings) file(name string) string { return filepath.Join(s.dir, name) }

// run fills a database and audits it.
func run(ctx context.Context, s settings, output io.Writer) (err error) {
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "cartwright-audit-"); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	// Postgres may run as another user, who has to get there.
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return err
	}
	if !s.keep {
		defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	}
	if s.database == "" {
		server, err := cluster.Start(ctx, cluster.Config{Dir: s.file("postgres"), Settings: map[string]string{
			"shared_buffers": "1GB", "max_wal_size": "4GB", "autovacuum": "off", "log_min_messages": "fatal",
		}})
		if err != nil {
			return err
		}
		defer func() { _ = server.Stop(context.WithoutCancel(ctx)) }()
		s.database, s.own = server.URL("postgres"), true
	}
	if err := s.fill(ctx, output); err != nil {
		return err
	}
	return s.measure(ctx, output)
}

// fill makes the shop unless an earlier run has.
func (s settings) fill(ctx context.Context, output io.Writer) error {
	if _, err := os.Stat(s.file("settlement.csv")); err == nil {
		return nil
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	began := time.Now()
	bar := progress.New(output, "generate", generate.Scripts)
	err = errors.Join(generate.Schemas(ctx, s.database, root, password), audit.Provision(ctx, s.database, password))
	if err == nil {
		err = generate.Fill(ctx, s.database, s.orders, func() { bar.Add(1) })
	}
	if err == nil {
		err = s.write("acknowledged.jsonl", func(file io.Writer) error { return generate.Acknowledgements(ctx, s.database, file, s.orders/10) })
	}
	if err == nil {
		err = s.write("settlement.csv", func(file io.Writer) error { return generate.Settlement(ctx, s.database, file) })
	}
	if err != nil {
		bar.Fail()
		return err
	}
	bar.Done()
	size, err := generate.Size(ctx, s.database)
	if err != nil {
		return err
	}
	fmt.Fprintf(output, "%d orders in %s, made in %s\n", s.orders, size, time.Since(began).Round(time.Second))
	return nil
}

func (s settings) write(name string, content func(io.Writer) error) error {
	file, err := os.Create(s.file(name))
	if err != nil {
		return err
	}
	return errors.Join(content(file), file.Close())
}

func (s settings) measure(ctx context.Context, output io.Writer) error {
	auditor, err := url.Parse(s.database)
	if err != nil {
		return err
	}
	auditor.User = url.UserPassword(audit.Role, password)
	for n := range s.runs {
		before, err := bench.CPU(os.Getpid())
		if err != nil {
			return err
		}
		report, err := audit.Run(ctx, audit.Options{
			Database: auditor.String(), Settlement: s.file("settlement.csv"), Acknowledged: s.file("acknowledged.jsonl"), QuietShop: true,
			Connections: s.connections,
		})
		if err != nil {
			return err
		}
		after, err := bench.CPU(os.Getpid()) // Postgres is a child of this process, unless it was there before
		if err != nil {
			return err
		}
		if n == 0 {
			report.Print(output)
		}
		slowest(output, report)
		limit := bar * time.Duration(s.orders) / 1_000_000
		fmt.Fprintf(output, "audit %d: %d orders, %.1f s, %.1f CPU s of %s (bar: %s)\n", n+1, s.orders, report.Seconds, (after - before).Seconds(), s.counted(), limit)
		if report.Violations() > 0 {
			return errors.New("the audit found violations in a consistent shop")
		}
	}
	return nil
}

// slowest prints what took longest. Questions that were asked in one pass are one.
func slowest(output io.Writer, report *audit.Report) {
	type entry struct {
		name    string
		seconds float64
	}
	var entries []entry
	passes := map[string]bool{}
	for _, result := range report.Results {
		for _, p := range result.Parts {
			name := result.Invariant + " " + p.Name
			if p.Pass != "" {
				if passes[p.Pass] {
					continue
				}
				passes[p.Pass] = true
				name = "all questions of the pass " + p.Pass
			}
			entries = append(entries, entry{name: name, seconds: p.Seconds})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(b.seconds, a.seconds) })
	for _, e := range entries[:min(listed, len(entries))] {
		fmt.Fprintf(output, "  %5.1f s  %s\n", e.seconds, e.name)
	}
}
