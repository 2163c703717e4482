package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/watch"
)

// run is one release.
type run struct {
	o      *Options
	report *Report
	before *watch.Window
	// hash names the pods that ran before.
	hash string
}

// Run releases a version and returns what became of it. When the context ends, it takes the version back before it returns. It always
// returns a report; all errors are in it.
func Run(ctx context.Context, o Options) *Report {
	r := &run{o: &o, report: &Report{
		Service: o.Service, Environment: o.Environment, Namespace: o.Cluster.Namespace, Version: o.Version, Commit: o.Commit, Image: o.Image,
		Began: time.Now().UTC(),
	}}
	r.judge(ctx)
	r.report.Ended = time.Now().UTC()
	r.tell(context.WithoutCancel(ctx))
	return r.report
}

// judge does all of it and sets the verdict.
func (r *run) judge(ctx context.Context) {
	if err := r.o.check(); err != nil {
		r.end(Refused, err.Error())
		return
	}
	held, err := acquire(ctx, r.o.Cluster, r.o.Name, r.o.Lease)
	if err != nil {
		r.end(Refused, err.Error())
		return
	}
	ctx, lost := context.WithCancelCause(ctx)
	kept, stop := context.WithCancel(context.WithoutCancel(ctx))
	var keeper sync.WaitGroup
	// What the lease tells those who come after is written before anybody renews it, so that only one writes it at a time.
	if err := r.prepare(ctx, held); err == nil {
		keeper.Go(func() { held.keep(kept, func(err error) { lost(err) }) })
		r.release(ctx)
	} else {
		r.end(Refused, err.Error())
	}
	stop()
	keeper.Wait()
	if !errors.Is(context.Cause(ctx), errLost) && r.report.Verdict != Stuck {
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.o.Timeout)
		defer cancel()
		if err := held.drop(after); err != nil {
			r.problem("give the lease back: %v", err)
		}
	}
	lost(nil)
}

func (r *run) end(v Verdict, reason string) {
	r.report.Verdict, r.report.Reason = v, reason
	r.o.say("%s %s", v, reason)
}

func (r *run) problem(format string, arguments ...any) {
	r.report.Problems = append(r.report.Problems, fmt.Sprintf(format, arguments...))
	r.o.say(format, arguments...)
}

// prepare puts in order what a release that died has left, and notes where to go back to.
func (r *run) prepare(ctx context.Context, held *lease) error {
	return r.step("what is deployed", func() error {
		list, err := r.history(ctx)
		if err != nil {
			return err
		}
		if list, err = r.recover(ctx, held, list); err != nil {
			return err
		}
		r.report.BackTo = good(list)
		if len(list) > 0 {
			r.report.Revision = list[len(list)-1].Revision
		}
		r.report.Revision++
		before, found, err := r.o.Cluster.Deployed(ctx, r.o.Name)
		if err != nil {
			return err
		}
		if found {
			r.report.Before = &before
			if r.hash, err = r.o.Cluster.Hash(ctx, r.o.Name); err != nil {
				return err
			}
		}
		return held.note(ctx, r.report.BackTo)
	})
}

// recover takes back what was begun and never judged.
func (r *run) recover(ctx context.Context, held *lease, list []revision) ([]revision, error) {
	if len(list) == 0 {
		return list, nil
	}
	last, to := list[len(list)-1], held.crashed
	switch {
	case to > 0 && last.Revision != to && !isRollback(list, to):
		r.o.say("a release died after it had left revision %d", to)
	case last.pending() && !r.o.Recover:
		return nil, fmt.Errorf("helm says that revision %d is %s: somebody is at work, or died; with -recover it is taken back", last.Revision, last.Status)
	case last.pending():
		if to = good(list); to == 0 {
			return nil, fmt.Errorf("revision %d is %s and there is none to go back to: helm uninstall %s", last.Revision, last.Status, r.o.Name)
		}
	default:
		return list, nil
	}
	_, err := r.o.Cluster.Helm(ctx, "rollback", r.o.Name, fmt.Sprint(to), "--wait", "--timeout", r.o.Timeout.String())
	if err != nil {
		return nil, fmt.Errorf("take back what was left half done: %w", err)
	}
	return r.history(ctx)
}

// isRollback tells whether the last revision is what a dead release went back to already.
func isRollback(list []revision, to int) bool {
	last := list[len(list)-1]
	return last.Status == "deployed" && last.Description == fmt.Sprintf("Rollback to %d", to)
}

// release does what is left once it is clear where to go back to.
func (r *run) release(ctx context.Context) {
	if err := r.step("look at what runs", func() error { return r.baseline(ctx) }); err != nil {
		r.end(Refused, err.Error())
		return
	}
	if ctx.Err() != nil {
		r.end(Refused, "it was interrupted before anything was changed")
		return
	}
	r.mark(ctx, "started", "")
	reason := r.tryOut(ctx)
	if cause := context.Cause(ctx); errors.Is(cause, errLost) {
		r.end(Stuck, cause.Error())
		return
	}
	if reason == "" {
		r.report.After = r.report.Revision
		r.end(Released, "")
		r.record()
		r.mark(context.WithoutCancel(ctx), "done", "")
		return
	}
	r.o.say("going back: %s", reason)
	// Whoever interrupts wants it back as it was: that is done in any case.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(rollbacks+1)*2*r.o.Timeout)
	defer cancel()
	if err := r.step("roll back", func() error { return r.back(ctx) }); err != nil {
		r.end(Stuck, reason+"; and going back failed: "+err.Error())
		r.mark(ctx, "stuck", r.report.Reason)
		return
	}
	r.end(RolledBack, reason)
	r.mark(ctx, "rolled back", reason)
}

// tryOut puts the version in place and looks at it. It returns why it has to go, if so.
func (r *run) tryOut(ctx context.Context) (reason string) {
	for _, s := range []struct {
		name string
		do   func(context.Context) error
	}{{"helm upgrade", r.upgrade}, {"rollout", r.rolledOut}, {"smoke", r.smoke}} {
		if err := r.step(s.name, func() error { return s.do(ctx) }); err != nil {
			return s.name + ": " + r.why(ctx, err)
		}
	}
	err := r.step("watch", func() error { return r.watch(ctx) })
	if err != nil {
		return r.why(ctx, err)
	}
	return ""
}

// why tells an interruption from a failure.
func (r *run) why(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return "it was interrupted"
	}
	return err.Error()
}

func (r *run) record() {
	if r.o.Record == nil {
		return
	}
	if err := r.step("record", r.o.Record); err != nil {
		r.end(Unrecorded, err.Error())
	}
}

// mark prints a moment of the release, and notes it elsewhere.
func (r *run) mark(ctx context.Context, state, reason string) {
	m := Marker{
		Event: "release", State: state, Time: time.Now().UTC().Format(time.RFC3339), Service: r.o.Service, Environment: r.o.Environment,
		Version: r.o.Version, Commit: r.o.Commit, Digest: r.o.Image, Reason: reason,
	}
	if err := json.NewEncoder(r.o.Marker).Encode(m); err != nil {
		r.problem("print the marker: %v", err)
	}
	for _, target := range r.o.Marks {
		if err := target.Put(ctx, m); err != nil {
			r.problem("mark the release: %v", err)
		}
	}
}

// tell alerts people of every verdict but the good one and a refusal.
func (r *run) tell(ctx context.Context) {
	if r.report.Verdict == Released || r.report.Verdict == Refused {
		return
	}
	var all sync.WaitGroup
	errs := make([]error, len(r.o.Alerts))
	for i, target := range r.o.Alerts {
		all.Go(func() { errs[i] = target.Send(ctx, r.report) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			r.problem("nobody was told: %v", err)
		}
	}
}

// audit runs the auditor. An error is a shop whose data are not sound; what could not be found out is printed only.
func (r *run) audit(ctx context.Context) (found, unknown error) {
	command := exec.CommandContext(ctx, r.o.Audit[0], r.o.Audit[1:]...)
	var output strings.Builder
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	_, _ = io.WriteString(r.o.Log, output.String())
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		text := output.String()
		return fmt.Errorf("the auditor found violations: %s", text[max(0, len(text)-400):]), nil
	}
	return nil, err
}
