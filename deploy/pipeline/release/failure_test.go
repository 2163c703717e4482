package release_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/release"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

func line(c call) string { return c.Name + " " + strings.Join(c.Args, " ") }

// When it fails, a version whose pods never get ready, or that cannot sell anything, stays or is not told of.
func TestWhatFailsBeforeTheWatchIsTakenBack(t *testing.T) {
	t.Parallel()
	t.Run("helm takes it back by itself", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.on = func(c call) (answer, bool) {
			if c.Name != "helm" || !strings.Contains(line(c), " upgrade ") {
				return answer{}, false
			}
			r.history = append(r.history, map[string]any{"revision": 2, "status": "failed"})
			r.deploy(oldImage, "Rollback to 1")
			return answer{Complaint: "Error: release cart failed, and has been rolled back due to atomic being set", Code: 1}, true
		}
		report, code, _ := r.run("--alert", "sns=arn")
		require.Equal(t, 3, code, report.Reason)
		require.Contains(t, report.Reason, "helm upgrade")
		require.Equal(t, 3, report.After)
		require.Zero(t, r.called("helm --namespace shop rollback"), "it is back already")
		require.Equal(t, 1, r.called("aws sns publish"))
	})
	t.Run("only its values are bad", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.on = func(c call) (answer, bool) {
			if c.Name != "helm" || !strings.Contains(line(c), " upgrade ") {
				return answer{}, false
			}
			r.deploy(oldImage, "Upgrade complete")
			for _, p := range r.pods {
				if p.service == "cart" {
					p.behaviour = &behaviour{slow: true}
				}
			}
			return answer{}, true
		}
		report, code, _ := r.run()
		require.Equal(t, 3, code, report.Reason)
		require.Equal(t, 1, r.called("helm --namespace shop rollback cart 1"), "the same image is not the same version")
	})
	t.Run("the smoke test fails", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.on = func(c call) (answer, bool) {
			return answer{Complaint: "nothing to buy", Code: 1}, strings.Contains(line(c), " test cart")
		}
		report, code, _ := r.run()
		require.Equal(t, 3, code, report.Reason)
		require.Contains(t, report.Reason, "nothing to buy")
		require.Equal(t, oldImage, r.current())
	})
	t.Run("the smoke test fails by chance", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		tests := 0
		r.on = func(c call) (answer, bool) {
			if strings.Contains(line(c), " test cart") {
				tests++
				return answer{Code: 1}, tests == 1
			}
			return answer{}, false
		}
		_, code, _ := r.run()
		require.Equal(t, 0, code)
	})
}

// When it fails, a version that left the books unsound stays, or one that nobody could audit counts as sound.
func TestTheAuditorHasTheLastWord(t *testing.T) {
	t.Parallel()
	t.Run("the auditor finds something", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.on = func(c call) (answer, bool) {
			return answer{Output: "oversold", Code: map[bool]int{true: 1}[r.current() == newImage]}, c.Name == "auditor"
		}
		report, code, _ := r.run("--audit", "auditor -quiet")
		require.Equal(t, 3, code, report.Reason)
		require.Contains(t, report.Reason, "oversold")
	})
	t.Run("the auditor cannot look", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.on = func(c call) (answer, bool) {
			return answer{Code: map[bool]int{true: 2}[r.current() == newImage]}, c.Name == "auditor"
		}
		report, code, _ := r.run("--audit", "auditor")
		require.Equal(t, 3, code, report.Reason)
		require.Contains(t, report.Reason, "could not look")
	})
}

// When it fails, nobody learns that a bad version is still in place, or the next release takes it for a good one.
func TestARollbackThatFailsIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.bad = behaviour{slow: true}
	r.on = func(c call) (answer, bool) {
		return answer{Complaint: "the server is gone", Code: 1}, c.Name == "helm" && strings.Contains(line(c), " rollback ")
	}
	report, code, _ := r.run("--alert", "sns=arn")
	require.Equal(t, 4, code)
	require.Equal(t, release.Stuck, report.Verdict)
	require.Contains(t, report.Reason, "slower at 3 looks")
	require.Contains(t, report.Reason, "the server is gone")
	require.Equal(t, 3, r.called("helm --namespace shop rollback cart 1"))
	require.Equal(t, 1, r.called("aws sns publish", "rollback failed"))
	require.NotNil(t, r.lease, "it says where to go back to")

	r.on, r.bad = nil, behaviour{}
	spec, _ := r.lease["spec"].(map[string]any)
	spec["renewTime"] = "2020-01-01T00:00:00.000000Z"
	before := r.called("helm --namespace shop rollback cart 1")
	report, code, _ = r.run()
	require.Equal(t, 0, code, report.Reason)
	require.Equal(t, before+1, r.called("helm --namespace shop rollback cart 1"), "first to where the dead release began")
	require.Equal(t, oldImage, report.Before.Image)
}

// When it fails, a release that nobody waits for any more leaves a version that nobody has judged.
func TestAnInterruptedReleaseGoesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	command := r.command("--watch", "10m", "--every", "50ms")
	var log bytes.Buffer
	command.Stderr = &log
	require.NoError(t, command.Start())
	require.Eventually(t, func() bool { return r.called("kubectl --namespace shop get pods") > 12 }, time.Minute, 10*time.Millisecond, "it is watching")
	require.NoError(t, command.Process.Signal(syscall.SIGTERM))
	_ = command.Wait() // the exit code is what is looked at
	require.Equal(t, 3, command.ProcessState.ExitCode(), log.String())
	report := r.report(log.String())
	require.Contains(t, report.Reason, "interrupted")
	require.Equal(t, oldImage, r.current())
	require.Nil(t, r.lease)
}

// When it fails, two releases of a service take each other's versions back.
func TestOnlyOneReleasesAService(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.command("--watch", "10m", "--every", "50ms")
	require.NoError(t, first.Start())
	require.Eventually(t, func() bool { return r.called("kubectl --namespace shop get pods") > 12 }, time.Minute, 10*time.Millisecond, "it is watching")
	report, code, _ := r.run()
	require.Equal(t, 2, code)
	require.Contains(t, report.Reason, "somebody else releases it now")
	require.Equal(t, 1, r.called("helm --namespace shop upgrade"))
	require.NoError(t, first.Process.Signal(syscall.SIGTERM))
	require.Error(t, first.Wait())
}

// When it fails, a place where nothing is seen, or where somebody is at work, is changed all the same.
func TestWhatCannotBeJudgedIsRefused(t *testing.T) {
	t.Parallel()
	pending := func(r *rig) {
		r.history = append(r.history, map[string]any{"revision": 2, "status": "pending-upgrade"})
		r.images[2] = newImage
	}
	for name, c := range map[string]struct {
		set  func(r *rig)
		more []string
		says string
	}{
		"no figures": {func(r *rig) {
			r.pods["inventory-1"].behaviour = &behaviour{silent: func(int) bool { return true }}
		}, nil, "signals cannot be read"},
		"a digest that is none": {nil, []string{"--image", "latest"}, "is not sha256"},
		"too few looks":         {nil, []string{"--watch", "40ms"}, "watch longer"},
		"no chart":              {nil, []string{"--chart", "/nowhere"}, "Chart.yaml"},
		"helm is at work":       {pending, nil, "-recover"},
		"a shop that is unsound": {func(r *rig) {
			r.on = func(c call) (answer, bool) { return answer{Code: 1}, c.Name == "auditor" }
		}, []string{"--audit", "auditor"}, "before anything was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if c.set != nil {
				c.set(r)
			}
			report, code, output := r.run(c.more...)
			require.Equal(t, 2, code)
			require.Contains(t, report.Reason, c.says)
			require.Zero(t, r.called("helm --namespace shop upgrade"))
			require.Zero(t, r.called("helm --namespace shop rollback"))
			require.Empty(t, output, "no marker of what did not happen")
			require.Nil(t, r.lease)
		})
	}
	r := newRig(t)
	pending(r)
	report, code, _ := r.run("--recover")
	require.Equal(t, 0, code, report.Reason)
	require.Equal(t, 1, r.called("helm --namespace shop rollback cart 1"))
}

// When it fails, people are told by nobody although they asked to be, or a channel that is down changes what happens.
func TestAlertsAreTriedAgainAndNeverChangeTheVerdict(t *testing.T) {
	t.Parallel()
	var posts atomic.Int64
	var told atomic.Value
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if posts.Add(1) < 3 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		var body map[string]any
		_ = json.NewDecoder(request.Body).Decode(&body)
		told.Store(body)
	}))
	t.Cleanup(hook.Close)
	r := newRig(t)
	r.bad = behaviour{faults: func(int) int { return 100 }}
	r.on = func(c call) (answer, bool) { return answer{Complaint: "denied", Code: 254}, c.Name == "aws" }
	report, code, _ := r.run("--alert", "webhook="+hook.URL, "--alert", "sns=arn", "--mark", "cloudwatch=staging")
	require.Equal(t, 3, code)
	require.EqualValues(t, 3, posts.Load())
	body, _ := told.Load().(map[string]any)
	require.Equal(t, "cart", body["service"])
	require.Equal(t, "rolled back", body["verdict"])
	require.Contains(t, body["reason"], "errors")
	require.Equal(t, 4, r.called("aws sns publish"), "as often as it is tried")
	require.Contains(t, fmt.Sprint(report.Problems), "nobody was told: aws sns publish")
	require.Contains(t, fmt.Sprint(report.Problems), "mark the release")
}

// When it fails, graphs of a deployed version cannot be told from those before.
func TestMarksReachCloudWatchAndGrafana(t *testing.T) {
	t.Parallel()
	var notes atomic.Int64
	grafana := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/api/annotations" && request.Header.Get("Authorization") == "Bearer secret" {
			notes.Add(1)
		}
	}))
	t.Cleanup(grafana.Close)
	r := newRig(t)
	command := r.command("--mark", "cloudwatch=production", "--mark", "grafana="+grafana.URL)
	command.Env = append(command.Env, "GRAFANA_TOKEN=secret")
	require.NoError(t, command.Run())
	require.EqualValues(t, 2, notes.Load(), "its beginning and its end")
	require.Equal(t, 2, r.called("aws cloudwatch put-metric-data --namespace Cartwright --metric-name release", "cluster=production,service=cart"))
}

// When it fails, the repository does not know what runs, and the next change is compared with the wrong version.
func TestAGoodVersionIsRecorded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	file := filepath.Join(r.dir, "released.json")
	root, commit := repository(t)
	arguments := []string{"--root", root, "--record", file, "--version", "1.2.0", "--commit", commit}
	report, code, _ := r.run(arguments...)
	require.Equal(t, 0, code, report.Reason)
	record, err := released.Load(file)
	require.NoError(t, err)
	one, err := record.Of("cart")
	require.NoError(t, err)
	require.Equal(t, []any{"1.2.0", commit, digest, int64(2)}, []any{one.Version, one.Commit, one.ImageDigest, one.Schema})

	// The record would not take another image as the same version: nothing is released then.
	other := strings.Replace(digest, "2", "3", 1)
	command := r.command(append(arguments, "--image", other)...)
	require.Error(t, command.Run())
	require.Equal(t, 2, command.ProcessState.ExitCode())
	require.Equal(t, 1, r.called("helm --namespace shop upgrade"))
	require.NoError(t, os.Remove(file))
	r.bad = behaviour{waiting: "CrashLoopBackOff"}
	report, code, _ = r.run(arguments...)
	require.Equal(t, 3, code, report.Reason)
	require.NoFileExists(t, file)
}

// When it fails, a release whose lease somebody else has taken fights with theirs.
func TestALostLeaseEndsEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.bad = behaviour{slow: true}
	looked := 0
	r.on = func(c call) (answer, bool) {
		// The lease goes to somebody else when the watch begins, and is found out at the next renewal.
		if strings.Contains(line(c), "get pods") && r.current() == newImage {
			if looked++; looked == 2 {
				spec, _ := r.lease["spec"].(map[string]any)
				spec["holderIdentity"] = "somebody else"
				r.version++
			}
		}
		return answer{}, false
	}
	report, code, _ := r.run("--watch", "10m", "--every", "1s", "--lease", "2s")
	require.Equal(t, 4, code, report.Reason)
	require.Contains(t, report.Reason, "the lease was lost")
	require.Zero(t, r.called("helm --namespace shop rollback"))
	require.NotNil(t, r.lease, "it is theirs")
}
