package prove

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/prove/proxy"
	"github.com/cartwright-shop/cartwright/services/platform/fault"
)

const (
	// leastTrouble and mostTrouble are how long a fault of the soak lasts.
	leastTrouble, mostTrouble = 3 * time.Second, 8 * time.Second
	// troubleTimes is how often a fault in one place happens while it lasts, unless its cell says more.
	troubleTimes = 3
)

// gentle are the cells of the matrix whose faults leave every process alive.
func gentle() []Cell {
	return slices.DeleteFunc(Cells(), func(c Cell) bool {
		return len(c.Arms) == 0 || c.Arms[0].Action == fault.Die || c.Arms[0].Action == fault.Pause
	})
}

// trouble lets something go wrong for some seconds that leaves the services alive: mostly a call that is lost, late, repeated or
// refused, sometimes a bad connection, and now and then Postgres is killed and started again.
func (s *soak) trouble(ctx context.Context, st *stage) error {
	lasts := leastTrouble + time.Duration(s.dice.Int64N(int64(mostTrouble-leastTrouble)))
	switch s.dice.IntN(10) {
	case 0:
		st.shots.Add(1)
		return errors.Join(s.shop.KillDatabase(), st.pass(ctx, time.Second), s.shop.StartDatabase(ctx))
	case 1, 2, 3:
		edges := s.edges()
		modes := []proxy.Mode{proxy.Cut, proxy.Reset, proxy.Slow, proxy.Silent}
		one := s.proxy(edges[s.dice.IntN(len(edges))])
		one.Set(modes[s.dice.IntN(len(modes))], 200*time.Millisecond)
		st.shots.Add(1)
		err := st.pass(ctx, lasts)
		one.Set(proxy.Pass, 0)
		return err
	default:
		cells := gentle()
		return s.misplace(ctx, st, cells[s.dice.IntN(len(cells))], lasts)
	}
}

// misplace arms the faults of a cell for a while. Whether their place is passed meanwhile is left to who buys what.
func (s *soak) misplace(ctx context.Context, st *stage, c Cell, lasts time.Duration) error {
	arms := slices.Clone(c.Arms)
	for i := range arms {
		arms[i].ID = st.id
		if arms[i].Times == 0 {
			arms[i].Times = troubleTimes
		}
	}
	if err := s.arm(c.Victim, arms...); err != nil {
		return err
	}
	err := errors.Join(st.pass(ctx, lasts), s.arm(c.Victim))
	n, countErr := s.fired(c.Victim, st.id)
	st.shots.Add(int64(n))
	return errors.Join(err, countErr)
}

// kill kills one of the services and starts it again some seconds later.
func (s *soak) kill(ctx context.Context, st *stage) error {
	program := stack.ServiceNames[s.dice.IntN(len(stack.ServiceNames))]
	s.shop.Kill(program)
	st.shots.Add(1)
	return errors.Join(st.pass(ctx, time.Duration(s.dice.Int64N(int64(leastTrouble)))), s.shop.Restart(ctx, program))
}
