package skew

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/prove/load"
)

const (
	// between is how many purchases end before and after each change.
	between = 12
	// moreTime is how long that may take; a shop at peace needs two seconds.
	moreTime = 90 * time.Second
	// crowdTime is how long the crowd may take in all, with what it waits for: pages of banks, parcels, returns.
	crowdTime = 4 * time.Minute
)

// throng is how many buyers buy at once, and how many purchases begin in a second at most.
type throng struct {
	buyers int
	pace   float64
}

var (
	// few buy while a service is replaced.
	few = throng{6, 8}
	// many buy while a schema is migrated: they make about a hundred requests in a second, where the machine lets them.
	many = throng{16, 14}
)

// promised is the log of what buyers were told.
func (s stage) promised() string { return filepath.Join(s.dir, "promised.jsonl") }

// during makes changes, one after the other, while a crowd buys. Nobody may be turned away, and every purchase comes to its end.
func (s stage) during(ctx context.Context, shop *stack.Shop, result *Result, who throng, changes ...func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, crowdTime)
	defer cancel()
	crowd, ledger, err := s.crowd(ctx, shop)
	if err != nil {
		result.fail("open a market: %v", err)
		return
	}
	s.meter.reset()
	crowd.Pace(who.pace)
	crowd.Start(ctx, who.buyers, nil)
	err = more(ctx, crowd)
	for _, change := range changes {
		if err == nil {
			err = change(ctx)
		}
		if err == nil {
			err = more(ctx, crowd)
		}
	}
	crowd.Stop()
	if err != nil {
		result.fail("while a crowd buys: %v", err)
		cancel() // who still waits, waits in vain
	}
	crowd.Wait()
	if ctx.Err() != nil && err == nil {
		result.fail("purchases did not come to an end in %s", crowdTime)
	}
	for _, wrong := range crowd.Wrong() {
		result.fail("while a crowd buys: %s", wrong)
	}
	_, result.Bought = crowd.Figures()
	result.Strain = s.meter.strain()
	result.Strain.judge(result, s.quiet)
	if err := ledger.Close(); err != nil {
		result.fail("close the log of promises: %v", err)
	}
}

// swap replaces the cell's service by its other release, as a rollout or a rollback does. What one began the other one ends: carts,
// payments that wait for a bank, orders on their way.
func swap(shop *stack.Shop, c Cell, l lineup) func(context.Context) error {
	return func(ctx context.Context) error {
		l.serve[c.Service] = l.serve[c.Service].other()
		shop.Terminate(c.Service)
		return shop.Restart(ctx, c.Service)
	}
}

// migrate brings the schema of the cell's service to what the new release needs, while requests are measured.
func (s stage) migrate(shop *stack.Shop, c Cell, l lineup) func(context.Context) error {
	return func(ctx context.Context) error {
		l.migrate[c.Service] = newSide
		return s.meter.around(ctx, func(ctx context.Context) error { return shop.Migrate(ctx, c.Service) })
	}
}

// crowd opens a market for buyers who write down what they are told.
func (s stage) crowd(ctx context.Context, shop *stack.Shop) (*load.Crowd, *load.Ledger, error) {
	token, err := shop.StaffToken()
	if err != nil {
		return nil, nil, err
	}
	client := shop.Client().WithTransport(s.meter.wrap)
	market, err := load.Open(ctx, client, client.WithToken(token), shop.SandboxURL())
	if err != nil {
		return nil, nil, err
	}
	ledger, err := load.OpenLedger(s.promised())
	if err != nil {
		return nil, nil, err
	}
	return load.NewCrowd(market, ledger, 1), ledger, nil
}

// more waits until some more purchases have ended.
func more(ctx context.Context, crowd *load.Crowd) error {
	_, before := crowd.Figures()
	return until(ctx, moreTime, func() error {
		if _, now := crowd.Figures(); now < before+between {
			return errors.Join(fmt.Errorf("%d of %d purchases ended", now-before, between), ctx.Err())
		}
		return nil
	})
}
