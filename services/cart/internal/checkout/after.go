package checkout

import (
	"context"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
)

// commitStock makes the held units the order's own. When they went back on sale meanwhile they are reserved again; when they
// are gone, the rest of the way only ends the checkout, and the order is cancelled and paid back.
func (r *run) commitStock(ctx context.Context) (saga.Next, error) {
	next := saga.Next{Step: stepPostGiftCards}
	err := r.Peers.Stock.CommitReservation(ctx, r.order.ReservationID)
	switch {
	case err == nil:
		return next, nil
	case !saga.Definite(err):
		return saga.Next{}, fmt.Errorf("commit reservation: %w", err)
	}
	again := r.reservation(1)
	err = r.Peers.Stock.Reserve(ctx, again)
	switch {
	case err != nil && !saga.Definite(err):
		return saga.Next{}, fmt.Errorf("reserve stock again: %w", err)
	case err != nil:
		r.memory.StockLost = true
		return saga.Next{Step: stepRedeemCoupons, Attention: true}, nil //nolint:nilerr // refused for good: somebody is asked to look
	}
	if err := r.Peers.Stock.CommitReservation(ctx, again.ID); err != nil {
		return saga.Next{}, fmt.Errorf("commit second reservation: %w", err)
	}
	r.order.ReservationID = again.ID
	return next, nil
}

// postGiftCards charges the gift cards. A hold that ran out is taken again; when the balance is gone meanwhile the step
// stays where it is and calls for a person.
func (r *run) postGiftCards(ctx context.Context) (saga.Next, error) {
	for i, card := range r.order.GiftCards {
		err := r.Peers.Payments.PostGiftCardHold(ctx, card.HoldID)
		if err != nil && !saga.Definite(err) {
			return saga.Next{}, fmt.Errorf("post gift card hold: %w", err)
		}
		if err == nil {
			continue
		}
		again := holdID(r.order.ID, i, 1)
		if err := r.Peers.Payments.HoldGiftCard(ctx, r.hold(card, again)); err != nil {
			return saga.Next{}, fmt.Errorf("hold gift card again: %w", err)
		}
		if err := r.Peers.Payments.PostGiftCardHold(ctx, again); err != nil {
			return saga.Next{}, fmt.Errorf("post second gift card hold: %w", err)
		}
		r.order.GiftCards[i].HoldID = again
	}
	r.memory.GiftPosted = len(r.order.GiftCards) > 0
	return saga.Next{Step: stepCapturePayment}, nil
}

// redeemCoupons makes the uses of promotions final. The buyer has the discount by now, so a refusal is only written down.
func (r *run) redeemCoupons(ctx context.Context) (saga.Next, error) {
	if r.memory.NoUses || r.memory.StockLost {
		return saga.Next{Step: stepClose}, nil
	}
	err := r.Peers.Pricing.RedeemCoupons(ctx, r.order.ID)
	if err != nil && !saga.Definite(err) {
		return saga.Next{}, fmt.Errorf("redeem coupons: %w", err)
	}
	if err != nil {
		r.memory.CouponsLost = err.Error()
	}
	return saga.Next{Step: stepClose}, nil
}

// close ends the checkout: what was captured is written on the order and the cart becomes what was bought.
func (r *run) close() (saga.Next, error) {
	return saga.Next{State: saga.Done, Write: func(ctx context.Context) error {
		o := *r.order
		o.Money.Captured, o.Money.GiftPosted = r.memory.Captured, r.memory.GiftPosted
		if r.memory.Problem {
			o.Money.Problem, o.NeedsAttention = true, true
		}
		if r.memory.StockLost {
			o.ReservationID, o.NeedsAttention = "", true
		}
		if err := r.Store.UpdateOrder(ctx, &o); err != nil {
			return err
		}
		if err := r.CartStore.Convert(ctx, o.CartID, o.ID); err != nil {
			return err
		}
		if err := r.tell(ctx, &o); err != nil {
			return err
		}
		if r.memory.StockLost {
			if err := order.CancelBySystem(ctx, r.Store, &o, "The stock was gone when the order was placed."); err != nil {
				return err
			}
		}
		r.order = &o
		return nil
	}}, nil
}

// tell writes what happened after the order was placed into its history.
func (r *run) tell(ctx context.Context, o *order.Order) error {
	happened := map[string]map[string]string{}
	if r.memory.Captured > 0 {
		happened["payment.captured"] = map[string]string{"amount": o.Amount(r.memory.Captured).String()}
	}
	if r.memory.Problem {
		happened["payment.capture_failed"] = map[string]string{"amount": o.Amount(o.Money.Due - r.memory.Captured).String()}
	}
	if r.memory.StockLost {
		happened["stock.lost"] = nil
	}
	if r.memory.CouponsLost != "" {
		happened["coupons.not_redeemed"] = map[string]string{"error": r.memory.CouponsLost}
	}
	for _, kind := range []string{"payment.captured", "payment.capture_failed", "stock.lost", "coupons.not_redeemed"} {
		facts, ok := happened[kind]
		if !ok {
			continue
		}
		if err := r.Store.AppendEvent(ctx, order.Event{OrderID: o.ID, Kind: kind, Actor: order.Actor{Kind: order.System}, Data: facts}); err != nil {
			return err
		}
	}
	return nil
}

// giveBack undoes backwards what the checkout may have taken. What was never taken can be given back too: the other services
// then refuse it should it arrive late. Only a run that began the checkout knows what it never tried.
func (r *run) giveBack(ctx context.Context, step string) (saga.Next, error) {
	switch step {
	case stepVoidPayment:
		if r.order.PaymentID != "" && r.tried(stepAuthorizePayment) {
			if _, err := r.Peers.Payments.Void(ctx, r.order.PaymentID, r.order.ID+"-v0", r.order.ID); err != nil {
				return saga.Next{}, fmt.Errorf("void payment: %w", err)
			}
		}
		return saga.Next{Step: stepReleaseGiftCards}, nil
	case stepReleaseGiftCards:
		for _, card := range r.order.GiftCards {
			if !r.tried(stepHoldGiftCards) {
				break
			}
			if err := r.Peers.Payments.ReleaseGiftCardHold(ctx, card.HoldID, r.order.ID); err != nil {
				return saga.Next{}, fmt.Errorf("release gift card hold: %w", err)
			}
		}
		return saga.Next{Step: stepReleaseStock}, nil
	case stepReleaseStock:
		if r.tried(stepReserveStock) {
			if err := r.Peers.Stock.ReleaseReservation(ctx, r.order.ReservationID); err != nil {
				return saga.Next{}, fmt.Errorf("release reservation: %w", err)
			}
		}
		return saga.Next{Step: stepReleaseCoupons}, nil
	case stepReleaseCoupons:
		if !r.memory.NoUses {
			if err := r.Peers.Pricing.ReleaseCoupons(ctx, r.order.ID); err != nil {
				return saga.Next{}, fmt.Errorf("release coupons: %w", err)
			}
		}
		return saga.Next{Step: stepFail}, nil
	case stepFail:
		return r.fail()
	}
	return saga.Next{}, fmt.Errorf("unknown step %q", step)
}

func (r *run) tried(step string) bool { return !r.fresh || r.reached[step] }

// fail ends the order and opens the cart again, so that the buyer can try once more.
func (r *run) fail() (saga.Next, error) {
	r.memory.Payment.Token = ""
	return saga.Next{State: saga.Failed, Write: func(ctx context.Context) error {
		o := *r.order
		o.Status, o.Failure, o.NextAction = order.Failed, r.memory.Failure, nil
		event := order.Event{OrderID: o.ID, Kind: "order.failed", Actor: order.Actor{Kind: order.System}, Data: map[string]string{}}
		if r.memory.Cancelled {
			o.Status, event.Kind = order.Cancelled, "order.cancelled"
		}
		if o.Failure != nil {
			event.Data["reason"] = o.Failure.Reason
		}
		if err := r.Store.UpdateOrder(ctx, &o); err != nil {
			return err
		}
		if err := r.CartStore.Reopen(ctx, o.CartID, o.ID); err != nil {
			return err
		}
		if err := r.Store.AppendEvent(ctx, event); err != nil {
			return err
		}
		r.order = &o
		return nil
	}}, nil
}
