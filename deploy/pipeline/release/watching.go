package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/watch"
)

// baseline looks at the version that runs. A place where nothing can be seen is refused: nobody would notice what a version does.
func (r *run) baseline(ctx context.Context) error {
	if len(r.o.Audit) > 0 {
		if err := errors.Join(r.audit(ctx)); err != nil {
			return fmt.Errorf("before anything was changed: %w", err)
		}
	}
	if r.report.Before == nil || r.o.Baseline == 0 {
		return nil
	}
	began := time.Now()
	if _, err := r.readOwn(ctx, "", began); err != nil {
		return fmt.Errorf("the signals cannot be read: %w", err)
	}
	if err := pause(ctx, r.o.Baseline); err != nil {
		return err
	}
	seen, err := r.readOwn(ctx, "", began, time.Time{})
	if err != nil {
		return fmt.Errorf("the signals cannot be read: %w", err)
	}
	before := seen[0].Backed(seen[1], r.o.Thresholds.Calls)
	r.before = &before
	return nil
}

// readOwn reads the signals of the pods of one version; of all of the service's without a hash.
func (r *run) readOwn(ctx context.Context, hash string, since ...time.Time) ([]watch.Window, error) {
	names, _, err := r.pods(ctx, hash)
	if err != nil {
		return nil, err
	}
	return r.o.Source.Read(ctx, names, since...)
}

// pods returns the ready pods of a version, and how often containers of it were started again since it is in place. A container that
// waits to be started again counts as one more.
func (r *run) pods(ctx context.Context, hash string) (names []string, restarts int, err error) {
	all, err := r.o.Cluster.Pods(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, pod := range all {
		if pod.Service != r.o.Service || hash != "" && pod.Hash != hash {
			continue
		}
		if pod.Ready {
			names = append(names, pod.Name)
		}
		restarts += pod.Restarts
		if pod.Waiting == "CrashLoopBackOff" {
			restarts++
		}
	}
	return names, restarts, nil
}

// watch looks at the version again and again. An error is why it has to go.
func (r *run) watch(ctx context.Context) error {
	hash, err := r.o.Cluster.Hash(ctx, r.o.Name)
	if err != nil {
		return err
	}
	_, earlier, err := r.pods(ctx, hash)
	if err != nil {
		return err
	}
	if hash != r.hash {
		earlier = 0 // its pods are all new
	}
	began := time.Now()
	judge := watch.NewJudge(r.o.Thresholds, r.before, began)
	defer func() { r.report.Looks = judge.Looks() }()
	_, _ = r.readOwn(ctx, hash, began) // the beginning of all windows; a failure shows at the next look
	// Looks are counted, so that slow ones leave no fewer to judge by. A bad look at the end is followed up until it is clear what it was.
	planned := int(r.o.Watch / r.o.Every)
	more := max(r.o.Thresholds.Breaches, r.o.Thresholds.Missing)
	for n := 0; n < planned || judge.Pending() && n < planned+more; n++ {
		if err := pause(ctx, r.o.Every); err != nil {
			return err
		}
		if reason := r.look(ctx, judge, hash, began, earlier); reason != "" {
			return errors.New(reason)
		}
	}
	if reason := judge.End(); reason != "" {
		return errors.New(reason)
	}
	return r.lastAudit(ctx)
}

func (r *run) look(ctx context.Context, judge *watch.Judge, hash string, began time.Time, earlier int) (reason string) {
	now := time.Now()
	names, restarts, err := r.pods(ctx, hash)
	if err != nil {
		return judge.Miss(now, err.Error(), 0)
	}
	restarts = max(0, restarts-earlier)
	since := now.Add(-r.o.Window)
	if since.Before(began) {
		since = began
	}
	seen, err := r.o.Source.Read(ctx, names, since, began)
	if err != nil {
		r.o.say("  nothing seen: %v", err)
		return judge.Miss(now, err.Error(), restarts)
	}
	reason = judge.See(now, seen[0], seen[1], restarts)
	looks := judge.Looks()
	last := looks[len(looks)-1]
	r.o.say("  %.0f calls %v %v %s", last.Calls, last.Figures, last.Breaches, last.Missing)
	return reason
}

// lastAudit has the auditor look at what the version left. One that cannot look is tried again: what nobody has seen is not good.
func (r *run) lastAudit(ctx context.Context) error {
	if len(r.o.Audit) == 0 {
		return nil
	}
	var unknown error
	for range r.o.Thresholds.Breaches {
		var found error
		if found, unknown = r.audit(ctx); found != nil || unknown == nil {
			return found
		}
		if err := pause(ctx, r.o.Every); err != nil {
			return err
		}
	}
	return fmt.Errorf("the auditor could not look: %w", unknown)
}
