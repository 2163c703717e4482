package httpapi

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// idleClient is how long a client's budget is remembered after its last request.
	idleClient = 3 * time.Minute
	// maxClients bounds the memory for budgets. Clients beyond it are let through: what protects the process then is the
	// bound on its work.
	maxClients = 100_000
)

// limiter keeps one client from taking the whole of one process. It is no abuse control: limits that must hold across
// processes are kept by the services that own the thing.
type limiter struct {
	perClient float64

	mu      sync.Mutex
	clients map[string]*client
	sweptAt time.Time
}

type client struct {
	budget *rate.Limiter
	seenAt time.Time
}

func newLimiter(perClient float64) *limiter {
	return &limiter{perClient: perClient, clients: map[string]*client{}}
}

func (l *limiter) allow(address string) bool {
	if l.perClient <= 0 {
		return true
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	c := l.clients[address]
	if c == nil {
		if len(l.clients) >= maxClients {
			return true
		}
		c = &client{budget: rate.NewLimiter(rate.Limit(l.perClient), int(2*l.perClient)+1)}
		l.clients[address] = c
	}
	c.seenAt = now
	return c.budget.AllowN(now, 1)
}

// sweep forgets idle clients, at most once a minute.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.sweptAt) < time.Minute {
		return
	}
	l.sweptAt = now
	for address, c := range l.clients {
		if now.Sub(c.seenAt) > idleClient {
			delete(l.clients, address)
		}
	}
}
