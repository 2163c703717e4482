package groupcommit

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
)

// work is what a group does for its members.
type work[T, R any] struct {
	// id names a member; two with one id are never in the same batch.
	id func(T) string
	// lanes are what a member waits for: of two with a lane in common the later one is not served before the earlier one.
	lanes func(T) []string
	// one serves a member alone, many serves a batch.
	one  func(context.Context, T) (R, error)
	many func(context.Context, []T) ([]R, error)
}

// group is a queue and the batches that were taken from it. A lane is busy while a batch with a member on it is being
// served. Whoever waits does so for a busy lane, for a slot, or behind somebody who does; so while anybody waits a batch is
// being served, and its end calls the next one.
type group[T, R any] struct {
	cfg    Config
	work   work[T, R]
	meters meters

	mu      sync.Mutex
	queue   *list.List     // of *member[T, R], in order of arrival
	waiting map[string]int // members in the queue by lane
	busy    map[string]bool
	running int
	usual   time.Duration // how long a batch takes, a moving average
}

// member is a caller.
type member[T, R any] struct {
	ctx   context.Context //nolint:containedctx // whether the caller is still there is asked when its turn has come
	item  T
	lanes []string
	since time.Time
	place *list.Element // in the queue; nil when it has left it
	done  chan answer[R]
}

type answer[R any] struct {
	result R
	err    error
}

func newGroup[T, R any](cfg Config, m meters, w work[T, R]) *group[T, R] {
	return &group[T, R]{
		cfg: cfg, work: w, meters: m, queue: list.New(), waiting: map[string]int{}, busy: map[string]bool{},
	}
}

// do serves an item and returns its answer. When ctx ends before its turn it was not served; when ctx ends later the
// outcome is unknown, as that of any call.
func (g *group[T, R]) do(ctx context.Context, item T) (R, error) {
	m := &member[T, R]{ctx: ctx, item: item, lanes: g.work.lanes(item), since: time.Now(), done: make(chan answer[R], 1)}
	if err := g.join(m); err != nil {
		var none R
		return none, err
	}
	select {
	case a := <-m.done:
		return a.result, a.err
	case <-ctx.Done():
		return g.leave(m)
	}
}

// join serves a member at once when nobody is before it, and else puts it into the queue.
func (g *group[T, R]) join(m *member[T, R]) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running < g.cfg.Slots && g.isFree(m) {
		g.start([]*member[T, R]{m})
		return nil
	}
	if err := g.refuse(m); err != nil {
		return err
	}
	m.place = g.queue.PushBack(m)
	for _, lane := range m.lanes {
		g.waiting[lane]++
	}
	g.meters.queued.Inc()
	return nil
}

func (g *group[T, R]) isFree(m *member[T, R]) bool {
	for _, lane := range m.lanes {
		if g.busy[lane] || g.waiting[lane] > 0 {
			return false
		}
	}
	return true
}

// refuse turns away whoever would wait in vain.
func (g *group[T, R]) refuse(m *member[T, R]) error {
	wait := g.usual * time.Duration(1+g.queue.Len()/g.cfg.Carts)
	why := ""
	if g.queue.Len() >= g.cfg.Queue {
		why = "full"
	} else if deadline, ok := m.ctx.Deadline(); ok && time.Until(deadline) < wait {
		why = "late"
	}
	if why == "" {
		return nil
	}
	g.meters.refused(why).Inc()
	return stock.ErrQueueFull.New("%d callers wait already, and a turn takes %s.", g.queue.Len(), wait.Round(time.Millisecond)).
		RetryAfter(max(wait, 100*time.Millisecond))
}

// leave ends the wait of a caller whose time is over.
func (g *group[T, R]) leave(m *member[T, R]) (R, error) {
	g.mu.Lock()
	waited := m.place != nil
	if waited {
		g.remove(m)
	}
	g.mu.Unlock()
	var none R
	if waited {
		g.meters.left.Inc()
		return none, fmt.Errorf("wait for a turn: %w", m.ctx.Err())
	}
	select {
	case a := <-m.done: // it came at the same moment
		return a.result, a.err
	default:
		return none, fmt.Errorf("wait for the batch: %w", m.ctx.Err())
	}
}

// remove takes a member out of the queue.
func (g *group[T, R]) remove(m *member[T, R]) {
	g.queue.Remove(m.place)
	m.place = nil
	for _, lane := range m.lanes {
		if g.waiting[lane]--; g.waiting[lane] == 0 {
			delete(g.waiting, lane)
		}
	}
	g.meters.queued.Dec()
}

// start serves a batch beside its callers.
func (g *group[T, R]) start(batch []*member[T, R]) {
	g.running++
	for _, m := range batch {
		for _, lane := range m.lanes {
			g.busy[lane] = true
		}
	}
	go g.run(batch)
}

func (g *group[T, R]) run(batch []*member[T, R]) {
	began := time.Now()
	g.meters.size.Observe(float64(len(batch)))
	for _, m := range batch {
		g.meters.wait.Observe(began.Sub(m.since).Seconds())
	}
	answers := g.serve(batch)
	took := time.Since(began)
	g.meters.took.Observe(took.Seconds())
	g.finish(batch, took)
	for i, m := range batch {
		m.done <- answers[i]
	}
}

// finish frees what a batch kept busy and starts whatever can be served now.
func (g *group[T, R]) finish(batch []*member[T, R], took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	g.usual += (took - g.usual) / 4
	for _, m := range batch {
		for _, lane := range m.lanes {
			delete(g.busy, lane)
		}
	}
	for g.running < g.cfg.Slots {
		next := g.take()
		if len(next) == 0 {
			return
		}
		g.start(next)
	}
}

// take takes from the queue whoever can be served together now. A member that cannot blocks its lanes for those behind it,
// which is why one that needs two lanes has its turn although others come for either.
func (g *group[T, R]) take() []*member[T, R] {
	var batch []*member[T, R]
	lines, ids, blocked := 0, map[string]bool{}, map[string]bool{}
	for place := g.queue.Front(); place != nil && len(batch) < g.cfg.Carts && lines < maxLines; {
		m := place.Value.(*member[T, R])
		place = place.Next()
		if err := m.ctx.Err(); err != nil {
			g.remove(m)
			g.meters.left.Inc()
			m.done <- answer[R]{err: fmt.Errorf("wait for a turn: %w", err)}
			continue
		}
		if id := g.work.id(m.item); !ids[id] && g.canGo(m, blocked) {
			g.remove(m)
			batch = append(batch, m)
			ids[id] = true
			lines += len(m.lanes)
			continue
		}
		for _, lane := range m.lanes {
			blocked[lane] = true
		}
	}
	return batch
}

func (g *group[T, R]) canGo(m *member[T, R], blocked map[string]bool) bool {
	for _, lane := range m.lanes {
		if g.busy[lane] || blocked[lane] {
			return false
		}
	}
	return true
}
