package checkout

import (
	"context"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
)

// NotifyPayment wakes what works on an order because its payment changed, and marks an order whose money is no longer secured.
// Each event counts once. An error means that it was not taken: the payment service brings it again.
func (s *Service) NotifyPayment(ctx context.Context, eventID, orderID string) error {
	lost, err := s.lostPayment(ctx, orderID)
	if err != nil {
		return fmt.Errorf("look at the payment: %w", err)
	}
	err = s.Store.Tx(ctx, func(ctx context.Context) error {
		first, err := s.Store.TakeEvent(ctx, eventID)
		if err != nil || !first {
			return err
		}
		if err := s.Store.WakeSagas(ctx, orderID); err != nil {
			return err
		}
		if lost == nil {
			return nil
		}
		return s.markUnsecured(ctx, orderID, *lost)
	})
	if err != nil {
		return fmt.Errorf("take payment event: %w", err)
	}
	return nil
}

// lostPayment is the payment of a placed order that still has to be captured and cannot be any more; nil otherwise. Until an
// order is placed, and while it captures at once, its own machine sees what becomes of the payment.
func (s *Service) lostPayment(ctx context.Context, orderID string) (*order.Payment, error) {
	paymentID, err := s.Store.PaymentToWatch(ctx, orderID)
	if err != nil || paymentID == "" {
		return nil, err
	}
	p, err := s.Peers.Payments.GetPayment(order.AsService(ctx, order.ActorOf(ctx)), paymentID)
	if err != nil {
		return nil, err
	}
	switch p.State {
	case order.PaymentVoided, order.PaymentDeclined, order.PaymentBroken:
		return &p, nil
	default:
		return nil, nil
	}
}

// markUnsecured shows on the order that its authorization ran out or was voided elsewhere. Nothing ships from then on, and the
// stock stays with the order until a person cancels it or the buyer pays in another way: taking it away by itself would
// punish a buyer for what a bank did.
func (s *Service) markUnsecured(ctx context.Context, orderID string, p order.Payment) error {
	o, err := s.Store.LockOrder(ctx, orderID)
	if err != nil {
		return err
	}
	if o.Status != order.Placed || o.Money.Problem || o.Money.Uncaptured() == 0 {
		return nil // cancelled, captured or seen meanwhile
	}
	o.Money.Problem, o.NeedsAttention = true, true
	if err := s.Store.UpdateOrder(ctx, o); err != nil {
		return err
	}
	return s.Store.AppendEvent(ctx, order.Event{OrderID: o.ID, Kind: "payment.authorization_lost", Actor: order.Actor{Kind: order.System}, Data: map[string]string{
		"payment_id": p.ID, "state": string(p.State), "amount": o.Amount(o.Money.Uncaptured()).String(),
	}})
}
