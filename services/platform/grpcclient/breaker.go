package grpcclient

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

const (
	breakerWindow   = 5 * time.Second
	breakerMinCalls = 20
	breakerPause    = time.Second
	// patience is the time a call must have had before running out of it counts against the peer.
	patience = 250 * time.Millisecond
)

var errBreakerOpen = errors.New("breaker is open")

// outcome is what one call says about the health of the peer.
type outcome uint8

const (
	noVerdict outcome = iota
	healthy
	unhealthy
)

// judge counts what only the connection or a hanging peer causes. Any other answer of the peer, be it an error, is healthy;
// a caller that gave up says nothing.
func judge(ctx context.Context, err error, took time.Duration) outcome {
	if err == nil {
		return healthy
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return noVerdict
	}
	switch status.Code(err) {
	case codes.Unavailable:
		if errs.Ours(err) {
			return healthy
		}
		return unhealthy
	case codes.DeadlineExceeded:
		if took < patience {
			return noVerdict
		}
		return unhealthy
	case codes.Canceled:
		return noVerdict
	default:
		return healthy
	}
}

// breaker stops calls to a peer while half or more of them fail. After a pause one probe at a time may pass; the first
// good one closes it.
type breaker struct {
	now func() time.Time

	mu       sync.Mutex
	calls    int
	failures int
	since    time.Time // begin of the window that is counted
	open     bool
	retryAt  time.Time
	probeAt  time.Time // when the probe that runs was let through
	probing  bool
}

func newBreaker(now func() time.Time) *breaker { return &breaker{now: now, since: now()} }

// allow tells whether a call may be sent. A call it lets pass must be recorded, except that a probe which never
// comes back is replaced after a pause.
func (b *breaker) allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open {
		return true
	}
	now := b.now()
	if now.Before(b.retryAt) || (b.probing && now.Sub(b.probeAt) < breakerPause) {
		return false
	}
	b.probing, b.probeAt = true, now
	return true
}

// record takes the outcome of a call and tells whether the breaker opened or closed by it.
func (b *breaker) record(result outcome) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if b.open {
		return b.recordOpen(result, now)
	}
	if result == noVerdict {
		return false
	}
	if now.Sub(b.since) > breakerWindow {
		b.calls, b.failures, b.since = 0, 0, now
	}
	b.calls++
	if result == unhealthy {
		b.failures++
	}
	if b.calls >= breakerMinCalls && b.failures*2 >= b.calls {
		b.open, b.retryAt, b.probing = true, now.Add(breakerPause), false
		return true
	}
	return false
}

func (b *breaker) recordOpen(result outcome, now time.Time) bool {
	switch result {
	case healthy:
		b.open, b.probing = false, false
		b.calls, b.failures, b.since = 0, 0, now
		return true
	case unhealthy:
		b.retryAt, b.probing = now.Add(breakerPause), false
	case noVerdict:
		b.probing = false
	}
	return false
}

func (b *breaker) isOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open
}
