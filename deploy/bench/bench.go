// Package bench measures what the works of docs/costs.md cost: requests a second, waiting time, and CPU time of all
// processes of the shop and Postgres together, from the kernel's process accounts. The load generator is not counted.
package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Work is one thing a shop does, repeated by several clients.
type Work struct {
	// Name and Target are as in docs/costs.md; Target is CPU microseconds per request, 0 for none.
	Name   string
	Target int
	// Do does it once. n differs between calls.
	Do func(ctx context.Context, n int) error
}

// Result is what a work cost.
type Result struct {
	Work     Work
	Requests int
	Failed   int
	Seconds  float64
	P50, P99 time.Duration
	// CPU is microseconds per request, all processes together; Each is by process.
	CPU  float64
	Each map[string]float64
	// FirstError tells why requests failed.
	FirstError error
}

// Run repeats the work with clients for a time and reads the accounts before and after.
func Run(ctx context.Context, w Work, pids map[string]int, clients int, length time.Duration) (Result, error) {
	var counter atomic.Int64
	warm, cancel := context.WithTimeout(ctx, length/5)
	_, _, _ = repeat(warm, w, clients, &counter) // only to be warm
	cancel()
	before, eachBefore, err := account(pids)
	if err != nil {
		return Result{}, err
	}
	start := time.Now()
	timed, cancel := context.WithTimeout(ctx, length)
	samples, failed, first := repeat(timed, w, clients, &counter)
	cancel()
	seconds := time.Since(start).Seconds()
	after, eachAfter, err := account(pids)
	if err != nil {
		return Result{}, err
	}
	result := Result{Work: w, Requests: len(samples), Failed: failed, Seconds: seconds, FirstError: first, Each: map[string]float64{}}
	if len(samples) == 0 {
		return result, ctx.Err()
	}
	result.CPU = perRequest(after.cpu-before.cpu, len(samples))
	for name, one := range eachAfter {
		result.Each[name] = perRequest(one.cpu-eachBefore[name].cpu, len(samples))
	}
	slices.SortFunc(samples, cmp.Compare[time.Duration])
	result.P50, result.P99 = samples[len(samples)/2], samples[len(samples)*99/100]
	return result, ctx.Err()
}

func perRequest(cpu time.Duration, requests int) float64 {
	return float64(cpu.Microseconds()) / float64(requests)
}

// repeat returns the waiting times of the requests that succeeded, how many failed, and the first failure.
func repeat(ctx context.Context, w Work, clients int, counter *atomic.Int64) ([]time.Duration, int, error) {
	var mu sync.Mutex
	var all []time.Duration
	var failed int
	var first error
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			var mine []time.Duration
			for ctx.Err() == nil {
				start := time.Now()
				// The request itself is not cut off by the end of the measurement.
				err := w.Do(context.WithoutCancel(ctx), int(counter.Add(1)))
				if err == nil {
					mine = append(mine, time.Since(start))
					continue
				}
				mu.Lock()
				failed++
				if first == nil {
					first = err
				}
				mu.Unlock()
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	group.Wait()
	return all, failed, first
}

// Print writes the table.
func Print(w io.Writer, results []Result) {
	fmt.Fprintf(w, "\n%-34s %9s %9s %9s %11s %9s %7s\n", "work", "req/s", "p50", "p99", "CPU µs/req", "target", "failed")
	for _, r := range results {
		target := "-"
		if r.Work.Target > 0 {
			target = fmt.Sprint(r.Work.Target)
		}
		fmt.Fprintf(w, "%-34s %9.1f %9s %9s %11.0f %9s %7d\n", r.Work.Name, float64(r.Requests)/r.Seconds,
			r.P50.Round(100*time.Microsecond), r.P99.Round(100*time.Microsecond), r.CPU, target, r.Failed)
		for _, name := range byCost(r.Each) {
			if r.Each[name] >= 1 {
				fmt.Fprintf(w, "%34s %51.0f\n", name, r.Each[name])
			}
		}
		if r.FirstError != nil {
			fmt.Fprintf(w, "    first failure: %v\n", r.FirstError)
		}
	}
}

func byCost(each map[string]float64) []string {
	names := make([]string, 0, len(each))
	for name := range each {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(each[b], each[a]) })
	return names
}
