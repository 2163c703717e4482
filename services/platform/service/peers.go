package service

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
)

// firstMeeting is how long a process that starts waits for its peers before it asks for traffic. A new pod can be unable to reach
// them for some seconds: the network policies in front of them have not heard of its address yet.
const firstMeeting = 10 * time.Second

var errPeersUnmet = errors.New("not all peers have been connected yet")

// peers are the services that a process calls. Traffic is held back until each has been connected once, so that the first calls
// find connections; never longer than firstMeeting, for a peer may be down and much is served without it. What becomes of the
// connections later changes nothing.
type peers struct {
	met atomic.Bool
}

// ready is nil once the peers have been met or the time for it is over.
func (p *peers) ready() error {
	if p.met.Load() {
		return nil
	}
	return errPeersUnmet
}

// meet waits for the first connection to each peer.
func (p *peers) meet(ctx context.Context, conns []*grpc.ClientConn, log *zap.Logger) {
	defer p.met.Store(true)
	ctx, cancel := context.WithTimeout(ctx, firstMeeting)
	defer cancel()
	for _, conn := range conns {
		if !connected(ctx, conn) && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			log.Warn("a peer cannot be reached yet; serving without it", zap.String("target", conn.CanonicalTarget()))
		}
	}
}

// connected waits until the connection has a healthy peer, and tells whether it got one before ctx ended.
func connected(ctx context.Context, conn *grpc.ClientConn) bool {
	for {
		state := conn.GetState()
		if state == connectivity.Ready {
			return true
		}
		if !conn.WaitForStateChange(ctx, state) {
			return false
		}
	}
}
