package overload

import (
	"fmt"
	"io"
	"time"
)

// The bars.
const (
	leastSuccess     = 0.99
	leastGoodput     = 0.90
	leastOffered     = 0.95
	mostFailed       = 0.001
	mostUnsent       = 0.01
	slower           = 2
	longestBack      = 10
	longestOutage    = 30
	mostAmplified    = 1.1
	enoughForP99     = 100 // of fewer, one is more than a hundredth
	steadyDifference = 0.15
)

// Success is the part of those who asked to pay that have an order.
func (r Result) Success() float64 {
	return float64(r.Overload.Paid) / float64(max(r.Overload.AtTill, 1))
}

// Goodput is the work in good answers in the overload as a part of the capacity, before and after taken together.
func (r Result) Goodput() float64 {
	return 2 * r.work(r.Overload) / max(r.work(r.Before)+r.work(r.After), 1)
}

// Slower is how much longer the worst kind took at p99 for those who were let in. Kinds of which too few were let in to tell are
// in unjudged instead.
func (r Result) Slower() (worst float64, kind string, unjudged []string) {
	for k := range kinds {
		name := k.String()
		before, over := r.Before.Kinds[name], r.Overload.Kinds[name]
		if min(over.Good, before.Good) < enoughForP99 || before.P99 == 0 {
			unjudged = append(unjudged, name)
			continue
		}
		if ratio := float64(over.P99) / float64(before.P99); ratio > worst {
			worst, kind = ratio, name
		}
	}
	return worst, kind, unjudged
}

// named is a phase by its name in the table.
type named struct {
	name string
	of   Phase
}

func (r Result) phases() []named {
	return []named{{"capacity", r.Before}, {"overload", r.Overload}, {"normal", r.Normal}, {"capacity", r.After}}
}

// Failed is the part of those not refused who got an error or no answer, in the worst phase. Refusals are not in the whole: they
// would make failures look few.
func (r Result) Failed() (worst float64, phase string) {
	return r.worst(func(c Counts) (part, whole int) { return c.Failed, c.Good + c.Failed })
}

// Unsent is the part of all requests that the load generator did not send, in the worst phase: what was not sent proves nothing.
func (r Result) Unsent() (worst float64, phase string) {
	return r.worst(func(c Counts) (part, whole int) { return c.Unsent, c.Good + c.Refused + c.Failed + c.Unsent })
}

// worst is the largest share that a phase has, its kinds taken together.
func (r Result) worst(share func(Counts) (part, whole int)) (worst float64, phase string) {
	for _, p := range r.phases() {
		part, whole := 0, 0
		for _, c := range p.of.Kinds {
			one, all := share(c)
			part, whole = part+one, whole+all
		}
		if s := float64(part) / float64(max(whole, 1)); s > worst || phase == "" {
			worst, phase = s, p.name
		}
	}
	return worst, phase
}

// Amplified is the worst of the cases.
func (r Result) Amplified() float64 {
	worst := 0.0
	for _, a := range r.Amplification {
		worst = max(worst, a.Ratio())
	}
	return worst
}

// Print writes the table and the bars, and tells whether all are met.
func (r Result) Print(w io.Writer) bool {
	fmt.Fprintf(w, "\n%s, load average of the machine %v, %d clients at capacity\n", r.Date, r.Machine, r.Clients)
	fmt.Fprintf(w, "CPU µs of a good answer: browse %.0f, cart write %.0f, checkout %.0f\n\n", r.CPU[Browse.String()], r.CPU[CartWrite.String()], r.CPU[Checkout.String()])
	fmt.Fprintf(w, "%-10s %-10s %8s %8s %8s %7s %7s %9s %9s %11s\n", "phase", "kind", "good", "good/s", "refused", "failed", "unsent", "p50", "p99", "refusal p99")
	for _, row := range r.phases() {
		row.of.print(w, row.name)
	}
	fmt.Fprintf(w, "\nbuyers in the overload: %d began, %d came to the till, %d have an order (refused writes are sent again up to %d times, payments up to %d, with the same key)\n",
		r.Overload.Buyers, r.Overload.AtTill, r.Overload.Paid, cartTries-1, tillTries-1)
	for _, a := range r.Amplification {
		fmt.Fprintf(w, "pricing fails (%s): %d requests, %d calls, %.2f\n", a.Case, a.Requests, a.Arrived, a.Ratio())
	}
	if drift := r.After.GoodPerSecond / max(r.Before.GoodPerSecond, 1); drift < 1-steadyDifference || drift > 1+steadyDifference {
		fmt.Fprintf(w, "NOTE: the capacity after is %.0f %% of the one before: other work on this machine changed, the shares say little\n", 100*drift)
	}
	fmt.Fprintln(w)
	return r.bars(w)
}

func (r Result) bars(w io.Writer) bool {
	all := true
	say := func(met bool, format string, args ...any) {
		mark := "met   "
		if !met {
			mark, all = "MISSED", false
		}
		fmt.Fprintf(w, mark+"  "+format+"\n", args...)
	}
	say(r.Success() >= leastSuccess && r.Overload.AtTill > 0, "checkouts that came to an order: %.2f %% (at least 99 %%)", 100*r.Success())
	say(r.Goodput() >= leastGoodput, "goodput: %.0f %% of the capacity by work (at least 90 %%), %.0f %% by answers",
		100*r.Goodput(), 200*r.Overload.GoodPerSecond/max(r.Before.GoodPerSecond+r.After.GoodPerSecond, 1))
	worst, kind, unjudged := r.Slower()
	say(worst <= slower && kind != "", "p99 of who is let in: %.1f times that at capacity, worst for %s (at most 2)", worst, kind)
	for _, name := range unjudged {
		say(false, "p99 of %s: NOT JUDGED, %d good answers at capacity and %d in the overload (at least %d of each)",
			name, r.Before.Kinds[name].Good, r.Overload.Kinds[name].Good, enoughForP99)
	}
	r.wrong(say)
	say(r.BackSeconds >= 0 && r.BackSeconds <= longestBack, "back to normal after %d s (at most %d; -1: never)", r.BackSeconds, longestBack)
	if r.Outage != nil {
		back := r.Outage.BackSeconds
		say(back >= 0 && back <= longestOutage,
			"back to normal, with %d good answers/s, %d s after the database, with %.1f times the capacity coming all the time (at most %d; -1: never)",
			r.Outage.LeastGood, back, r.Outage.Times, longestOutage)
	}
	if len(r.Amplification) > 0 {
		say(r.Amplified() <= mostAmplified, "calls at a service that fails, per request: %.2f (at most 1.1)", r.Amplified())
	}
	return all
}

// wrong says the bars of what may go wrong: at the shop, and with the load that is to come.
func (r Result) wrong(say func(met bool, format string, args ...any)) {
	failed, phase := r.Failed()
	say(failed <= mostFailed, "errors and no answer among who was not refused: %.2f %%, worst phase %s (at most 0.1 %%)", 100*failed, phase)
	unsent, phase := r.Unsent()
	say(unsent <= mostUnsent, "requests that the load generator did not send: %.2f %%, worst phase %s (at most 1 %%)", 100*unsent, phase)
	say(r.Planned > 0 && r.Offered >= leastOffered*r.Planned, "load that came: %.0f requests/s of %.0f that were planned (at least 95 %%)", r.Offered, r.Planned)
}

func (p Phase) print(w io.Writer, name string) {
	for k := range kinds {
		c := p.Kinds[k.String()]
		fmt.Fprintf(w, "%-10s %-10s %8d %8.1f %8d %7d %7d %9s %9s %11s\n", name, k, c.Good, float64(c.Good)/max(p.Seconds, 0.001),
			c.Refused, c.Failed, c.Unsent, short(c.P50), short(c.P99), short(c.RefusedP99))
		name = ""
	}
	fmt.Fprintf(w, "%10s all: %.0f good/s, shop %.2f cores, load generator %.2f cores\n", "", p.GoodPerSecond, p.ShopCores, p.LoadCores)
	if p.FirstFailure != "" {
		fmt.Fprintf(w, "%10s first failure: %s\n", "", p.FirstFailure)
	}
}

func short(d time.Duration) string { return d.Round(100 * time.Microsecond).String() }
