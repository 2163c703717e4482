// Package release puts a version of a service in place, looks at what it does, and takes it back when it does worse than it may.
//
// It changes a cluster by helm and kubectl only, holds a Lease while it does, and leaves in it which revision to go back to: whoever
// comes after a release that died knows where it began.
package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/kube"
	"github.com/cartwright-shop/cartwright/deploy/pipeline/watch"
)

// Options say what to release, where, and how to judge it.
type Options struct {
	// Service is released as the Helm release Name, from Chart with the values of Values and Set, the last of which count most.
	Service, Name, Chart string
	Values, Set          []string
	// Image is the digest of the image. Version and Commit say what it was made of.
	Image, Version, Commit string
	// Environment is what reports and markers call the place.
	Environment string
	Cluster     kube.Cluster
	// Timeout bounds helm and each wait for pods.
	Timeout time.Duration
	// Lease is how long others wait for a release that tells nothing of itself.
	Lease time.Duration
	// Baseline is how long the version before is looked at, Watch how long the new one is, Every the time between two looks, and Window
	// what each looks back on.
	Baseline, Watch, Every, Window time.Duration
	Thresholds                     watch.Thresholds
	Source                         watch.Source
	// Smoke are the Helm releases whose tests are run.
	Smoke []string
	// Audit is a command that ends with 0 when the shop's data are sound and with 1 when they are not.
	Audit []string
	// Alerts are told when a version is taken back, Marks of each release.
	Alerts []Alert
	Marks  []Mark
	// Recover takes back what helm left half done.
	Recover bool
	// Marker gets one line of JSON for each step that others want to see beside their graphs, Log what a person reads.
	Marker, Log io.Writer
	// Record is called after a good release.
	Record func() error
}

var digestPattern = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func (o *Options) check() error {
	if !digestPattern.MatchString(o.Image) {
		return fmt.Errorf("image %q is not sha256: and 64 hexadecimal digits", o.Image)
	}
	if o.Lease < time.Second || o.Timeout <= 0 || o.Watch <= 0 || o.Every <= 0 || o.Window < o.Every || o.Baseline < 0 {
		return errors.New("lease must be a second or more, timeout, watch and every must be above 0, and window not below every")
	}
	if looks := int(o.Watch / o.Every); looks < o.Thresholds.Breaches {
		return fmt.Errorf("%d looks in %s are fewer than the %d that take a version back: watch longer", looks, o.Watch, o.Thresholds.Breaches)
	}
	for _, file := range append([]string{filepath.Join(o.Chart, "Chart.yaml")}, o.Values...) {
		if _, err := os.Stat(file); err != nil {
			return err
		}
	}
	return nil
}

// Verdict is how a release ended.
type Verdict string

// The verdicts, and the exit codes that the command gives them.
const (
	// Released: the version is in place and was good.
	Released Verdict = "released"
	// Refused: nothing was changed.
	Refused Verdict = "refused"
	// RolledBack: the version before is in place again.
	RolledBack Verdict = "rolled back"
	// Stuck: the version was bad, and the one before could not be put in place again. A person is needed.
	Stuck Verdict = "rollback failed"
	// Unrecorded: as Released, but the record of releases was not written.
	Unrecorded Verdict = "released, not recorded"
)

// Code is the exit code.
func (v Verdict) Code() int {
	switch v {
	case Released:
		return 0
	case Refused:
		return 2
	case RolledBack:
		return 3
	case Stuck:
		return 4
	default:
		return 5
	}
}

func (o *Options) say(format string, arguments ...any) {
	fmt.Fprintf(o.Log, "%s  %s\n", time.Now().UTC().Format("15:04:05"), fmt.Sprintf(format, arguments...))
}

// pause waits, or ends with the context.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
