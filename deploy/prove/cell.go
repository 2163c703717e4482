package prove

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/prove/load"
	"github.com/cartwright-shop/cartwright/services/platform/fault"
)

// Cell is one thing that goes wrong in one place.
type Cell struct {
	// Name is the crash point and, where it has several, the phase: CP-14b.
	Name string
	// Says is what happens, and what must come of it.
	Says string
	// Victim is the program in which the faults wait.
	Victim string
	// Arms are the faults.
	Arms []fault.Arm
	// Buys are the ways to buy that pass the place; half the crowd buys so.
	Buys []load.Kind
	// Down is how long a dead or stopped program stays so.
	Down time.Duration
	// Patience is what is added to the time in which everything must come to an end.
	Patience time.Duration
	// Do is a scenario that is no fault in one place.
	Do func(ctx context.Context, s *stage) error
	// Proof is the test that proves a point which needs no running shop, or the reason why there is nothing to prove.
	Proof string
	// SmallDisk runs the cell on a shop of its own whose data lie on a small disk, for which the proof must run as root.
	SmallDisk bool
	// Long marks cells that only the long run has time for.
	Long bool
}

// die, drop, delay and so on are faults at a place.
func die(point string) []fault.Arm { return []fault.Arm{{Point: point, Action: fault.Die}} }

func pause(point string) []fault.Arm { return []fault.Arm{{Point: point, Action: fault.Pause}} }

func drop(point string) []fault.Arm { return []fault.Arm{{Point: point, Action: fault.Drop}} }

func delay(point string, ms int) []fault.Arm {
	return []fault.Arm{{Point: point, Action: fault.Delay, Milliseconds: ms}}
}
