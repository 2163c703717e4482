package overload

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Kind is what a request does, by the class that the gateway gives it.
type Kind int

// The kinds, as the gateway refuses them first to last.
const (
	Browse Kind = iota
	CartWrite
	Checkout
	kinds
)

// String names the kind in tables.
func (k Kind) String() string { return [...]string{"browse", "cart write", "checkout"}[k] }

// fate is what became of one request.
type fate int

const (
	good    fate = iota
	refused      // 503 OVERLOADED or 429
	failed       // any other answer, or none
	unsent
)

type sample struct {
	at   time.Duration // since the phase began, when it was answered
	took time.Duration
	fate fate
}

// tally is what happened to the visitors of one phase.
type tally struct {
	begun time.Time

	mu      sync.Mutex
	samples [kinds][]sample
	ended   time.Duration
	// visitors are those who came at a rate; buyers are those who began, came to the till, and paid.
	visitors, buyers, atTill, paid int
	firstFailure                   string
}

func newTally() *tally { return &tally{begun: time.Now()} }

func (t *tally) add(k Kind, f fate, began time.Time) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.samples[k] = append(t.samples[k], sample{at: now.Sub(t.begun), took: now.Sub(began), fate: f})
}

func (t *tally) note(failure string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.firstFailure == "" {
		t.firstFailure = failure
	}
}

func (t *tally) count(which *int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*which++
}

// finish fixes how long the phase was; what is answered later is not counted.
func (t *tally) finish() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = time.Since(t.begun)
}

// Phase is what came of one phase.
type Phase struct {
	Seconds float64           `json:"seconds"`
	Kinds   map[string]Counts `json:"kinds"`
	// GoodPerSecond counts good answers of all kinds.
	GoodPerSecond float64 `json:"goodPerSecond"`
	// Visitors came at a rate; 0 where clients acted one after the other.
	Visitors int `json:"visitors,omitempty"`
	// Buyers began to buy, AtTill asked to pay, Paid have an order.
	Buyers int `json:"buyers"`
	AtTill int `json:"atTill"`
	Paid   int `json:"paid"`
	// ShopCores and LoadCores are the processors that the shop, with Postgres, and the load generator had on average.
	ShopCores    float64 `json:"shopCores"`
	LoadCores    float64 `json:"loadCores"`
	FirstFailure string  `json:"firstFailure,omitempty"`
}

// Counts is what came of one kind.
type Counts struct {
	Good    int           `json:"good"`
	Refused int           `json:"refused"`
	Failed  int           `json:"failed"`
	Unsent  int           `json:"unsent"`
	P50     time.Duration `json:"p50"`
	P99     time.Duration `json:"p99"`
	// RefusedP99 is how long refusals took.
	RefusedP99 time.Duration `json:"refusedP99"`
}

func (t *tally) phase() Phase {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := Phase{Seconds: t.ended.Seconds(), Kinds: map[string]Counts{}, Visitors: t.visitors, Buyers: t.buyers, AtTill: t.atTill, Paid: t.paid,
		FirstFailure: t.firstFailure}
	all := 0
	for k := range kinds {
		var c Counts
		var took, turnedAway []time.Duration
		for _, s := range t.samples[k] {
			switch s.fate {
			case unsent:
				c.Unsent++
			case failed:
				c.Failed++
			case refused:
				c.Refused++
				turnedAway = append(turnedAway, s.took)
			case good:
				took = append(took, s.took) // its wait counts, also when the phase was over before its answer
				if s.at <= t.ended {
					c.Good++
				}
			}
		}
		c.P50, c.P99, c.RefusedP99 = percentile(took, 50), percentile(took, 99), percentile(turnedAway, 99)
		p.Kinds[k.String()] = c
		all += c.Good
	}
	p.GoodPerSecond = float64(all) / max(p.Seconds, 0.001)
	return p
}

func percentile(of []time.Duration, p int) time.Duration {
	if len(of) == 0 {
		return 0
	}
	slices.SortFunc(of, cmp.Compare[time.Duration])
	return of[(len(of)-1)*p/100]
}

// calm is how many seconds in a row must be good for a shop to be back to normal.
const calm = 3

// normal is what a second must be like to be as good as ever.
type normal struct {
	// bound is the longest p99 of each kind.
	bound [kinds]time.Duration
	// overloaded says that more comes than the shop can serve, so that refusals are no sign of trouble.
	overloaded bool
	// least is how many good answers it has at the fewest: few that are quick are no shop that is back.
	least int
}

// back is how many seconds after from the shop was as good as ever: enough good answers, 99 % of all good, and no kind slower at
// p99 than its bound, calm seconds in a row. It is -1 when that never came.
func (t *tally) back(from int, as normal) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	seconds := int(t.ended.Seconds())
	row := 0
	for second := from; second < seconds; second++ {
		if !t.normal(second, as) {
			row = 0
			continue
		}
		if row++; row == calm {
			return second - calm + 1 - from
		}
	}
	return -1
}

func (t *tally) normal(second int, as normal) bool {
	answered, fine := 0, 0
	for k := range kinds {
		var took []time.Duration
		for _, s := range t.samples[k] {
			if int(s.at.Seconds()) != second || as.overloaded && s.fate == refused {
				continue
			}
			answered++
			if s.fate == good {
				fine++
				took = append(took, s.took)
			}
		}
		if percentile(took, 99) > as.bound[k] {
			return false
		}
	}
	return answered > 0 && fine >= as.least && fine*100 >= answered*99
}
