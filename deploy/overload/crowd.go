// Package overload shows what a shop does under more load than it can serve: it finds what the shop can do at most, sends three
// times that for a while, and then normal load again. The load comes from this process, on the same processors: it is
// bounded, and its CPU time is told beside the shop's.
package overload

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/bench"
)

// Crowd is everybody who uses one shop.
type Crowd struct {
	visitors *visitors
	pids     func() map[string]int
	serial   atomic.Int64
	group    sync.WaitGroup
}

// NewCrowd returns a crowd for the shop at a gateway's host:port, whose processes are accounted.
func NewCrowd(address string, pids func() map[string]int) *Crowd {
	return &Crowd{visitors: &visitors{wire: newWire(address), host: address, run: fmt.Sprint(time.Now().Unix())}, pids: pids}
}

// Close ends the connections.
func (c *Crowd) Close() { c.visitors.wire.close() }

// act is one visitor's way through the shop.
type act func(ctx context.Context, n int, t *tally)

// closed lets clients act one after the other for a time: as fast as the shop lets them, never faster.
func (c *Crowd) closed(ctx context.Context, clients int, length time.Duration, do act) (Phase, *tally, error) {
	return c.accounted(ctx, func(t *tally) {
		timed, cancel := context.WithTimeout(ctx, length)
		defer cancel()
		var group sync.WaitGroup
		for range clients {
			group.Go(func() {
				for timed.Err() == nil {
					do(ctx, int(c.serial.Add(1)), t)
				}
			})
		}
		<-timed.Done()
		t.finish()
		group.Wait()
	})
}

// opened lets visitors come at a rate, whatever becomes of those before them. Who is still inside when the time is over goes on
// beside the next phase, as people do; Settle waits for them.
func (c *Crowd) opened(ctx context.Context, perSecond float64, length time.Duration, do act) (Phase, *tally, error) {
	return c.accounted(ctx, func(t *tally) { c.come(ctx, t, perSecond, length, do) })
}

// come lets visitors come at a rate.
func (c *Crowd) come(ctx context.Context, t *tally, perSecond float64, length time.Duration, do act) {
	next := t.begun
	for ctx.Err() == nil && time.Since(t.begun) < length {
		next = next.Add(time.Duration(rand.ExpFloat64() / perSecond * float64(time.Second))) //nolint:gosec // no secret
		if wait := time.Until(next); wait > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
		}
		t.count(&t.visitors)
		c.group.Go(func() { do(ctx, int(c.serial.Add(1)), t) })
	}
	t.finish()
}

// Settle waits for visitors who are still inside.
func (c *Crowd) Settle() { c.group.Wait() }

// accounted reads the CPU accounts of both sides around a phase.
func (c *Crowd) accounted(ctx context.Context, run func(t *tally)) (Phase, *tally, error) {
	shop, err := c.cpu()
	if err != nil {
		return Phase{}, nil, err
	}
	own := ownCPU()
	t := newTally()
	run(t)
	ownAfter := ownCPU()
	shopAfter, err := c.cpu()
	if err != nil {
		return Phase{}, nil, err
	}
	p := t.phase()
	p.ShopCores = (shopAfter - shop).Seconds() / p.Seconds
	p.LoadCores = (ownAfter - own).Seconds() / p.Seconds
	return p, t, ctx.Err()
}

func (c *Crowd) cpu() (time.Duration, error) {
	var sum time.Duration
	for name, pid := range c.pids() {
		one, err := bench.CPU(pid)
		if err != nil {
			return 0, fmt.Errorf("account of %s: %w", name, err)
		}
		sum += one
	}
	return sum, nil
}

// ownCPU is what this process has used; its children are not in it.
func ownCPU() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
