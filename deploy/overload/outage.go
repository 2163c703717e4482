package overload

import (
	"context"
	"time"
)

// Outage is what came of a death of the database while more came than the shop can serve.
type Outage struct {
	// Times is what came, as a multiple of the capacity.
	Times float64 `json:"times"`
	// BackSeconds is how long after the database was there again the shop was as before; -1 is never.
	BackSeconds int `json:"backSeconds"`
	// LeastGood is how many good answers a second had to have, to be as before.
	LeastGood int `json:"leastGood"`
	// FirstFailure is what a client was told.
	FirstFailure string `json:"firstFailure,omitempty"`
}

// Database is one that can die.
type Database interface {
	KillDatabase() error
	StartDatabase(ctx context.Context) error
}

const (
	outageTimes = 1.5
	outageLead  = 5 * time.Second
	outageTime  = 20 * time.Second
	outageAfter = 45 * time.Second
)

// Outlast lets the database die for twenty seconds while half as much again comes as the shop can serve, and goes on sending:
// a shop that needs less load to recover would stay down.
func (c *Crowd) Outlast(ctx context.Context, database Database, r *Result) error {
	timed, cancel := context.WithCancel(ctx)
	defer cancel()
	t := newTally()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.come(timed, t, outageTimes*r.Before.GoodPerSecond*visitsPerRequest, outageLead+outageTime+outageAfter, c.visitors.visit)
	}()
	stop := func(err error) error {
		cancel()
		<-ended
		c.Settle()
		return err
	}
	pause(ctx, outageLead)
	if err := database.KillDatabase(); err != nil {
		return stop(err)
	}
	pause(ctx, outageTime)
	if err := database.StartDatabase(ctx); err != nil {
		return stop(err)
	}
	again := time.Since(t.begun)
	<-ended
	c.Settle()
	as := r.crowded()
	r.Outage = &Outage{Times: outageTimes, FirstFailure: t.firstFailure, LeastGood: as.least, BackSeconds: t.back(int(again.Seconds()), as)}
	return ctx.Err()
}

func pause(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}
