package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/cluster/steady"
)

// Verdicts of a scenario.
const (
	passed = "passed"
	failed = "FAILED"
	notRun = "NOT RUN"
)

// Row is what became of a scenario.
type Row struct {
	Name     string  `json:"name"`
	Requests int     `json:"requests"`
	Failed   int     `json:"failed"`
	Lost     int     `json:"lost"`
	Seconds  float64 `json:"seconds"`
	Verdict  string  `json:"verdict"`
	Note     string  `json:"note"`
	// Failures are the first requests that failed.
	Failures []steady.Failure `json:"failures,omitempty"`
}

// notRunError says why a scenario could not run.
type notRunError struct{ why string }

// Error is the reason.
func (e notRunError) Error() string { return e.why }

// outcome is what a scenario has to tell.
type outcome struct {
	// note goes into the table.
	note string
	// mayFail allows requests to fail; purchases may never be lost.
	mayFail bool
}

// scenario is one thing that happens to the cluster.
type scenario struct {
	name string
	do   func(context.Context) (outcome, error)
	// alone needs no load.
	alone bool
	// first has to run, whatever is chosen, unless there is a shop already.
	first bool
}

// settle is how long the load goes on after a scenario, so that what it broke late counts, too.
const settle = 3 * time.Second

// list is everything, in the order it happens.
func (p *Proof) list() []scenario {
	list := []scenario{
		{name: "charts-alone", do: p.chartsAlone, alone: true},
		{name: "install", do: p.installShop, alone: true, first: true},
		{name: "acceptance", do: p.acceptance, alone: true},
	}
	for _, service := range services {
		list = append(list, scenario{name: "upgrade-" + service, do: func(ctx context.Context) (outcome, error) { return p.upgrades(ctx, service) }})
	}
	list = append(list,
		scenario{name: "bad-image", do: p.badImage},
		scenario{name: "scale-product", do: func(ctx context.Context) (outcome, error) { return p.scale(ctx, "product") }},
		scenario{name: "scale-cart", do: func(ctx context.Context) (outcome, error) { return p.scale(ctx, "cart") }},
		scenario{name: "autoscale", do: p.autoscale},
		scenario{name: "delete-pods", do: p.deletePods},
		scenario{name: "kill-processes", do: p.killProcesses},
		scenario{name: "kill-gateway", do: p.killGateway},
		scenario{name: "network", do: p.network},
		scenario{name: "drain-node", do: p.drain},
		scenario{name: "lose-node", do: p.loseNode},
		scenario{name: "kill-postgres", do: p.killPostgres},
		scenario{name: "good-release", do: p.goodRelease},
	)
	for _, v := range variants() {
		list = append(list, scenario{name: "bad-release-" + v.name, do: func(ctx context.Context) (outcome, error) { return p.badRelease(ctx, v) }})
	}
	return append(list,
		scenario{name: "rotate-certificates", do: p.rotateCertificates},
		scenario{name: "rotate-passwords", do: p.rotatePasswords},
		scenario{name: "auditor", do: p.auditor},
		scenario{name: "audit", do: p.audit, alone: true},
	)
}

// scenarios runs those that were chosen.
func (p *Proof) scenarios(ctx context.Context) ([]Row, error) {
	var rows []Row
	for _, s := range p.list() {
		if !p.wanted(s) {
			continue
		}
		if ctx.Err() != nil {
			return rows, ctx.Err()
		}
		p.say("%s ...", s.name)
		row := p.one(ctx, s)
		p.say("%s: %s, %d requests, %d failed, %s", s.name, row.Verdict, row.Requests, row.Failed, row.Note)
		for _, failure := range row.Failures[:min(5, len(row.Failures))] {
			p.say("    %s: %.300s", failure.Request, failure.Reason)
		}
		rows = append(rows, row)
		if s.first && row.Verdict == failed {
			return rows, nil // there is no shop to go on with
		}
	}
	return rows, nil
}

// wanted tells whether a scenario was chosen, or has to run whatever was chosen.
func (p *Proof) wanted(s scenario) bool {
	if s.first && !p.Reuse {
		return true
	}
	return !slices.Contains(p.Skip, s.name) && (len(p.Only) == 0 || slices.Contains(p.Only, s.name))
}

// one runs a scenario, with the load around it.
func (p *Proof) one(ctx context.Context, s scenario) Row {
	began := time.Now()
	row := Row{Name: s.name, Verdict: passed}
	var before, after steady.Figures
	var told outcome
	err := func() error {
		var err error
		if !s.alone {
			if err = p.startLoad(ctx); err != nil {
				return err
			}
			if before, err = p.figures(ctx); err != nil {
				return err
			}
		}
		if told, err = s.do(ctx); err != nil || s.alone {
			return err
		}
		return pause(ctx, settle)
	}()
	if !s.alone {
		var asked error
		if after, asked = p.figures(ctx); asked != nil {
			err = errors.Join(err, asked)
		}
		row = difference(before, after)
		row.Name, row.Verdict = s.name, passed
		err = errors.Join(err, judge(row, told, after.Losses))
	}
	row.Seconds, row.Note = time.Since(began).Seconds(), told.note
	if err != nil {
		row.Verdict, row.Note = failed, fmt.Sprintf("%s %v", told.note, err)
		if missing, ok := errors.AsType[notRunError](err); ok {
			row.Verdict, row.Note = notRun, missing.why
		}
	}
	return row
}

// difference is what the load met between two looks.
func difference(before, after steady.Figures) Row {
	row := Row{Requests: after.Requests - before.Requests, Failed: after.Failed - before.Failed, Lost: after.Lost - before.Lost}
	for _, failure := range after.Failures {
		if failure.At.After(before.Now) {
			row.Failures = append(row.Failures, failure)
		}
	}
	return row
}

// judge says what of the load is wrong.
func judge(row Row, told outcome, losses []string) error {
	switch {
	case row.Lost > 0:
		return fmt.Errorf("%d purchases came to no end, the last: %.300s", row.Lost, losses[len(losses)-1])
	case row.Failed > 0 && !told.mayFail:
		return fmt.Errorf("%d requests failed", row.Failed)
	case row.Requests == 0:
		return errors.New("there was no load")
	}
	return nil
}
