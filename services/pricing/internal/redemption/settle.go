package redemption

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// RedeemCoupons makes an order's reserved uses final. When they expired they are taken again if limits still allow. It runs
// in a transaction of the caller, which must roll back when it fails.
func (s *Service) RedeemCoupons(ctx context.Context, orderID string, generation int32) (OrderUse, error) {
	held, found, err := s.store.LockOrderUse(ctx, orderID)
	if err != nil {
		return OrderUse{}, err
	}
	switch {
	case !found || held.Generation < generation:
		return OrderUse{}, ErrNotFound.New("The order has not confirmed a quote.")
	case held.Generation > generation || held.State == Released:
		return OrderUse{}, ErrReleased.New("The order gave up attempt %d.", generation).Meta("generation", itoa(held.Generation))
	case held.State == Redeemed:
		return held, nil
	case held.State == Expired:
		if err := s.takeAgain(ctx, held); err != nil {
			return OrderUse{}, err
		}
	}
	held.State = Redeemed
	return s.store.UpdateOrderUse(ctx, held, 0)
}

// takeAgain takes the uses of an expired order once more, whatever the promotions give today: the buyer was promised what
// was confirmed. Only limits can refuse.
func (s *Service) takeAgain(ctx context.Context, held OrderUse) error {
	if len(held.Uses) == 0 {
		return nil
	}
	terms, err := s.store.HoldPromotions(ctx, promotionIDs(held.Uses))
	if err != nil {
		return err
	}
	if err := s.take(ctx, held, terms); err != nil {
		return err
	}
	return s.store.SetCounting(ctx, held.OrderID, true)
}

// ReleaseCoupons gives back what an order uses and refuses it any use by this or an earlier attempt. It runs in a
// transaction of the caller, which must roll back when it fails.
func (s *Service) ReleaseCoupons(ctx context.Context, orderID string, generation int32) (OrderUse, error) {
	held, found, err := s.store.LockOrderUse(ctx, orderID)
	if err != nil {
		return OrderUse{}, err
	}
	if !found {
		tombstone := OrderUse{OrderID: orderID, Generation: generation, State: Released}
		tombstone, inserted, err := s.store.InsertOrderUse(ctx, tombstone, 0)
		if err == nil && !inserted {
			err = errs.Conflict.New("The order is being confirmed or released by another call.").RetryAfter(time.Second)
		}
		return tombstone, err
	}
	if held.Generation > generation || held.Generation == generation && held.State == Released {
		return held, nil // a later attempt holds it, or it is done
	}
	if err := s.giveBack(ctx, held); err != nil {
		return OrderUse{}, err
	}
	held.State, held.Generation = Released, generation
	return s.store.UpdateOrderUse(ctx, held, 0)
}

// GetOrderUse reads what an order uses.
func (s *Service) GetOrderUse(ctx context.Context, orderID string) (OrderUse, error) {
	use, found, err := s.store.OrderUse(ctx, orderID)
	if err == nil && !found {
		err = ErrNotFound.New("The order has not confirmed a quote.")
	}
	return use, err
}

// ExpireDue gives back reservations whose time has run out, at most limit, each in a transaction of its own, and says how
// many held a promotion. Any number of processes may do so at once.
func (s *Service) ExpireDue(ctx context.Context, limit int) (int, error) {
	if err := s.store.ExpireEmpty(ctx, limit); err != nil {
		return 0, err
	}
	for n := range limit {
		more := false
		err := s.store.Tx(ctx, func(ctx context.Context) error {
			due, found, err := s.store.LockDue(ctx)
			if more = found; err != nil || !found {
				return err
			}
			if err := s.giveBack(ctx, due); err != nil {
				return err
			}
			due.State = Expired
			_, err = s.store.UpdateOrderUse(ctx, due, 0)
			return err
		})
		if err != nil || !more {
			return n, err
		}
	}
	return limit, nil
}

// tombstoneAge is how long released and expired uses are remembered: far longer than any step of a checkout is retried.
const tombstoneAge = 90 * 24 * time.Hour

// PurgeOld deletes released and expired uses that nobody can ask about any more, at most limit, and says how many.
func (s *Service) PurgeOld(ctx context.Context, limit int) (int, error) {
	return s.store.Purge(ctx, tombstoneAge, limit)
}
