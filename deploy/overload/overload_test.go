package overload

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// steady is a shop that takes 20 ms for everything and serves so many of each kind in ten seconds.
func steady(good int) Phase {
	p := Phase{Seconds: 10, Kinds: map[string]Counts{}, GoodPerSecond: float64(good) * float64(kinds) / 10}
	for k := range kinds {
		p.Kinds[k.String()] = Counts{Good: good, P99: 20 * time.Millisecond}
	}
	return p
}

func fine() Result {
	r := Result{Before: steady(1000), Overload: steady(1000), Normal: steady(500), After: steady(1000)}
	r.CPU = map[string]float64{"browse": 1, "cart write": 2, "checkout": 10}
	r.Planned, r.Offered = 900, 890
	r.Overload.AtTill, r.Overload.Paid, r.BackSeconds = 100, 100, 1
	r.Amplification = []Amplification{{Requests: 100, Arrived: 105}}
	return r
}

// A proof that calls a shop well which lets buyers down would hide what it is for.
func TestEachBarIsHeld(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.True(t, fine().Print(&out), out.String())
	for name, spoil := range map[string]func(r *Result){
		"lost checkouts":     func(r *Result) { r.Overload.Paid = 98 },
		"nobody at the till": func(r *Result) { r.Overload.AtTill, r.Overload.Paid = 0, 0 },
		"little goodput":     func(r *Result) { r.Overload.Kinds["checkout"] = Counts{Good: 500, P99: time.Millisecond} },
		"late answers":       func(r *Result) { r.Overload.Kinds["browse"] = Counts{Good: 1000, P99: 41 * time.Millisecond} },
		"too few to tell": func(r *Result) {
			r.Overload.Kinds["browse"] = Counts{Good: 99, Refused: 901, P99: 20 * time.Millisecond}
		},
		"nothing to compare": func(r *Result) { r.Before.Kinds["browse"] = Counts{Good: 99, P99: 20 * time.Millisecond} },
		"errors":             func(r *Result) { spoiled(r.Overload, func(c *Counts) { c.Failed = 4 }) },
		"errors in a crowd":  func(r *Result) { spoiled(r.Overload, func(c *Counts) { c.Failed, c.Refused = 4, 100_000 }) },
		"errors at capacity": func(r *Result) { spoiled(r.Before, func(c *Counts) { c.Failed = 4 }) },
		"errors afterwards":  func(r *Result) { spoiled(r.Normal, func(c *Counts) { c.Failed = 2 }) },
		"load not sent":      func(r *Result) { spoiled(r.Overload, func(c *Counts) { c.Unsent = 31 }) },
		"load did not come":  func(r *Result) { r.Offered = 854 },
		"no load planned":    func(r *Result) { r.Planned, r.Offered = 0, 0 },
		"slow to recover":    func(r *Result) { r.BackSeconds = 11 },
		"never recovered":    func(r *Result) { r.BackSeconds = -1 },
		"stuck after outage": func(r *Result) { r.Outage = &Outage{BackSeconds: -1} },
		"amplified":          func(r *Result) { r.Amplification[0].Arrived = 111 },
	} {
		r := fine()
		spoil(&r)
		require.False(t, r.Print(&out), name)
	}
	r := fine()
	spoiled(r.Overload, func(c *Counts) { c.Failed, c.Unsent = 3, 30 })
	out.Reset()
	require.True(t, r.Print(&out), "as many as a bar allows: %s", out.String())
}

// spoiled changes the counts of one kind.
func spoiled(p Phase, change func(c *Counts)) {
	c := p.Kinds["cart write"]
	change(&c)
	p.Kinds["cart write"] = c
}

// Whoever reads the table has to learn that a kind was not judged, and by how little.
func TestWhatCannotBeJudgedIsSaid(t *testing.T) {
	t.Parallel()
	r := fine()
	r.Overload.Kinds["browse"] = Counts{Good: 17, Refused: 983, P99: 20 * time.Millisecond}
	var out bytes.Buffer
	require.False(t, r.Print(&out))
	require.Contains(t, out.String(), "p99 of browse: NOT JUDGED, 1000 good answers at capacity and 17 in the overload")
}

// A shop that refuses everybody but one after its database died must not count as back.
func TestNearlyNobodyServedIsNotBack(t *testing.T) {
	t.Parallel()
	shop := func(served, turnedAway int) *tally {
		phase := &tally{ended: 10 * time.Second}
		for second := range 10 {
			for n := range served + turnedAway {
				one := sample{at: time.Duration(second)*time.Second + 500*time.Millisecond, took: 10 * time.Millisecond}
				if n >= served {
					one.fate = refused
				}
				phase.samples[Browse] = append(phase.samples[Browse], one)
			}
		}
		return phase
	}
	as := fine().crowded()
	require.Equal(t, 150, as.least, "half of what is served in the overload")
	require.Equal(t, -1, shop(1, 900).back(0, as))
	require.Equal(t, -1, shop(149, 900).back(0, as))
	require.Equal(t, 0, shop(150, 900).back(0, as))

	as = fine().usual()
	require.Equal(t, 75, as.least, "half of what comes, which is half of the capacity")
	require.Equal(t, -1, shop(74, 0).back(0, as), "the others still wait")
	require.Equal(t, 0, shop(75, 0).back(0, as))
}

// A shop is back to normal once it stays so, not in the first second by luck.
func TestBackToNormalNeedsCalm(t *testing.T) {
	t.Parallel()
	phase := &tally{ended: 10 * time.Second}
	for second := range 10 {
		took := 10 * time.Millisecond
		if second == 0 || second == 2 {
			took = time.Second
		}
		at := time.Duration(second)*time.Second + 500*time.Millisecond
		phase.samples[Browse] = append(phase.samples[Browse], sample{at: at, took: took})
	}
	as := normal{bound: [kinds]time.Duration{50 * time.Millisecond, 50 * time.Millisecond, 50 * time.Millisecond}}
	require.Equal(t, 3, phase.back(0, as))
	require.Equal(t, 1, phase.back(2, as))
	for second := range 10 {
		phase.samples[Browse] = append(phase.samples[Browse], sample{at: time.Duration(second) * time.Second, fate: refused})
	}
	require.Equal(t, -1, phase.back(0, as))
	as.overloaded = true
	require.Equal(t, 3, phase.back(0, as), "refusals are meant")
}

// Only what the shop refused by plan counts as refused; everything else that is no good answer is a failure.
func TestFatesAreToldApart(t *testing.T) {
	t.Parallel()
	overloaded := []byte(`{"reason":"OVERLOADED"}`)
	require.Equal(t, good, fateOf(answer{status: http.StatusCreated}, nil))
	require.Equal(t, refused, fateOf(answer{status: http.StatusServiceUnavailable, body: overloaded}, nil))
	require.Equal(t, refused, fateOf(answer{status: http.StatusTooManyRequests}, nil))
	require.Equal(t, failed, fateOf(answer{status: http.StatusServiceUnavailable, body: []byte(`{"reason":"DATABASE_UNAVAILABLE"}`)}, nil))
	require.Equal(t, failed, fateOf(answer{status: http.StatusInternalServerError, body: overloaded}, nil))
	require.Equal(t, failed, fateOf(answer{}, errors.New("reset")))
	require.Equal(t, unsent, fateOf(answer{}, errNotSent))
}
