package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/kube"
)

// errTaken is a service that somebody else releases now.
var errTaken = errors.New("somebody else releases it now")

// errLost is a lease that somebody else took because it was not renewed in time. Nothing may be changed any more.
var errLost = errors.New("the lease was lost: somebody else releases this service now, and nothing was changed since")

const (
	backToKey    = "cartwright.shop/back-to"
	microTime    = "2006-01-02T15:04:05.000000Z07:00"
	leasePrefix  = "cartwright-release-"
	renewPerTime = 4
)

// lease is a Lease object that is held. Its version in the API server makes every change of it a comparison: of two that take it, one wins.
type lease struct {
	cluster kube.Cluster
	object  leaseObject
	// crashed is the revision that the release before this one would have gone back to; 0 unless it died.
	crashed int
	// life is how long it lasts without being renewed.
	life time.Duration
}

type leaseObject struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name            string            `json:"name"`
		Namespace       string            `json:"namespace"`
		ResourceVersion string            `json:"resourceVersion,omitempty"`
		Labels          map[string]string `json:"labels,omitempty"`
		Annotations     map[string]string `json:"annotations,omitempty"`
	} `json:"metadata"`
	Spec struct {
		Holder  string `json:"holderIdentity"`
		Seconds int    `json:"leaseDurationSeconds"`
		Taken   string `json:"acquireTime,omitempty"`
		Renewed string `json:"renewTime,omitempty"`
	} `json:"spec"`
}

// acquire takes the lease of a service, also one whose holder has not renewed it in time.
func acquire(ctx context.Context, cluster kube.Cluster, name string, life time.Duration) (*lease, error) {
	l := &lease{cluster: cluster, life: life}
	found, err := l.read(ctx, leasePrefix+name)
	if err != nil {
		return nil, fmt.Errorf("read the lease: %w", err)
	}
	if found {
		renewed, err := time.Parse(time.RFC3339Nano, l.object.Spec.Renewed)
		if err == nil && time.Since(renewed) < time.Duration(l.object.Spec.Seconds)*time.Second {
			return nil, fmt.Errorf("%w: %s, since %s", errTaken, l.object.Spec.Holder, l.object.Spec.Taken)
		}
		l.crashed, _ = strconv.Atoi(l.object.Metadata.Annotations[backToKey]) // a lease without it died before it changed anything
	} else {
		l.object.APIVersion, l.object.Kind = "coordination.k8s.io/v1", "Lease"
		l.object.Metadata.Name, l.object.Metadata.Namespace = leasePrefix+name, cluster.Namespace
		l.object.Metadata.Labels = map[string]string{"app.kubernetes.io/part-of": "cartwright"}
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Format(microTime)
	l.object.Spec.Holder = fmt.Sprintf("%s/%d/%s", host, os.Getpid(), uuid.NewString()[:8])
	l.object.Spec.Seconds, l.object.Spec.Taken, l.object.Spec.Renewed = int(life.Seconds()), now, now
	verb := "create"
	if found {
		verb = "replace"
	}
	if err := l.write(ctx, verb); err != nil {
		if conflict(err) {
			return nil, errTaken
		}
		return nil, fmt.Errorf("take the lease: %w", err)
	}
	return l, nil
}

func conflict(err error) bool {
	return strings.Contains(err.Error(), "AlreadyExists") || strings.Contains(err.Error(), "Conflict") || strings.Contains(err.Error(), "NotFound")
}

func (l *lease) read(ctx context.Context, name string) (bool, error) {
	text, err := l.cluster.Kubectl(ctx, nil, "get", "lease", name, "--ignore-not-found", "--output", "json")
	if err != nil || len(bytes.TrimSpace(text)) == 0 {
		return false, err
	}
	return true, json.Unmarshal(text, &l.object)
}

func (l *lease) write(ctx context.Context, verb string) error {
	text, err := json.Marshal(l.object)
	if err != nil {
		return err
	}
	text, err = l.cluster.Kubectl(ctx, text, verb, "--filename", "-", "--output", "json")
	if err != nil {
		return err
	}
	var written leaseObject
	if err := json.Unmarshal(text, &written); err != nil {
		return err
	}
	l.object.Metadata.ResourceVersion = written.Metadata.ResourceVersion
	return nil
}

// keep renews the lease until the context ends. When it cannot in time, or somebody else has it, lost is called and it ends.
func (l *lease) keep(ctx context.Context, lost func(error)) {
	renewed := time.Now()
	for pause(ctx, l.life/renewPerTime) == nil {
		l.object.Spec.Renewed = time.Now().UTC().Format(microTime)
		err := l.write(ctx, "replace")
		if err != nil && conflict(err) {
			err = l.again(ctx, err)
		}
		switch {
		case err == nil:
			renewed = time.Now()
		case ctx.Err() != nil:
			return
		case conflict(err) || time.Since(renewed) > l.life*3/4:
			lost(fmt.Errorf("%w: %w", errLost, err))
			return
		}
	}
}

// again renews a lease that is another than was thought: an answer of the API server was lost, or somebody else has it.
func (l *lease) again(ctx context.Context, conflicted error) error {
	mine, now := l.object.Spec.Holder, l.object.Spec.Renewed
	found, err := l.read(ctx, l.object.Metadata.Name)
	if err != nil {
		return err
	}
	if !found || l.object.Spec.Holder != mine {
		return conflicted
	}
	l.object.Spec.Renewed = now
	return l.write(ctx, "replace")
}

// note leaves in the lease which revision to go back to.
func (l *lease) note(ctx context.Context, backTo int) error {
	if l.object.Metadata.Annotations == nil {
		l.object.Metadata.Annotations = map[string]string{}
	}
	l.object.Metadata.Annotations[backToKey] = strconv.Itoa(backTo)
	return l.write(ctx, "replace")
}

// drop gives the lease back.
func (l *lease) drop(ctx context.Context) error {
	_, err := l.cluster.Kubectl(ctx, nil, "delete", "lease", l.object.Metadata.Name, "--ignore-not-found")
	return err
}
