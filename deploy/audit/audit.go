// Package audit looks at the data of a whole shop for what must never be: stock that was promised twice, money that belongs to no
// order, books that do not balance, histories with a step missing. It reads every schema and the payment provider's own log, and
// changes nothing: it connects as a role that cannot write, and reads one snapshot, so it may run beside a working shop.
//
// The questions are in query/*.sql, one file an invariant; every row that one answers is a violation. Invariants that span
// services are kept a moment after each commit, not at it: what looks wrong while the shop works is reported only when it is still
// wrong some time later. docs/audit.md tells how to run it and what each invariant means.
package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Options say what to audit.
type Options struct {
	// Database connects as the auditor's role.
	Database string
	// Provider is the URL of a sandbox provider whose log is compared, or Settlement the path of a settlement file; one of them or
	// neither.
	Provider, Settlement string
	// ProviderName is the provider's name in our operations; empty means sandbox.
	ProviderName string
	// Acknowledged is the path of a log of what the shop has promised; empty when there is none.
	Acknowledged string
	// Logs are log files to search for secrets.
	Logs []string
	// QuietShop says that nothing is at work in the shop: what is wrong now is wrong.
	QuietShop bool
	// ConfirmAfter is how long after it was seen a violation must still be there; 0 means ConfirmDefault.
	ConfirmAfter time.Duration
	// Wait is what happens between the first look and the second; nil waits for ConfirmAfter.
	Wait func(ctx context.Context, d time.Duration) error
	// Connections read at once; 0 means two.
	Connections int
	// TextBudget is how much of each table is searched for secrets, in bytes; 0 means TextDefault, below 0 all.
	TextBudget int64
	// Only limits the audit to some invariants; empty means all.
	Only []string
}

const (
	// ConfirmDefault is longer than any wait that the invariants themselves allow for work that is under way, and than the time in
	// which jobs of a killed process are taken up again.
	ConfirmDefault = 100 * time.Second
	// TextDefault is how much of each table is searched for secrets, in bytes.
	TextDefault = 8 << 20
)

// auditor is one audit under way.
type auditor struct {
	Options
	secrets *secrets
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
	o.ProviderName = cmp.Or(o.ProviderName, "sandbox")
	o.Connections = cmp.Or(o.Connections, 2)
	o.ConfirmAfter = cmp.Or(o.ConfirmAfter, ConfirmDefault)
	o.TextBudget = max(0, cmp.Or(o.TextBudget, TextDefault))
	if o.Wait == nil {
		o.Wait = wait
	}
	return o
}

// Run audits. An error means that it could not be done; what it found is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	began := time.Now()
	for _, name := range o.Only {
		if meanings()[name] == "" {
			return nil, fmt.Errorf("there is no invariant %q", name)
		}
	}
	a := &auditor{Options: o.withDefaults()}
	parts, answers, at, err := a.look(ctx, nil)
	if err != nil {
		return nil, err
	}
	report := &Report{At: at, ConfirmAfter: a.ConfirmAfter}
	if doubtful := unsure(parts, answers); !o.QuietShop && len(doubtful) > 0 {
		if err := a.confirm(ctx, doubtful, parts, answers); err != nil {
			return nil, err
		}
		report.Confirmed = true
	}
	report.fill(parts, answers)
	report.Seconds = time.Since(began).Seconds()
	return report, nil
}

// confirm looks again at what may only have been work under way, and keeps what is still so.
func (a *auditor) confirm(ctx context.Context, doubtful map[string]bool, parts []part, answers []answer) error {
	if err := a.Wait(ctx, a.ConfirmAfter); err != nil {
		return err
	}
	again, found, _, err := a.look(ctx, doubtful)
	if err != nil {
		return err
	}
	for i := range again {
		place := slices.IndexFunc(parts, func(p part) bool { return p.key() == again[i].key() })
		answers[place] = both(answers[place], found[i])
	}
	return nil
}

// look takes a snapshot and asks all parts, or only those whose keys are given.
func (a *auditor) look(ctx context.Context, keys map[string]bool) ([]part, []answer, time.Time, error) {
	var log *ledger
	if a.Provider != "" {
		// The log is read before the snapshot: an operation is committed before the provider is asked, so everything in it is known.
		var err error
		if log, err = readLog(ctx, a.Provider); err != nil {
			return nil, nil, time.Time{}, err
		}
	}
	view, err := openSnapshot(ctx, a.Database, a.Connections)
	if err != nil {
		return nil, nil, time.Time{}, err
	}
	defer view.close(ctx)
	parts, err := a.parts(view.sessions[0], log)
	if err != nil {
		return nil, nil, time.Time{}, err
	}
	parts = slices.DeleteFunc(parts, func(p part) bool {
		return keys != nil && !keys[p.key()] || len(a.Only) > 0 && !slices.Contains(a.Only, p.invariant)
	})
	answers, err := view.ask(parts)
	return parts, answers, view.at, err
}

func (p part) key() string { return p.invariant + " " + p.name }

// parts are all questions, those that take long first.
func (a *auditor) parts(s *session, log *ledger) ([]part, error) {
	texts, err := a.textParts(s)
	if err != nil {
		return nil, err
	}
	parts := slices.Concat([]part{a.providerPart(log)}, files().parts, []part{a.acknowledgedPart()}, texts)
	parts = append(parts, part{
		invariant: "I15", name: "the versions of an order have no gap",
		notRun: "orders keep their latest version only; their history is checked by its events",
	}, part{
		invariant: "I16", name: "news of one order are delivered in order",
		notRun: "there is no such order by design: news wake who then reads the latest state, and may come in any order",
	}, part{
		invariant: "I23", name: "the alert has fired",
		notRun: "alerts are not in the database; an operation in doubt that no person was told of is reported here instead",
	})
	return parts, nil
}

func (a *auditor) providerPart(log *ledger) part {
	p := part{invariant: "I13", name: "every operation is the same on both sides"}
	switch {
	case log != nil:
		p.run = func(s *session) (answer, error) { return reconcile(s, a.ProviderName, log) }
	case a.Settlement != "":
		p.run = func(s *session) (answer, error) {
			settlement, err := readSettlement(a.Settlement)
			if err != nil {
				return answer{}, err
			}
			return reconcile(s, a.ProviderName, settlement)
		}
	default:
		p.notRun = "neither the provider's log nor a settlement file was given"
	}
	return p
}

func (a *auditor) acknowledgedPart() part {
	p := part{invariant: "I22", name: "what was acknowledged is there"}
	if a.Acknowledged == "" {
		p.notRun = "no log of acknowledged ids was given"
		return p
	}
	p.run = func(s *session) (answer, error) { return acknowledged(s, a.Acknowledged) }
	return p
}

// textParts search every table and the log files for secrets.
func (a *auditor) textParts(s *session) ([]part, error) {
	tables, err := s.tables()
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	ends, err := s.endings()
	if err != nil {
		return nil, fmt.Errorf("read how gift card codes end: %w", err)
	}
	a.secrets = newSecrets(ends)
	var parts []part
	for _, t := range tables {
		parts = append(parts, part{
			invariant: "I24", name: "no secret in " + t.schema + "." + t.name, sure: true,
			run: func(s *session) (answer, error) { return searchTable(s, t, a.TextBudget, a.secrets) },
		})
	}
	for _, path := range a.Logs {
		parts = append(parts, part{
			invariant: "I24", name: "no secret in " + path, sure: true,
			run: func(*session) (answer, error) { return searchFile(path, a.secrets) },
		})
	}
	if len(a.Logs) == 0 {
		parts = append(parts, part{invariant: "I24", name: "no secret in log files", notRun: "no log file was given"})
	}
	return parts, nil
}

// unsure are the keys of the parts that found what may only be work under way.
func unsure(parts []part, answers []answer) map[string]bool {
	keys := map[string]bool{}
	for i, p := range parts {
		if answers[i].violations > 0 && !p.sure {
			keys[p.key()] = true
		}
	}
	return keys
}

// both keeps what was found twice.
func both(before, after answer) answer {
	seen := map[string]bool{}
	for _, v := range before.first {
		seen[v.ID] = true
	}
	found := after
	found.first, found.violations = nil, 0
	for _, v := range after.first {
		if seen[v.ID] {
			found.add(v)
		}
	}
	if after.violations > keptViolations && before.violations > keptViolations {
		found.violations = min(before.violations, after.violations) // too many to compare one by one
	}
	return found
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (r *Report) fill(parts []part, answers []answer) {
	meaning := meanings()
	for _, name := range invariants() {
		result := Result{Invariant: name, Meaning: meaning[name]}
		for i, p := range parts {
			if p.invariant != name {
				continue
			}
			found := answers[i]
			if found.classes != nil {
				r.Provider = found.classes
			}
			result.Parts = append(result.Parts, Part{
				Name: p.name, Checked: found.checked, Violations: found.violations, First: found.first, NotRun: p.notRun, Notes: found.notes,
				Pass: p.pass, Seconds: found.took.Seconds(),
			})
		}
		if len(result.Parts) > 0 {
			r.Results = append(r.Results, result)
		}
	}
}

// String names the invariants that were violated.
func (r *Report) String() string { return strings.Join(r.Violated(), " ") }
