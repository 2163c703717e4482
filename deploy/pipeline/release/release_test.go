package release_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/release"
)

// When it fails, a version that does all it should is taken away from those who wait for it, or nobody can see that it came.
func TestAGoodVersionStays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.bad = behaviour{faults: func(look int) int { return look % 2 }} // one call of 400 fails
	report, code, output := r.run("--version", "1.1.0", "--commit", strings.Repeat("a", 40))
	require.Equal(t, 0, code, report.Reason)
	require.Equal(t, release.Released, report.Verdict)
	require.Equal(t, 1, report.BackTo)
	require.Equal(t, 2, report.After)
	require.Equal(t, oldImage, report.Before.Image)
	require.GreaterOrEqual(t, len(report.Looks), 3)
	require.Contains(t, report.Looks[len(report.Looks)-1].Figures, "held")
	require.Equal(t, newImage, r.current())
	require.Zero(t, r.called("helm --namespace shop rollback"))
	require.Equal(t, 1, r.called("helm", "upgrade --install --atomic", "image.digest="+digest, "image.tag=1.1.0", `podAnnotations.cartwright\.shop/commit=aaaa`))
	require.Equal(t, 1, r.called("helm", "test cart"))
	require.Nil(t, r.lease, "the next release can begin")
	var states []string
	for line := range strings.Lines(output) {
		var m release.Marker
		require.NoError(t, json.Unmarshal([]byte(line), &m))
		require.Equal(t, "release", m.Event)
		states = append(states, m.State)
	}
	require.Equal(t, []string{"started", "done"}, states)
}

// When it fails, buyers are left with a version that fails, is slow, eats the stock or dies.
func TestABadVersionIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, says string
		bad        behaviour
	}{
		{"one call of twenty fails", "errors at 3 looks", behaviour{faults: func(int) int { return 10 }}},
		{"callers do not reach it", "callerErrors at 3 looks", behaviour{lost: 10}},
		{"300 ms more", "slower at 3 looks", behaviour{slow: true}},
		{"reservations leak", "held at 3 looks", behaviour{leak: true}},
		{"it dies again and again", "restarts at 3 looks", behaviour{restarts: func(look int) int { return look }}},
		{"it waits to be started again", "restarts at 3 looks", behaviour{waiting: "CrashLoopBackOff"}},
		{"sagas do not end", "sagaAge at 3 looks", behaviour{sagas: 90}},
		{"the books do not add up", "violations at 3 looks", behaviour{drift: -5}},
		{"it is not called", "no calls were served", behaviour{idle: true}},
		{"it tells nothing", "nothing was seen at 4 looks", behaviour{silent: func(int) bool { return true }}},
		{"it is bad every other time", "errors at", behaviour{faults: func(look int) int { return (look % 2) * 200 }}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.bad = c.bad
			report, code, output := r.run("--alert", "sns=arn:aws:sns:eu-west-1:1:alerts")
			require.Equal(t, 3, code, report.Reason)
			require.Equal(t, release.RolledBack, report.Verdict)
			require.Contains(t, report.Reason, c.says)
			require.Equal(t, oldImage, r.current())
			require.Equal(t, 1, r.called("helm --namespace shop rollback cart 1 --wait"))
			require.Equal(t, 1, r.called("aws sns publish", "arn:aws:sns:eu-west-1:1:alerts", c.says))
			require.Nil(t, r.lease)
			require.Contains(t, output, `"state":"rolled back"`)
		})
	}
}

// When it fails, people release around a tool that takes good versions back for the noise that every shop has: a few failures, a look
// that finds nothing, a saga that takes its time, a pod that is moved.
func TestTwentyGoodVersionsStay(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			noise := func(look int) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(look))) }
			r.bad = behaviour{
				faults: func(look int) int {
					if look%7 == 3 {
						return 4 // 2 %, where 1 % may fail
					}
					return noise(look).IntN(3)
				},
				silent: func(look int) bool { return noise(look).IntN(12) == 0 },
				sagas:  float64(noise(0).IntN(55)), stumbles: seed%2 == 1, lost: int(seed % 2),
			}
			report, code, _ := r.run()
			require.Equal(t, 0, code, report.Reason)
			require.Equal(t, newImage, r.current())
		})
	}
}

// When it fails, noise that is over before anybody notices takes good versions back.
func TestABlipIsNoReason(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]behaviour{
		"two bad looks":                         {faults: func(look int) int { return map[bool]int{true: 100}[look == 4 || look == 5] }},
		"two bad looks, noise before and after": {faults: func(look int) int { return map[bool]int{true: 100, false: 3}[look == 4 || look == 5] }},
		"two silent looks":                      {silent: func(look int) bool { return look == 4 || look == 5 }},
		"one restart":                           {stumbles: true},
		"a saga of a while":                     {sagas: 45},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.bad = bad
			report, code, _ := r.run()
			require.Equal(t, 0, code, report.Reason)
		})
	}
}
