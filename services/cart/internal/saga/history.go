package saga

import (
	"slices"
	"time"
)

// Outcome is how a stay at a step ended.
type Outcome string

// The outcomes.
const (
	Succeeded Outcome = "ok"
	Waited    Outcome = "waiting"
	Stumbled  Outcome = "failed"
)

// Pass is one stay of a saga at a step; stays in a row that ended alike are one.
type Pass struct {
	// Step and State are where it was.
	Step  string `json:"step"`
	State State  `json:"state"`
	// Outcome is how it ended and Times how often in a row.
	Outcome Outcome `json:"outcome"`
	Times   int     `json:"times"`
	// Error is that of the last of them.
	Error string `json:"error,omitempty"`
	// At is when the last of them ended, by the clock of the process.
	At time.Time `json:"at"`
}

// Bounds of what is kept: a checkout passes eleven steps, and a saga that fails for days must not grow.
const (
	historyKept    = 40
	historyMaxText = 200
)

// note adds a stay to the history. The slice is replaced, never changed: an advance that is rolled back goes back to the
// one before.
func (s *Saga) note(outcome Outcome, cause error) {
	p := Pass{Step: s.Step, State: s.State, Outcome: outcome, Times: 1, At: time.Now().UTC().Truncate(time.Millisecond)}
	if cause != nil {
		p.Error = cut(cause.Error(), historyMaxText)
	}
	kept := s.History
	if n := len(kept); n > 0 && kept[n-1].Step == p.Step && kept[n-1].State == p.State && kept[n-1].Outcome == p.Outcome {
		p.Times = kept[n-1].Times + 1
		kept = kept[:n-1]
	}
	kept = kept[max(len(kept)+1-historyKept, 0):]
	s.History = append(slices.Clone(kept), p)
}
