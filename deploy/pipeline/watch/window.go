// Package watch judges a version of a service by what it is seen to do: it reads figures of its pods and of the shop, and tells which
// are worse than they may be. It knows nothing of how a version is put in place or taken back.
package watch

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"
)

// Source is where figures come from.
type Source interface {
	// Read returns what happened between each of the times and now; the zero time is the beginning of all counters. Calls are those that
	// the pods named have served, all else is of the whole shop. An error is a look at which nothing was seen.
	Read(ctx context.Context, pods []string, since ...time.Time) ([]Window, error)
	// Close ends what the source keeps open.
	Close() error
}

// Calls are those of one RPC.
type Calls struct {
	Total, Faults float64
	// Buckets are calls that took at most so many seconds, as in a histogram of Prometheus.
	Buckets map[float64]float64
}

// Window is what happened in a span of time.
type Window struct {
	// RPCs are calls served, by name; a source that cannot tell them apart has one without a name.
	RPCs map[string]Calls
	// Callers are calls of the service as those who called it saw them, whether or not they ever arrived. Repeated ones count once.
	Callers map[string]Calls
	// Reserved are reservations of stock begun, Ended those bought, given back or expired.
	Reserved, Ended float64
	// States are figures that the shop has now. One that is not there was not seen.
	States map[State]float64
}

// State is a figure of the shop's state.
type State string

// The states.
const (
	// SagaAge is the seconds since the oldest checkout, refund or shipment began that waits for nobody.
	SagaAge State = "sagaAge"
	// Attention counts sagas and payments that need a person.
	Attention State = "attention"
	// Violations counts what the books say that must never be: minor units of drift, and findings of reconciliation.
	Violations State = "violations"
)

// faults are the codes that are the server's fault. Whatever else a caller is told is an answer.
var faults = []string{"Internal", "Unknown", "Unavailable", "DeadlineExceeded", "DataLoss"}

// Backed takes the calls of a longer window for RPCs that were called less often than that.
func (w Window) Backed(longer Window, calls float64) Window {
	w.RPCs, w.Callers = backed(w.RPCs, longer.RPCs, calls), backed(w.Callers, longer.Callers, calls)
	return w
}

func backed(short, long map[string]Calls, calls float64) map[string]Calls {
	rpcs := map[string]Calls{}
	maps.Copy(rpcs, long)
	for name, c := range short {
		if c.Total >= calls || rpcs[name].Total < c.Total {
			rpcs[name] = c
		}
	}
	return rpcs
}

// together are the calls of all RPCs.
func together(rpcs map[string]Calls) Calls {
	sum := Calls{Buckets: map[float64]float64{}}
	for _, c := range rpcs {
		sum.Total += c.Total
		sum.Faults += c.Faults
		for le, n := range c.Buckets {
			sum.Buckets[le] += n
		}
	}
	return sum
}

// quantile interpolates as Prometheus does. It is NaN without calls, and the last bound when it lies beyond.
func (c Calls) quantile(q float64) float64 {
	bounds := slices.Sorted(maps.Keys(c.Buckets))
	if len(bounds) == 0 {
		return math.NaN()
	}
	total := c.Buckets[bounds[len(bounds)-1]]
	if total <= 0 {
		return math.NaN()
	}
	rank, below, from := q*total, 0.0, 0.0
	for i, bound := range bounds {
		count := c.Buckets[bound]
		if count < rank {
			below, from = count, bound
			continue
		}
		if math.IsInf(bound, 1) {
			return bounds[max(0, i-1)]
		}
		if count == below {
			return bound
		}
		return from + (bound-from)*(rank-below)/(count-below)
	}
	return bounds[len(bounds)-1]
}

// over counts calls that took longer than a time: the least bucket bound that is not below it, which is returned. It is 0 without one.
func (c Calls) over(limit float64) (count, bound float64) {
	for _, le := range slices.Sorted(maps.Keys(c.Buckets)) {
		if le >= limit && !math.IsInf(le, 1) {
			return c.Buckets[math.Inf(1)] - c.Buckets[le], le
		}
	}
	return 0, 0
}

// surely is the share of a total that is bad at least, with 97.5 % certainty (Wilson's bound): few calls prove little.
func surely(bad, total float64) float64 {
	if total <= 0 {
		return 0
	}
	const z = 1.96
	p := bad / total
	middle := p + z*z/(2*total)
	spread := z * math.Sqrt(p*(1-p)/total+z*z/(4*total*total))
	return max(0, (middle-spread)/(1+z*z/total))
}
