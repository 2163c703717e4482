package overload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Plan says how long and how hard.
type Plan struct {
	// Times is the overload as a multiple of the capacity.
	Times float64
	// Overload is how long it lasts; Capacity how long the capacity is measured, before and after.
	Overload, Capacity time.Duration
	// Paced starts the gateway anew, with the limit that it finds or with its fixed bound alone. The capacity is what the shop
	// can do with the latter: a limit that is too low must not make the capacity small.
	Paced func(ctx context.Context, on bool) error
	// Output gets progress.
	Output io.Writer
}

// Result is everything that was measured.
type Result struct {
	Date string `json:"date"`
	// Machine is the load average of the machine before, during and after.
	Machine []string `json:"machine"`
	// CPU is what one good answer of a kind costs the shop and Postgres, in microseconds.
	CPU map[string]float64 `json:"cpuMicroseconds"`
	// Clients is how many clients used the shop fully.
	Clients int `json:"clients"`
	// Before and After are the capacity, Overload the surge, and Normal half of the capacity right after it.
	Before   Phase `json:"before"`
	Overload Phase `json:"overload"`
	Normal   Phase `json:"normal"`
	After    Phase `json:"after"`
	// Planned is requests a second that were to come in the overload, and Offered those of the visitors who came, each counted for
	// the requests that one makes on average. What is sent again is in neither.
	Planned float64 `json:"planned"`
	Offered float64 `json:"offered"`
	// BackSeconds is how long after the surge the shop was as before; -1 is never.
	BackSeconds int `json:"backSeconds"`
	// Outage is what came after a death of the database under too much load; nil when that was not tried.
	Outage *Outage `json:"outage,omitempty"`
	// Amplification is what reached a service that fails.
	Amplification []Amplification `json:"amplification"`
}

const (
	// visitsPerRequest is how many visitors make a request on average: 17 make 20.
	visitsPerRequest = 17.0 / 20
	normalShare      = 0.5
	servedShare      = 0.5 // of the good answers to be expected in a second: fewer are not normal
	normalTime       = 20 * time.Second
	leadTime         = 8 * time.Second
	costTime         = 3 * time.Second
	searchTime       = 4 * time.Second
	fewClients       = 4
	// fully is the part of the most answers a second that counts as the shop's full use.
	fully = 0.95
)

// Surge measures the capacity, the overload, what comes after, and the capacity again.
func (c *Crowd) Surge(ctx context.Context, plan Plan) (Result, error) {
	r := Result{Date: time.Now().UTC().Format(time.RFC3339), Machine: []string{loadAverage()}}
	if err := c.capacity(ctx, plan, &r); err != nil {
		return r, err
	}
	if err := c.surge(ctx, plan, &r); err != nil {
		return r, err
	}
	err := plan.Paced(ctx, false)
	if err != nil {
		return r, err
	}
	r.After, _, err = c.closed(ctx, r.Clients, plan.Capacity, c.visitors.visit)
	r.Machine = append(r.Machine, loadAverage())
	return r, errors.Join(err, plan.Paced(ctx, true))
}

// capacity measures what the shop can do at most.
func (c *Crowd) capacity(ctx context.Context, plan Plan, r *Result) error {
	err := plan.Paced(ctx, false)
	if err != nil {
		return err
	}
	if err := c.costs(ctx, r); err != nil {
		return err
	}
	if r.Clients, err = c.fullUse(ctx); err != nil {
		return err
	}
	r.Before, _, err = c.closed(ctx, r.Clients, plan.Capacity, c.visitors.visit)
	return errors.Join(err, plan.Paced(ctx, true))
}

// surge is a usual day, too much, and a usual day again.
func (c *Crowd) surge(ctx context.Context, plan Plan, r *Result) error {
	capacity := r.Before.GoodPerSecond
	r.Planned = plan.Times * capacity
	fmt.Fprintf(plan.Output, "capacity %.0f/s with %d clients; half of it, then %.0f/s for %s\n", capacity, r.Clients, r.Planned, plan.Overload)
	if _, _, err := c.opened(ctx, normalShare*capacity*visitsPerRequest, leadTime, c.visitors.visit); err != nil {
		return err
	}
	r.Machine = append(r.Machine, loadAverage())
	over, surge, err := c.opened(ctx, r.Planned*visitsPerRequest, plan.Overload, c.visitors.visit)
	if err != nil {
		return err
	}
	fmt.Fprintln(plan.Output, "normal load again")
	r.Machine = append(r.Machine, loadAverage())
	calmer, after, err := c.opened(ctx, normalShare*capacity*visitsPerRequest, normalTime, c.visitors.visit)
	if err != nil {
		return err
	}
	c.Settle() // who was inside at the end of a phase belongs to it
	r.Overload, r.Normal = surge.phase().with(over), after.phase().with(calmer)
	r.Offered = float64(r.Overload.Visitors) / visitsPerRequest / max(r.Overload.Seconds, 0.001)
	r.BackSeconds = after.back(0, r.usual())
	return nil
}

// usual is what a second is like when half of the capacity comes.
func (r Result) usual() normal {
	return normal{bound: r.Before.bounds(), least: int(servedShare * normalShare * r.Before.GoodPerSecond)}
}

// crowded is what a second is like when more comes than the shop can serve.
func (r Result) crowded() normal {
	return normal{bound: r.Before.bounds(), overloaded: true, least: int(servedShare * r.Overload.GoodPerSecond)}
}

// with adds the accounts that were read at the end of a phase.
func (p Phase) with(accounts Phase) Phase {
	p.ShopCores, p.LoadCores = accounts.ShopCores, accounts.LoadCores
	return p
}

// bounds are twice the p99 of each kind.
func (p Phase) bounds() (bound [kinds]time.Duration) {
	for k := range kinds {
		bound[k] = slower * p.Kinds[k.String()].P99
	}
	return bound
}

// costs measures what a good answer of each kind costs, one kind after the other.
func (c *Crowd) costs(ctx context.Context, r *Result) error {
	per := func(do act, of func(Phase) int) (float64, error) {
		p, _, err := c.closed(ctx, fewClients, costTime, do)
		return p.ShopCores * p.Seconds * 1e6 / max(float64(of(p)), 1), err
	}
	count := func(k Kind) func(Phase) int { return func(p Phase) int { return p.Kinds[k.String()].Good } }
	if _, err := per(c.visitors.visit, count(Browse)); err != nil { // only to be warm
		return err
	}
	page, err := per(c.visitors.browse, count(Browse))
	if err != nil {
		return err
	}
	write, err := per(func(ctx context.Context, n int, t *tally) { c.visitors.fill(ctx, n, t) }, count(CartWrite))
	if err != nil {
		return err
	}
	purchase, err := per(c.visitors.buy, func(p Phase) int { return p.Paid })
	if err != nil {
		return err
	}
	r.CPU = map[string]float64{Browse.String(): page, CartWrite.String(): write, Checkout.String(): max(purchase-3*write, write)}
	return nil
}

// fullUse finds the fewest clients that get nearly the most out of the shop.
func (c *Crowd) fullUse(ctx context.Context) (int, error) {
	tried := []int{8, 16, 32}
	rates, best := make([]float64, len(tried)), 0.0
	for i, clients := range tried {
		p, _, err := c.closed(ctx, clients, searchTime, c.visitors.visit)
		if err != nil {
			return 0, err
		}
		rates[i] = p.GoodPerSecond
		best = max(best, rates[i])
	}
	for i, rate := range rates {
		if rate >= fully*best {
			return tried[i], nil
		}
	}
	return tried[len(tried)-1], nil
}

// work is the CPU microseconds that the good answers of a second are worth: an hour of checkouts is more work than one of pages.
func (r Result) work(p Phase) float64 {
	sum := 0.0
	for name, c := range p.Kinds {
		sum += float64(c.Good) * r.CPU[name]
	}
	return sum / max(p.Seconds, 0.001)
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:1], " ")
}
