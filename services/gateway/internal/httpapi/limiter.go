package httpapi

import (
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"golang.org/x/time/rate"
)

// idleClient is how long a client's budget is remembered after its last request.
const idleClient = 3 * time.Minute

// limiter keeps one process from taking more work than it can do. It is no abuse control: limits that must hold across
// processes are kept by the services that own the thing.
type limiter struct {
	slots     chan struct{}
	perClient float64

	mu      sync.Mutex
	clients map[string]*client
	sweptAt time.Time
}

type client struct {
	budget *rate.Limiter
	seenAt time.Time
}

func newLimiter(limits Limits) *limiter {
	return &limiter{
		slots: make(chan struct{}, max(1, limits.Concurrent)), perClient: limits.PerClient, clients: map[string]*client{},
	}
}

func (l *limiter) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.allow(r) {
			writeProblem(w, r, ErrTooManyRequests.New("This client sends too many requests.").RetryAfter(time.Second))
			return
		}
		select {
		case l.slots <- struct{}{}:
			defer func() { <-l.slots }()
			next.ServeHTTP(w, r)
		default:
			writeProblem(w, r, errs.Overloaded.New("The shop has more work than it can do in time.").RetryAfter(time.Second))
		}
	})
}

func (l *limiter) allow(r *http.Request) bool {
	if l.perClient <= 0 {
		return true
	}
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	c := l.clients[address]
	if c == nil {
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
