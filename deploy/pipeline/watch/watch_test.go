package watch

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/released"
)

func limits() Thresholds {
	return Thresholds{
		Errors: 0.01, P99: 2500 * time.Millisecond, Slower: 150 * time.Millisecond, Restarts: 1, SagaAge: time.Minute, Held: 0.3,
		Breaches: 3, Missing: 6, Calls: 30, Reservations: 30,
	}
}

// served are calls of which some fail and some take 300 ms more.
func served(total, faults, slow float64) map[string]Calls {
	return map[string]Calls{"/a/Get": {Total: total, Faults: faults, Buckets: map[float64]float64{
		0.01: total - slow, 0.25: total - slow, 0.5: total, 2.5: total, math.Inf(1): total,
	}}}
}

// When it fails, a version goes or stays by the luck of a few calls.
func TestFewCallsProveNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		total, faults float64
		bad           bool
	}{
		{100, 1, false}, {100, 2, false}, {1000, 10, false}, {1000, 15, false}, {100, 5, true}, {1000, 50, true}, {40, 1, false}, {29, 29, false},
	} {
		j := NewJudge(limits(), nil, time.Time{})
		w := Window{RPCs: served(c.total, c.faults, 0)}
		require.Empty(t, j.See(time.Time{}, w, w, 0))
		require.Equal(t, c.bad, len(j.looks[0].Breaches) == 1, "%v of %v", c.faults, c.total)
	}
}

// When it fails, what the version before did already is held against the new one.
func TestAVersionIsComparedWithTheOneBefore(t *testing.T) {
	t.Parallel()
	before := Window{
		RPCs: served(1000, 40, 900), Reserved: 1000, Ended: 600, States: map[State]float64{SagaAge: 500, Attention: 3, Violations: 7},
	}
	now := Window{RPCs: served(1000, 60, 900), Reserved: 100, Ended: 40, States: map[State]float64{SagaAge: 540, Attention: 3, Violations: 7}}
	began := time.Time{}.Add(time.Hour)
	j := NewJudge(limits(), &before, began)
	require.Empty(t, j.See(began.Add(40*time.Second), now, now, 0))
	require.Empty(t, j.looks[0].Breaches)

	worse := Window{RPCs: served(1000, 120, 900), Reserved: 100, Ended: 2, States: map[State]float64{SagaAge: 900, Attention: 4, Violations: 8}}
	require.Empty(t, j.See(began.Add(60*time.Second), worse, worse, 2))
	require.Equal(t, []string{checkAttention, checkErrors, checkHeld, checkRestarts, checkSagaAge, checkViolations}, j.looks[1].Breaches)
}

// When it fails, a version with which every twentieth call fails stays because a handful of calls had failed just before it came, or
// because no single look has enough calls to be sure.
func TestAFewFailuresBeforeAreNoLeaveForMany(t *testing.T) {
	t.Parallel()
	before := Window{Callers: served(325, 4, 0)}
	j := NewJudge(limits(), &before, time.Time{})
	recent := Window{RPCs: served(80, 0, 0), Callers: served(80, 4, 0)}
	require.Empty(t, j.See(time.Time{}, recent, recent, 0))
	require.Equal(t, []string{checkCallers}, j.looks[0].Breaches)

	before = Window{Callers: served(2000, 24, 0)}
	whole := Window{RPCs: served(800, 0, 0), Callers: served(800, 40, 0)}
	j = NewJudge(limits(), &before, time.Time{})
	j.See(time.Time{}, Window{RPCs: served(80, 0, 0), Callers: served(80, 3, 0)}, whole, 0)
	require.Equal(t, []string{checkCallers}, j.looks[0].Breaches, "no single look would show it")
	j.See(time.Time{}, Window{RPCs: served(80, 0, 0), Callers: served(80, 0, 0)}, whole, 0)
	require.Empty(t, j.looks[1].Breaches, "what is over is over")
}

// When it fails, one RPC that became slow hides behind many that did not, or a change of what is called looks like slowness.
func TestMediansAreComparedByRPC(t *testing.T) {
	t.Parallel()
	mixed := func(rare float64, slow bool) Window {
		w := Window{RPCs: served(10000, 0, 0)}
		c := Calls{Total: rare, Buckets: map[float64]float64{0.01: 0, 0.25: 0, 0.5: rare, 2.5: rare, math.Inf(1): rare}}
		if !slow {
			c.Buckets[0.01], c.Buckets[0.25] = rare, rare
		}
		w.RPCs["/a/Rare"] = c
		return w
	}
	before := mixed(50, false)
	j := NewJudge(limits(), &before, time.Time{})
	j.See(time.Time{}, mixed(50, true), mixed(50, true), 0)
	require.Equal(t, []string{checkSlower}, j.looks[0].Breaches)
	require.Equal(t, "/a/Rare", j.looks[0].Figures[checkSlower].Of)
	slow := mixed(50, true)
	j = NewJudge(limits(), &slow, time.Time{})
	j.See(time.Time{}, mixed(5000, true), mixed(5000, true), 0)
	require.Empty(t, j.looks[0].Breaches)
}

func page(reserved, ended, calls string) []byte {
	return []byte("# TYPE x counter\n" +
		"inventory_reservations_total{outcome=\"ok\",step=\"reserve\"} " + reserved + "\ninventory_reservations_total{outcome=\"ok\",step=\"commit\"} " + ended +
		"\ninventory_reservations_total{outcome=\"OUT_OF_STOCK\",step=\"reserve\"} 900\ninventory_reservations_expired_total 0\n" +
		"rpc_server_requests_total{code=\"OK\",rpc=\"/a/\\\"b\\\"\"} " + calls + "\nsomething_else{a=\"b\"} NaN\n")
}

func shot(t *testing.T, at int, pages map[string][]byte) snapshot {
	t.Helper()
	s := snapshot{at: time.Unix(int64(at), 0), pods: map[string]map[string]series{}}
	for pod, text := range pages {
		list, err := parse(text)
		require.NoError(t, err)
		s.pods[pod] = map[string]series{}
		for _, one := range list {
			s.pods[pod][one.key()] = one
		}
	}
	return s
}

// When it fails, a pod that is started again, comes or goes looks like a leak or like calls that never were.
func TestCountersOfPodsThatComeAndGo(t *testing.T) {
	t.Parallel()
	var h history
	read := func(at int, since time.Time, pages map[string][]byte) Window {
		return h.windows(shot(t, at, pages), "a", []string{"one", "two"}, []time.Time{since})[0]
	}
	// What one pod begins the other ends, as round robin has it.
	w := read(0, time.Unix(0, 0), map[string][]byte{"one": page("300", "10", "1000"), "two": page("10", "300", "500")})
	require.Zero(t, w.Reserved+w.RPCs[`/a/"b"`].Total, "it is the beginning")
	w = read(10, time.Unix(0, 0), map[string][]byte{"one": page("400", "20", "1100"), "two": page("20", "400", "40")})
	require.InDelta(t, 140, w.RPCs[`/a/"b"`].Total, 0, "a counter that fell has begun anew")
	require.Equal(t, []float64{110, 110}, []float64{w.Reserved, w.Ended})
	w = read(20, time.Unix(0, 0), map[string][]byte{"one": page("500", "30", "1200")})
	require.Zero(t, w.Reserved, "the pod that ended what this one began is gone: it counts from here")
	w = read(30, time.Unix(0, 0), map[string][]byte{"one": page("540", "70", "1300")})
	require.Equal(t, []float64{40, 40}, []float64{w.Reserved, w.Ended})
	for n := range 3 * kept {
		w = read(40+n, time.Unix(30, 0), map[string][]byte{"one": page("600", "120", "1400")})
	}
	require.Less(t, len(h.list), kept, "old ones are thinned out")
	require.InDelta(t, 60, w.Reserved, 40)
	_, err := parse([]byte("<html>"))
	require.ErrorContains(t, err, "no page of metrics")
}

// When it fails, a service cannot be released because its thresholds cannot be read, or a typo in them turns a check off.
func TestThresholdsOfEveryServiceAreSound(t *testing.T) {
	t.Parallel()
	for _, service := range released.Services() {
		_, err := LoadThresholds(filepath.Join("..", "thresholds", service+".yaml"))
		require.NoError(t, err)
	}
	text, err := os.ReadFile(filepath.Join("..", "thresholds", "cart.yaml"))
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "t.yaml")
	for _, wrong := range []string{"errrors: 1\n", "errors: 2\n"} {
		require.NoError(t, os.WriteFile(file, append([]byte(wrong), text[len("#"):]...), 0o600))
		_, err := LoadThresholds(file)
		require.Error(t, err)
	}
}
