package sandboxserver

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// task is something to do at a time: deliver an event, or settle an operation (confirm or expire it).
type task struct {
	at      time.Time
	deliver string
	settle  string
}

// agenda orders tasks by time.
type agenda struct {
	mu    sync.Mutex
	tasks taskHeap
	wake  chan struct{}
	ended chan struct{}
}

func newAgenda() *agenda {
	return &agenda{wake: make(chan struct{}, 1), ended: make(chan struct{})}
}

// stopped is closed when nobody takes tasks any more; waits end with it.
func (a *agenda) stopped() <-chan struct{} { return a.ended }

func (a *agenda) stop() { close(a.ended) }

func (a *agenda) add(t task) {
	a.mu.Lock()
	heap.Push(&a.tasks, t)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// next waits for the next due task; it answers false when ctx has ended.
func (a *agenda) next(ctx context.Context, now func() time.Time) (task, bool) {
	for {
		a.mu.Lock()
		wait := time.Hour
		if len(a.tasks) > 0 {
			wait = a.tasks[0].at.Sub(now())
			if wait <= 0 {
				due, _ := heap.Pop(&a.tasks).(task)
				a.mu.Unlock()
				return due, ctx.Err() == nil
			}
		}
		a.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return task{}, false
		case <-a.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

type taskHeap []task

// Len is the number of tasks.
func (h taskHeap) Len() int { return len(h) }

// Less orders by time.
func (h taskHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

// Swap swaps two tasks.
func (h taskHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push adds a task.
func (h *taskHeap) Push(x any) {
	if t, ok := x.(task); ok {
		*h = append(*h, t)
	}
}

// Pop takes the last task.
func (h *taskHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
