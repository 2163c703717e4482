package idempotency

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency/db"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// claim inserts the key or finds out why it cannot. It returns the stored row when the call was answered before, and nil
// when the key is the caller's now. The insert waits for a transaction that is claiming the same key at this moment: if that
// one commits its answer is returned, if it rolls back the key is the caller's.
func (k *Keeper) claim(ctx context.Context, c Call) (*db.FindKeyRow, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	n, err := k.queries.ClaimKey(ctx, db.ClaimKeyParams{
		Principal: c.Principal, Rpc: c.RPC, RequestID: c.RequestID, Fingerprint: c.Fingerprint, LeaseSeconds: lease.Seconds(),
	})
	if postgres.IsLockTimeout(err) {
		return nil, inProgress()
	}
	if err != nil {
		return nil, fmt.Errorf("claim idempotency key: %w", err)
	}
	if n == 1 {
		return nil, nil
	}
	row, err := k.queries.FindKey(ctx, db.FindKeyParams{Principal: c.Principal, Rpc: c.RPC, RequestID: c.RequestID})
	if postgres.NoRows(err) { // released or purged since the insert: the next try will get it
		return nil, inProgress()
	}
	if err != nil {
		return nil, fmt.Errorf("find idempotency key: %w", err)
	}
	if !c.Accepts(row.Fingerprint) {
		return nil, reused()
	}
	if row.State == "done" {
		return &row, nil
	}
	return nil, k.takeOver(ctx, c, row.Fingerprint)
}

func (k *Keeper) takeOver(ctx context.Context, c Call, stored []byte) error {
	n, err := k.queries.TakeOverKey(ctx, db.TakeOverKeyParams{
		LeaseSeconds: lease.Seconds(), Principal: c.Principal, Rpc: c.RPC, RequestID: c.RequestID, Fingerprint: c.Fingerprint, Stored: stored,
	})
	if postgres.IsLockTimeout(err) {
		return inProgress()
	}
	if err != nil {
		return fmt.Errorf("take over idempotency key: %w", err)
	}
	if n == 0 {
		return inProgress()
	}
	return nil
}

// Accepts says whether a stored fingerprint is of the same request: the call's own, or one of an earlier release.
func (c Call) Accepts(stored []byte) bool {
	return bytes.Equal(c.Fingerprint, stored) ||
		slices.ContainsFunc(c.earlier, func(known []byte) bool { return bytes.Equal(known, stored) })
}

func (c Call) validate() error {
	if len(c.RequestID) > maxKey {
		return errs.IdempotencyKeyInvalid.At("requestId", "An idempotency key has at most %d characters.", maxKey)
	}
	for i := range len(c.RequestID) {
		if c.RequestID[i] < ' ' || c.RequestID[i] > '~' {
			return errs.IdempotencyKeyInvalid.At("requestId", "An idempotency key consists of printable ASCII characters.")
		}
	}
	return nil
}

// gate lets one call per key into the database at a time. Without it a storm of repeated calls would hold every connection
// of the pool while waiting for the first one, and other calls would find the database busy.
type gate struct {
	mu      sync.Mutex
	running map[string]chan struct{}
}

func newGate() *gate { return &gate{running: map[string]chan struct{}{}} }

// enter says whether it had to wait. Leave must be called.
func (g *gate) enter(ctx context.Context, c Call) (waited bool, leave func(), err error) {
	key := c.Principal + "\x00" + c.RPC + "\x00" + c.RequestID
	var timeout <-chan time.Time
	for {
		g.mu.Lock()
		done, busy := g.running[key]
		if !busy {
			mine := make(chan struct{})
			g.running[key] = mine
			g.mu.Unlock()
			return waited, func() { g.leave(key, mine) }, nil
		}
		g.mu.Unlock()
		if timeout == nil {
			timer := time.NewTimer(patience)
			defer timer.Stop()
			timeout = timer.C
		}
		waited = true
		select {
		case <-done:
		case <-timeout:
			return true, nil, inProgress()
		case <-ctx.Done():
			return true, nil, ctx.Err()
		}
	}
}

func (g *gate) leave(key string, mine chan struct{}) {
	g.mu.Lock()
	delete(g.running, key)
	g.mu.Unlock()
	close(mine)
}
