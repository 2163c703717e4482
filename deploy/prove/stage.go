package prove

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/prove/load"
	"github.com/cartwright-shop/cartwright/services/platform/fault"
)

const (
	// buyers is how many buy at once in every cell.
	buyers = 32
	// RecoveryTime is how long everything may take to come to an end after the fault is over.
	RecoveryTime = 30 * time.Second
	// spread is among how many of the first passages of a place the seed chooses the one that is hit.
	spread = 5
	// firingTime is how long a fault may wait for its place to be passed.
	firingTime = 2 * time.Minute
	// settleTime bounds a cell, so that a lost buyer fails it and does not hang it; strikeTime is added for each further fault.
	settleTime = 4 * time.Minute
	strikeTime = 80 * time.Second
)

// Result is what became of one run of a cell.
type Result struct {
	// Cell is its name, Seed what it was run with.
	Cell string `json:"cell"`
	Seed uint64 `json:"seed"`
	// Strikes is how often the fault was let happen in this run while the crowd bought on.
	Strikes int `json:"strikes"`
	// Fired is how often the fault happened.
	Fired int `json:"fired"`
	// Recovered is how long it took until nothing was under way, in seconds.
	Recovered float64 `json:"recovered"`
	// Purchases are those that ended in the cell.
	Purchases int `json:"purchases"`
	// Violations say what is wrong.
	Violations []string `json:"violations,omitempty"`
}

// stage is one run of a cell on a rig.
type stage struct {
	*rig
	cell  Cell
	id    string
	seed  uint64
	dice  *rand.Rand
	crowd *load.Crowd
	over  time.Time    // when the fault ended
	shots atomic.Int64 // faults that happened
}

// run plays a cell once: the crowd buys, the fault happens as often as the task says, it ends, everything comes to an end, and then
// the books are read.
func (r *rig) run(ctx context.Context, t task) Result {
	ctx, cancel := context.WithTimeout(ctx, settleTime+time.Duration(t.strikes-1)*strikeTime)
	defer cancel()
	s := &stage{
		rig: r, cell: t.cell, seed: t.seed,
		dice:  rand.New(rand.NewPCG(t.seed, 1)), //nolint:gosec // the same seed gives the same run
		crowd: load.NewCrowd(r.market, r.ledger, t.seed),
	}
	result := Result{Cell: t.cell.Name, Seed: t.seed, Strikes: t.strikes}
	note := func(err error) {
		if err != nil {
			result.Violations = append(result.Violations, err.Error())
		}
	}
	s.over = time.Now()
	s.crowd.Start(ctx, buyers, t.cell.Buys)
	note(s.strikes(ctx, t.strikes))
	s.crowd.Stop()
	note(s.rest(ctx))
	result.Recovered = time.Since(s.over).Seconds()
	if len(result.Violations) > 0 {
		cancel() // who still waits, waits in vain
	}
	s.crowd.Wait()
	s.endSecond()
	result.Violations = append(result.Violations, s.crowd.Wrong()...)
	result.Fired = int(s.shots.Load())
	_, result.Purchases = s.crowd.Figures()
	if ctx.Err() == nil || len(result.Violations) > 0 {
		found, err := r.audit(context.WithoutCancel(ctx), false)
		note(err)
		result.Violations = append(result.Violations, found...)
	}
	return result
}

// strikes lets the fault happen and end, and again. One that does not happen proves nothing.
func (s *stage) strikes(ctx context.Context, times int) error {
	for n := range times {
		s.id = fmt.Sprintf("%s/%d/%d", s.cell.Name, s.seed, n+1)
		before := s.shots.Load()
		if err := errors.Join(s.strike(ctx), s.countFired()); err != nil {
			return err
		}
		if s.shots.Load() == before {
			return errors.New("the fault never happened")
		}
	}
	return nil
}

// strike lets the fault happen and ends it.
func (s *stage) strike(ctx context.Context) error {
	if s.cell.Do != nil {
		err := s.cell.Do(ctx, s)
		s.over = time.Now()
		return err
	}
	return s.strikeArms(ctx)
}

// countFired counts the faults of the strike that happened in a program.
func (s *stage) countFired() error {
	if len(s.cell.Arms) == 0 {
		return nil
	}
	fired, err := s.fired(s.cell.Victim, s.id)
	s.shots.Add(int64(fired))
	return err
}

func (s *stage) strikeArms(ctx context.Context) error {
	arms := make([]fault.Arm, len(s.cell.Arms))
	for i, a := range s.cell.Arms {
		a.ID = s.id
		if a.Nth == 0 {
			a.Nth = 1 + s.dice.IntN(spread)
		}
		arms[i] = a
	}
	victim := s.cell.Victim
	if err := s.arm(victim, arms...); err != nil {
		return err
	}
	err := wait(ctx, firingTime, "the fault "+s.cell.Name+" happens", func() (bool, error) {
		n, err := s.fired(victim, s.id)
		return n > 0, err
	})
	if err != nil {
		return s.end(ctx, err)
	}
	switch s.cell.Arms[0].Action {
	case fault.Die:
		err = s.bury(ctx, victim)
	case fault.Pause:
		err = s.freeze(ctx, victim)
	default:
		err = s.sustain(ctx)
	}
	return s.end(ctx, err)
}

func (s *stage) end(ctx context.Context, cause error) error {
	if err := s.arm(s.cell.Victim); err != nil {
		return err
	}
	s.over = time.Now()
	if cause == nil {
		cause = s.pass(ctx, time.Second) // the shop works again for who was there
	}
	return cause
}

// bury waits for the death of a program and starts it again.
func (s *stage) bury(ctx context.Context, program string) error {
	err := wait(ctx, 10*time.Second, program+" dies", func() (bool, error) { return s.shop.Crashed(program), nil })
	if err != nil {
		return err
	}
	if err := s.arm(program); err != nil {
		return err
	}
	if err := s.pass(ctx, s.cell.Down); err != nil {
		return err
	}
	return s.shop.Restart(ctx, program)
}

// freeze leaves a program stopped for longer than any lease and wakes it.
func (s *stage) freeze(ctx context.Context, program string) error {
	if err := s.arm(program); err != nil {
		return err
	}
	err := s.pass(ctx, max(s.cell.Down, 12*time.Second))
	if wake := s.shop.Continue(program); err == nil {
		err = wake
	}
	return err
}

// sustain lets a fault that happens more than once go on for a while.
func (s *stage) sustain(ctx context.Context) error {
	if times := s.cell.Arms[0].Times; times == 0 || times == 1 {
		return nil
	}
	return s.pass(ctx, max(s.cell.Down, 2*time.Second))
}

// pass lets time go by.
func (s *stage) pass(ctx context.Context, d time.Duration) error { return pass(ctx, d) }

func pass(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// rest waits until every machine has come to an end, every outcome is known and nothing is held.
func (s *stage) rest(ctx context.Context) error {
	limit := RecoveryTime + s.cell.Patience
	return wait(ctx, time.Until(s.over.Add(limit)), "everything comes to an end", func() (bool, error) {
		began, ended := s.crowd.Figures()
		left, err := s.underWay(ctx)
		if err != nil {
			return false, err
		}
		if began > ended {
			left = append(left, fmt.Sprintf("%d buyers", began-ended))
		}
		if len(left) > 0 {
			return false, fmt.Errorf("left: %s", strings.Join(left, ", "))
		}
		return true, nil
	})
}

// underWay lists what has not come to an end.
func (r *rig) underWay(ctx context.Context) ([]string, error) {
	rows, err := r.db.Query(ctx, query("rest"))
	if err != nil {
		return nil, fmt.Errorf("look what is under way: %w", err)
	}
	defer rows.Close()
	var left []string
	for rows.Next() {
		var what string
		var n int64
		if err := rows.Scan(&what, &n); err != nil {
			return nil, err
		}
		if n > 0 {
			left = append(left, fmt.Sprintf("%d %s", n, what))
		}
	}
	return left, rows.Err()
}
