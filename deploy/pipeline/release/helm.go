package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/kube"
)

// revision is one of the history that helm keeps.
type revision struct {
	Revision int    `json:"revision"`
	Status   string `json:"status"`
	// Description is what helm did.
	Description string `json:"description"`
}

// pending tells whether helm was at work on it, or died at it.
func (r revision) pending() bool { return strings.HasPrefix(r.Status, "pending-") }

// history returns the revisions, oldest first; none for a release that is not there.
func (r *run) history(ctx context.Context) ([]revision, error) {
	text, err := r.o.Cluster.Helm(ctx, "history", r.o.Name, "--output", "json")
	if err != nil {
		if strings.Contains(err.Error(), "release: not found") {
			return nil, nil
		}
		return nil, err
	}
	var list []revision
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read the history of %s: %w", r.o.Name, err)
	}
	slices.SortFunc(list, func(a, b revision) int { return a.Revision - b.Revision })
	return list, nil
}

// good is the newest revision that was deployed, which is where to go back to; 0 without one.
func good(list []revision) int {
	for _, status := range []string{"deployed", "superseded"} {
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].Status == status {
				return list[i].Revision
			}
		}
	}
	return 0
}

// upgrade has helm put the version in place. Helm takes it back by itself when its pods do not become ready.
func (r *run) upgrade(ctx context.Context) error {
	arguments := []string{"upgrade", "--install", "--atomic", "--timeout", r.o.Timeout.String(), r.o.Name, r.o.Chart}
	for _, file := range r.o.Values {
		arguments = append(arguments, "--values", file)
	}
	for _, set := range r.o.Set {
		arguments = append(arguments, "--set", set)
	}
	arguments = append(arguments, "--set-string", "image.digest="+r.o.Image)
	if r.o.Version != "" {
		arguments = append(arguments, "--set-string", "image.tag="+r.o.Version)
	}
	if r.o.Commit != "" {
		arguments = append(arguments, "--set-string", "podAnnotations."+strings.ReplaceAll(kube.CommitAnnotation, ".", `\.`)+"="+r.o.Commit)
	}
	_, err := r.o.Cluster.Helm(ctx, arguments...)
	return err
}

func (r *run) rolledOut(ctx context.Context) error {
	_, err := r.o.Cluster.Kubectl(ctx, nil, "rollout", "status", "deployment/"+r.o.Name, "--timeout", r.o.Timeout.String())
	return err
}

// smokes is how often a test is tried: one that fails by chance must not take a good version back.
const smokes = 2

func (r *run) smoke(ctx context.Context) error {
	for _, name := range r.o.Smoke {
		var err error
		for range smokes {
			if _, err = r.o.Cluster.Helm(ctx, "test", name, "--logs", "--timeout", r.o.Timeout.String()); err == nil || ctx.Err() != nil {
				break
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rollbacks is how often it is tried to go back.
const rollbacks = 3

// back puts the version before in place again, and looks whether it is. What helm has taken back by itself is only looked at.
func (r *run) back(ctx context.Context) error {
	list, err := r.history(ctx)
	if err != nil {
		return err
	}
	if r.report.BackTo == 0 {
		if good(list) == 0 { // helm has taken the first version away again
			return nil
		}
		return errors.New("it is the first version of the service: there is none to go back to, and it was left in place")
	}
	if r.isBack(ctx, list) == nil {
		return nil
	}
	for range rollbacks {
		if _, err = r.o.Cluster.Helm(ctx, "rollback", r.o.Name, strconv.Itoa(r.report.BackTo), "--wait", "--timeout", r.o.Timeout.String()); err != nil {
			continue
		}
		if list, err = r.history(ctx); err != nil {
			continue
		}
		if err = r.isBack(ctx, list); err == nil {
			return nil
		}
	}
	return err
}

// isBack tells whether what was deployed is deployed again: helm says that a later revision than ours is, and the pods have the image
// that they had.
func (r *run) isBack(ctx context.Context, list []revision) error {
	if len(list) == 0 {
		return fmt.Errorf("helm has no release %s", r.o.Name)
	}
	last := list[len(list)-1]
	untouched := last.Revision == r.report.BackTo
	if last.Status != "deployed" || !untouched && last.Revision <= r.report.Revision {
		return fmt.Errorf("revision %d of %s is %s", last.Revision, r.o.Name, last.Status)
	}
	if err := r.rolledOut(ctx); err != nil {
		return err
	}
	now, found, err := r.o.Cluster.Deployed(ctx, r.o.Name)
	if err != nil {
		return err
	}
	if before := r.report.Before; before != nil && (!found || now.Image != before.Image) {
		return fmt.Errorf("%s runs %s, not %s as before", r.o.Name, now.Image, before.Image)
	}
	r.report.After = last.Revision
	return nil
}
