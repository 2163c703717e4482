package watch

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// Look is what one look at a version saw.
type Look struct {
	At time.Time `json:"at"`
	// Missing says why nothing was seen, if so.
	Missing string `json:"missing,omitempty"`
	// Figures are by name of the check: what was seen, and what it may be. Figures that too few calls stand behind are left out.
	Figures map[string]Figure `json:"figures,omitempty"`
	// Breaches are the checks that found too much.
	Breaches []string `json:"breaches,omitempty"`
	Calls    float64  `json:"calls"`
}

// Figure is one that was judged.
type Figure struct {
	Seen  float64 `json:"seen"`
	Limit float64 `json:"limit"`
	// Of tells which RPC it is about.
	Of string `json:"of,omitempty"`
	// bad is set apart from Seen > Limit: a share must be too large for sure.
	bad bool
}

// The checks.
const (
	checkErrors     = "errors"
	checkP99        = "p99"
	checkSlower     = "slower"
	checkCallers    = "callerErrors"
	checkWaiting    = "callerSlower"
	checkRestarts   = "restarts"
	checkSagaAge    = "sagaAge"
	checkHeld       = "held"
	checkAttention  = "attention"
	checkViolations = "violations"
)

// Judge compares what a version does with its thresholds and with what the version before it did. It is used by one goroutine.
type Judge struct {
	limits Thresholds
	// before is what the version before did, nil when nobody looked.
	before *Window
	began  time.Time
	looks  []Look
	inRow  map[string]int
	missed int
	// calls are all that the version has served.
	calls float64
}

// NewJudge begins at a time. before is what was seen earlier, nil when nothing was.
func NewJudge(limits Thresholds, before *Window, began time.Time) *Judge {
	return &Judge{limits: limits, before: before, began: began, inRow: map[string]int{}}
}

// Looks are those so far.
func (j *Judge) Looks() []Look { return j.looks }

// See judges what was seen: the last while for calls, everything since the version runs for reservations and where there were few calls.
// It returns a reason when that is enough to take the version back.
func (j *Judge) See(at time.Time, recent, whole Window, restarts int) (reason string) {
	look := Look{At: at, Calls: together(recent.RPCs).Total, Figures: j.figures(at, recent, whole, restarts)}
	for _, name := range slices.Sorted(maps.Keys(look.Figures)) {
		if look.Figures[name].bad {
			look.Breaches = append(look.Breaches, name)
		}
	}
	j.calls = together(whole.RPCs).Total
	if look.Calls == 0 {
		look.Missing = "no calls were served"
	}
	return j.add(look)
}

// Miss notes a look that saw nothing but restarts.
func (j *Judge) Miss(at time.Time, why string, restarts int) (reason string) {
	look := Look{At: at, Missing: why, Figures: map[string]Figure{}}
	look.Figures[checkRestarts] = j.restarts(restarts)
	if look.Figures[checkRestarts].bad {
		look.Breaches = []string{checkRestarts}
	}
	return j.add(look)
}

func (j *Judge) add(look Look) (reason string) {
	j.looks = append(j.looks, look)
	for _, name := range []string{
		checkErrors, checkP99, checkSlower, checkCallers, checkWaiting, checkRestarts, checkSagaAge, checkHeld, checkAttention, checkViolations,
	} {
		if !slices.Contains(look.Breaches, name) {
			if _, judged := look.Figures[name]; judged {
				j.inRow[name] = 0
			}
			continue
		}
		j.inRow[name]++
		if j.inRow[name] >= j.limits.Breaches && reason == "" {
			reason = fmt.Sprintf("%s at %d looks in a row: %s", name, j.inRow[name], look.Figures[name])
		}
	}
	if look.Missing == "" {
		j.missed = 0
		return reason
	}
	j.missed++
	if j.missed >= j.limits.Missing && reason == "" {
		reason = fmt.Sprintf("nothing was seen at %d looks in a row: %s", j.missed, look.Missing)
	}
	return reason
}

// Pending tells whether the last look was bad or saw nothing: too early to call a version good.
func (j *Judge) Pending() bool {
	if len(j.looks) == 0 {
		return true
	}
	last := j.looks[len(j.looks)-1]
	return len(last.Breaches) > 0 || last.Missing != ""
}

// End returns a reason to take a version back that never was bad for long: one that was bad at a third of the looks, that was hardly ever
// seen, or too few called to prove anything.
func (j *Judge) End() (reason string) {
	bad, missing := map[string]int{}, 0
	for _, look := range j.looks {
		for _, name := range look.Breaches {
			bad[name]++
		}
		if look.Missing != "" {
			missing++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		if bad[name] >= j.limits.Breaches && 3*bad[name] >= len(j.looks) {
			return fmt.Sprintf("%s at %d of %d looks, again and again", name, bad[name], len(j.looks))
		}
	}
	switch {
	case len(j.looks) == 0 || 2*missing > len(j.looks):
		return fmt.Sprintf("nothing was seen at %d of %d looks", missing, len(j.looks))
	case j.calls < j.limits.Calls:
		return fmt.Sprintf("too few calls: %.0f, and %.0f are needed to judge", j.calls, j.limits.Calls)
	}
	return ""
}

// String is what was seen and what it may be.
func (f Figure) String() string {
	text := fmt.Sprintf("%.4g, and it may be %.4g", f.Seen, f.Limit)
	if f.Of != "" {
		text += " (" + f.Of + ")"
	}
	return text
}

func (j *Judge) figures(at time.Time, recent, whole Window, restarts int) map[string]Figure {
	list := map[string]Figure{checkRestarts: j.restarts(restarts)}
	before := Window{}
	if j.before != nil {
		before = *j.before
	}
	if all := j.enough(recent.RPCs, whole.RPCs); all.Total >= j.limits.Calls {
		list[checkErrors] = j.errors(all, together(whole.RPCs), together(before.RPCs))
		list[checkP99] = j.p99(all, together(before.RPCs))
	}
	if f, ok := j.slower(recent.RPCs, whole.RPCs, before.RPCs); ok {
		list[checkSlower] = f
	}
	if all := j.enough(recent.Callers, whole.Callers); all.Total >= j.limits.Calls {
		list[checkCallers] = j.errors(all, together(whole.Callers), together(before.Callers))
	}
	if f, ok := j.slower(recent.Callers, whole.Callers, before.Callers); ok {
		list[checkWaiting] = f
	}
	if whole.Reserved >= j.limits.Reservations {
		limit := j.limits.Held
		if j.before != nil && j.before.Reserved >= j.limits.Reservations {
			limit = max(limit, worse(j.before.Reserved-j.before.Ended, j.before.Reserved))
		}
		held := max(0, whole.Reserved-whole.Ended)
		list[checkHeld] = Figure{Seen: held / whole.Reserved, Limit: min(limit, 0.9), bad: surely(held, whole.Reserved) > min(limit, 0.9)}
	}
	for state, name := range map[State]string{SagaAge: checkSagaAge, Attention: checkAttention, Violations: checkViolations} {
		if seen, ok := recent.States[state]; ok {
			limit := j.allowed(state, at)
			list[name] = Figure{Seen: seen, Limit: limit, bad: seen > limit}
		}
	}
	return list
}

// enough are the calls of the last while, or all where those are few.
func (j *Judge) enough(recent, whole map[string]Calls) Calls {
	if all := together(recent); all.Total >= j.limits.Calls {
		return all
	}
	return together(whole)
}

// errors are bad when the last while shows it for sure, or goes on, at half the share at least, with what everything since the version
// runs shows for sure: few calls at a time never do, and what is over for good is no reason to look at noise with less patience.
func (j *Judge) errors(all, whole, before Calls) Figure {
	limit := max(j.limits.Errors, worse(before.Faults, before.Total))
	seen := all.Faults / all.Total
	goesOn := seen > limit && seen >= whole.Faults/whole.Total/2
	bad := surely(all.Faults, all.Total) > limit || goesOn && surely(whole.Faults, whole.Total) > limit
	return Figure{Seen: seen, Limit: limit, bad: bad}
}

// worse is twice the share of before, as far as that is sure: what was so already is nothing that the new version has brought, and a
// few bad calls before are no leave for many.
func worse(bad, total float64) float64 {
	if total <= 0 {
		return 0
	}
	return 2 * surely(max(0, bad), total)
}

func (j *Judge) restarts(n int) Figure {
	return Figure{Seen: float64(n), Limit: float64(j.limits.Restarts), bad: n > j.limits.Restarts}
}

// p99 compares the share of calls that took longer with one in a hundred. A source whose times end before the threshold is asked for
// those beyond its last bound, of which there may be five in a hundred.
func (j *Judge) p99(all, before Calls) Figure {
	limit, share := j.limits.P99.Seconds(), 0.01
	slow, bound := all.over(limit)
	if bound == 0 {
		for le := range all.Buckets {
			if !math.IsInf(le, 1) {
				bound = max(bound, le)
			}
		}
		share = 0.05
		slow, _ = all.over(bound)
	}
	earlier, _ := before.over(bound)
	share = max(share, worse(earlier, before.Total))
	seen := all.quantile(1 - share)
	if math.IsNaN(seen) {
		seen = 0
	}
	return Figure{Seen: seen, Limit: bound, bad: bound > 0 && surely(slow, all.Total) > share}
}

// slower finds the RPC whose median grew most. Medians of single RPCs stay where they are when others are called more often, and a few
// slow calls do not move them.
func (j *Judge) slower(recent, whole, before map[string]Calls) (worst Figure, found bool) {
	for _, name := range slices.Sorted(maps.Keys(whole)) {
		now, then := recent[name], before[name]
		if now.Total < j.limits.Calls {
			now = whole[name]
		}
		if now.Total < j.limits.Calls || then.Total < j.limits.Calls {
			continue
		}
		grown := now.quantile(0.5) - then.quantile(0.5)
		if math.IsNaN(grown) || found && grown <= worst.Seen {
			continue
		}
		limit := j.limits.Slower.Seconds()
		worst, found = Figure{Seen: grown, Limit: limit, Of: name, bad: grown > limit}, true
	}
	return worst, found
}

// allowed is what a state may be: a saga that was old before may grow older, and counts may stay what they were.
func (j *Judge) allowed(state State, at time.Time) float64 {
	then := 0.0
	if j.before != nil {
		then = j.before.States[state]
	}
	switch state {
	case SagaAge:
		limit := j.limits.SagaAge.Seconds()
		if then > limit/2 {
			return max(limit, then+at.Sub(j.began).Seconds()+limit)
		}
		return limit
	case Attention:
		return then + j.limits.Attention
	default:
		return then + j.limits.Violations
	}
}
