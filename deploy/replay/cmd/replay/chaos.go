package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/replay"
)

const (
	// killEvery is how often a service is killed in a replay with chaos.
	killEvery = 5 * time.Second
	// settleTime is how long what a killed service left behind may take to come to an end after the last purchase.
	settleTime = time.Minute
)

// play plays the plan, with chaos while services die in turn.
func play(ctx context.Context, p *replay.Player, plan *replay.Plan, chaos bool, t *target) (*replay.Outcome, int, error) {
	if !chaos {
		outcome, err := p.Play(replay.WithStart(ctx), plan)
		return outcome, 0, err
	}
	running, stop := context.WithCancel(ctx)
	type sum struct {
		deaths int
		err    error
	}
	ended := make(chan sum, 1)
	go func() {
		deaths, err := kill(running, t.own)
		ended <- sum{deaths, err}
	}()
	outcome, err := p.Play(replay.WithStart(ctx), plan)
	stop()
	killed := <-ended
	return outcome, killed.deaths, errors.Join(err, killed.err)
}

// kill kills one service after the other and starts it again at once, until ctx ends. None is left dead.
func kill(ctx context.Context, shop *stack.Shop) (deaths int, err error) {
	ticker := time.NewTicker(killEvery)
	defer ticker.Stop()
	for ; ; deaths++ {
		select {
		case <-ctx.Done():
			return deaths, nil
		case <-ticker.C:
		}
		victim := stack.ServiceNames[deaths%len(stack.ServiceNames)]
		shop.Kill(victim)
		if err := shop.Restart(context.WithoutCancel(ctx), victim); err != nil {
			return deaths, fmt.Errorf("start %s again: %w", victim, err)
		}
	}
}

// settled is the audit once nothing is under way: with chaos, refunds of a service that was killed are finished by its successor.
func settled(ctx context.Context, chaos bool, check func() (*replay.Audit, error)) (*replay.Audit, error) {
	deadline := time.Now().Add(settleTime)
	for {
		audit, err := check()
		if err != nil || len(audit.Mismatches) == 0 || !chaos || time.Now().After(deadline) {
			return audit, err
		}
		select {
		case <-ctx.Done():
			return audit, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}
