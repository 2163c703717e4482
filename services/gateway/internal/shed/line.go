package shed

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
)

// standing is how long a line must have been there to be one that does not go away by itself, and how long nobody may have
// waited before a line counts as a new one.
const standing = 500 * time.Millisecond

// briefly is how long a request waits in a line that stays, where waiting makes everybody late and serves nobody more.
const briefly = 20 * time.Millisecond

// patience is how long a request of a class waits for room: long in a burst, which passes.
func (c Class) patience(stays bool) time.Duration {
	switch {
	case stays:
		return briefly
	case c == Browse:
		return 150 * time.Millisecond
	default:
		return time.Second
	}
}

// paced are the classes whose requests are let in at the pace of the services behind. Checkouts and notices are not: they
// wait for payment providers, whose slowness is no load, and what they cost makes the room for pages and carts smaller. The back
// office is not: its few people are those who can do something about a crowd.
const paced = Normal + 1

// line lets requests in while there is room, and lets them wait a moment while there is none: carts before pages.
type line struct {
	clock clock.Clock

	mu      sync.Mutex
	pace    *pace
	inside  int
	waiting [paced]list.List
	since   [paced]time.Time // when the line of the class began
	last    [paced]time.Time // when somebody last came and had to wait
}

// ticket is somebody who waits. Closing ready gives the room that was counted for it.
type ticket struct{ ready chan struct{} }

// enter returns whether the request was let in.
func (l *line) enter(ctx context.Context, class Class) bool {
	l.mu.Lock()
	if l.room(class) {
		l.letIn()
		l.mu.Unlock()
		return true
	}
	stays := l.stays(class)
	if stays && l.hopeless(class) {
		l.mu.Unlock()
		return false
	}
	mine := &ticket{ready: make(chan struct{})}
	timer := time.NewTimer(class.patience(stays))
	place := l.waiting[class].PushBack(mine)
	l.mu.Unlock()
	defer timer.Stop()
	select {
	case <-mine.ready:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return l.giveUp(mine, place, class)
}

// stays tells, to somebody who has to wait, whether the line of the class is one that does not go away. One that is empty for
// a moment is the same line.
func (l *line) stays(class Class) bool {
	now := l.clock.Now()
	if l.waiting[class].Len() == 0 && now.Sub(l.last[class]) >= standing {
		l.since[class] = now
	}
	l.last[class] = now
	return now.Sub(l.since[class]) >= standing
}

// hopeless tells whether a line that stays is too long for anybody who joins it to be let in within the short time that is
// given there: refusing at once spares the waiting, which serves nobody.
func (l *line) hopeless(class Class) bool { return float64(l.waiting[class].Len()) >= l.pace.limit }

// giveUp leaves the line, unless room was given meanwhile.
func (l *line) giveUp(mine *ticket, place *list.Element, class Class) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-mine.ready:
		return true
	default:
		l.waiting[class].Remove(place)
		return false
	}
}

// room tells whether one more of the class may go in and nobody is before it.
func (l *line) room(class Class) bool {
	for before := class; before < paced; before++ {
		if l.waiting[before].Len() > 0 {
			return false
		}
	}
	return l.fits(class)
}

func (l *line) fits(class Class) bool {
	limit := int(l.pace.limit)
	if class == Browse {
		limit = max(1, limit*int(Browse.share())/100)
	}
	return l.inside < limit
}

func (l *line) letIn() {
	l.inside++
	l.pace.entered(l.inside)
}

// leave makes room, and tells the pace what a good answer took.
func (l *line) leave(method string, took time.Duration, good bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside--
	if good {
		l.pace.left(l.clock.Now(), method, took, l.inside)
	}
	for class := int(paced) - 1; class >= 0; class-- {
		for l.waiting[class].Len() > 0 && l.fits(Class(class)) {
			first := l.waiting[class].Front()
			l.waiting[class].Remove(first)
			l.letIn()
			close(first.Value.(*ticket).ready)
		}
	}
}

func (l *line) limit() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pace.limit
}
