// Package migrationlint holds migrations to the rules by which releases run beside each other: MIG-1 to MIG-6.
//
// A migration runs while the old release serves, and stays when the new one is rolled back. It may add; it may not take away,
// change or hold up. The rules are those that other shops learned from outages, and what this one's runner relies on.
//
// SQL is cut into tokens by this package. Postgres's own parser can be had as a library only with cgo and 300,000 lines of C,
// which every build of the tests would compile; migrations are a list of statements whose kind stands in their first words, and
// one whose kind is not known here is refused, so a gap in this reader is seen and not passed over.
package migrationlint

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/released"
)

// Rule names what a migration must keep.
type Rule string

// The rules.
const (
	// Expand lets a migration only add: the old release reads and writes the schema as it knows it.
	Expand Rule = "MIG-1"
	// Locks keeps requests from waiting behind a migration.
	Locks Rule = "MIG-2"
	// Repeat lets the runner try again what failed half way.
	Repeat Rule = "MIG-3"
	// Traffic keeps work on rows, and locks of several tables, out of migrations: they run beside full traffic.
	Traffic Rule = "MIG-4"
	// Order makes the number of a schema tell what is in it, so that a binary that needs more waits.
	Order Rule = "MIG-5"
	// Stays keeps what has run as it is: nothing undoes a migration, and other databases got it the way it was.
	Stays Rule = "MIG-6"
)

// Finding is a place where a rule is broken.
type Finding struct {
	Rule Rule
	File string
	Line int
	// What is wrong, and what to do instead.
	What, Instead string
}

// String is the finding as a compiler would write it.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s: %s; instead: %s", f.File, f.Line, f.Rule, f.What, f.Instead)
}

// Lint reads the migrations of every service from the root of a tree. Those that were released have run: of them only Order and
// Stays are held, since changing them mends nothing. Nil is a record without releases.
func Lint(tree fs.FS, record *released.Record) ([]Finding, error) {
	if record == nil {
		record = &released.Record{}
	}
	files, err := fs.Glob(tree, "services/*/internal/postgres/migration/*")
	if err != nil {
		return nil, err
	}
	own := map[string][]string{} // files by service, also of one that has none any more
	for service, last := range record.Services {
		if len(last.Migrations) > 0 {
			own[service] = nil
		}
	}
	for _, name := range files {
		service := strings.Split(name, "/")[1]
		own[service] = append(own[service], name)
	}
	var findings []Finding
	for _, service := range slices.Sorted(maps.Keys(own)) {
		found, err := lintService(tree, service, own[service], record.Services[service])
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

func lintService(tree fs.FS, service string, names []string, last released.Release) ([]Finding, error) {
	findings, err := history(tree, service, names, last)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		_, err := released.Number(path.Base(name))
		return err != nil // history says so
	})
	slices.SortFunc(names, func(a, b string) int {
		first, _ := released.Number(path.Base(a))
		second, _ := released.Number(path.Base(b))
		return cmp.Compare(first, second)
	})
	known := &schema{notNull: map[string]bool{}, added: map[string]int{}}
	for i, name := range names {
		sql, err := fs.ReadFile(tree, name)
		if err != nil {
			return nil, err
		}
		m, err := parse(string(sql))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		l := &linter{file: name, place: i, migration: m, schema: known, last: last, made: map[string]bool{}}
		l.run()
		if _, ran := last.Migrations[path.Base(name)]; !ran {
			findings = append(findings, l.findings...)
		}
	}
	return findings, nil
}

// schema is what earlier migrations of a service did, as far as later ones depend on it.
type schema struct {
	// added has the place of the file in which a constraint without validation came, by table and name.
	added map[string]int
	// notNull has the columns that such a constraint keeps from being null, by table, name and column, true once it is valid.
	notNull map[string]bool
}

// linter reads one file.
type linter struct {
	file      string
	place     int
	migration migration
	schema    *schema
	last      released.Release

	made     map[string]bool // tables of this file: nobody uses them yet
	touched  map[string]bool // tables that are there already and are locked by this file
	findings []Finding
	allowed  map[Rule]bool // of the statement that is read
	used     map[Rule]bool
}

func (l *linter) run() {
	l.touched = map[string]bool{}
	for _, s := range l.migration.statements {
		l.allowed, l.used = map[Rule]bool{}, map[Rule]bool{}
		places := map[Rule]int{}
		for _, r := range s.remarks {
			l.exception(r, places)
		}
		l.statement(s)
		for rule, line := range places {
			if !l.used[rule] {
				l.add(finding{rule, line, "the exception excuses nothing", "remove the comment"})
			}
		}
	}
	for _, r := range l.migration.stray {
		if strings.HasPrefix(r.text, allow) {
			l.add(finding{Expand, r.line, "the exception stands above no statement", "put it right above the one that it is for"})
		}
	}
	slices.SortStableFunc(l.findings, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
}

// finding is a Finding of the file that is read.
type finding struct {
	rule          Rule
	line          int
	what, instead string
}

// report adds a finding, unless the statement is excused.
func (l *linter) report(rule Rule, line int, what, instead string) {
	if l.allowed[rule] {
		l.used[rule] = true
		return
	}
	l.add(finding{rule, line, what, instead})
}

func (l *linter) add(f finding) {
	l.findings = append(l.findings, Finding{Rule: f.rule, File: l.file, Line: f.line, What: f.what, Instead: f.instead})
}
