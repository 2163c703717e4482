package order

import (
	"context"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
)

// Steps of a shipment, in order.
const (
	stepCapture = "capture"
	stepShip    = "ship"
	// stepFinish as in refunds.
)

// shipmentMachine carries shipments out: no unit leaves before its value is captured.
type shipmentMachine struct {
	store Store
	peers Peers
}

// Kind implements saga.Machine.
func (m *shipmentMachine) Kind() string { return ShipmentKind }

// Reversible implements saga.Machine: what was begun for the buyer is finished.
func (m *shipmentMachine) Reversible(*saga.Saga) bool { return false }

// Open implements saga.Machine.
func (m *shipmentMachine) Open(ctx context.Context, s *saga.Saga) (saga.Run, error) {
	o, err := m.store.GetOrder(ctx, s.OrderID)
	if err != nil {
		return nil, fmt.Errorf("read order: %w", err)
	}
	for _, shipment := range o.Shipments {
		if shipment.ID == s.ID {
			return &shipmentRun{shipmentMachine: m, order: o, shipment: shipment}, nil
		}
	}
	return nil, fmt.Errorf("order %s has no shipment %s", o.ID, s.ID)
}

type shipmentRun struct {
	*shipmentMachine
	order    *Order
	shipment Shipment
}

// Memory implements saga.Run.
func (r *shipmentRun) Memory() any { return struct{}{} }

// Step implements saga.Run.
func (r *shipmentRun) Step(ctx context.Context, s *saga.Saga) (saga.Next, error) {
	calls := AsService(ctx, r.shipment.Actor)
	switch s.Step {
	case stepCapture:
		return r.capture(calls)
	case stepShip:
		return r.leave(calls)
	case stepFinish:
		return saga.Next{State: saga.Done, Write: r.finish}, nil
	}
	return saga.Next{}, fmt.Errorf("unknown step %q", s.Step)
}

// capture takes the value of the parcel. A refusal ends the shipment and marks the order's payment as a problem; the next
// shipment tries again.
func (r *shipmentRun) capture(ctx context.Context) (saga.Next, error) {
	next := saga.Next{State: saga.Running, Step: stepShip}
	if r.shipment.Capture == 0 {
		return next, nil
	}
	m := Movement{PaymentID: r.order.PaymentID, ID: r.shipment.ID, Amount: r.order.Amount(r.shipment.Capture), Final: r.shipment.Final}
	result, err := r.peers.Payments.Capture(ctx, m)
	switch {
	case err != nil && !saga.Definite(err):
		return saga.Next{}, fmt.Errorf("capture payment: %w", err)
	case err != nil, result == ResultFailed:
		r.shipment.Failure = FailureOf(ErrCapture.New("The payment provider refused to capture %s.", m.Amount).Because(err))
		return saga.Next{State: saga.Failed, Write: func(ctx context.Context) error {
			return r.abandon(ctx, "payment.capture_failed", func(o *Order) { o.Money.Problem, o.NeedsAttention = true, true })
		}}, nil
	case result == ResultUnknown:
		return saga.Next{State: saga.Waiting, Wait: resolveEvery}, nil
	}
	next.Write = r.captured
	return next, nil
}

// captured counts the capture at once, so that it is known even if the parcel cannot leave.
func (r *shipmentRun) captured(ctx context.Context) error {
	o, err := r.store.LockOrder(ctx, r.order.ID)
	if err != nil {
		return err
	}
	o.Money.Captured += r.shipment.Capture
	o.Money.Problem, o.NeedsAttention = false, false
	if err := r.store.UpdateOrder(ctx, o); err != nil {
		return err
	}
	shipment := r.shipment
	shipment.Captured = shipment.Capture
	if err := r.store.EndShipment(ctx, shipment); err != nil {
		return err
	}
	r.shipment = shipment
	return r.store.AppendEvent(ctx, Event{OrderID: o.ID, Kind: "payment.captured", Actor: r.shipment.Actor, Data: map[string]string{
		"amount": o.Amount(r.shipment.Capture).String(), "shipment_id": r.shipment.ID,
	}})
}

// leave takes the units out of stock. A refusal (units wait for stock, somebody released them) ends the shipment; what was
// captured for it counts for the next one.
func (r *shipmentRun) leave(ctx context.Context) (saga.Next, error) {
	parcel := Parcel{
		ID: r.shipment.ID, OrderID: r.order.ID, ReservationID: r.order.ReservationID,
		Carrier: r.shipment.Carrier, TrackingNumber: r.shipment.TrackingNumber,
	}
	for _, l := range r.shipment.Lines {
		parcel.Lines = append(parcel.Lines, StockLine{SKU: l.SKU, Quantity: l.Quantity})
	}
	err := r.peers.Stock.CreateShipment(ctx, parcel)
	switch {
	case err == nil:
		return saga.Next{Step: stepFinish}, nil
	case !saga.Definite(err):
		return saga.Next{}, fmt.Errorf("create shipment: %w", err)
	}
	r.shipment.Failure = FailureOf(err)
	return saga.Next{State: saga.Failed, Write: func(ctx context.Context) error {
		return r.abandon(ctx, "shipment.failed", func(*Order) {})
	}}, nil
}

func (r *shipmentRun) abandon(ctx context.Context, kind string, mark func(*Order)) error {
	o, err := r.store.LockOrder(ctx, r.order.ID)
	if err != nil {
		return err
	}
	mark(o)
	if err := r.store.UpdateOrder(ctx, o); err != nil {
		return err
	}
	r.shipment.Status = OperationFailed
	if err := r.store.EndShipment(ctx, r.shipment); err != nil {
		return err
	}
	return r.store.AppendEvent(ctx, Event{OrderID: o.ID, Kind: kind, Actor: r.shipment.Actor, Data: map[string]string{
		"shipment_id": r.shipment.ID, "failure": r.shipment.Failure.Reason,
	}})
}

func (r *shipmentRun) finish(ctx context.Context) error {
	o, err := r.store.LockOrder(ctx, r.order.ID)
	if err != nil {
		return err
	}
	o.ship(r.shipment)
	o.settle()
	if err := r.store.UpdateOrder(ctx, o); err != nil {
		return err
	}
	if err := r.store.UpdateLines(ctx, o); err != nil {
		return err
	}
	r.shipment.Status = OperationSucceeded
	if err := r.store.EndShipment(ctx, r.shipment); err != nil {
		return err
	}
	return r.store.AppendEvent(ctx, Event{OrderID: o.ID, Kind: "shipment.created", Actor: r.shipment.Actor, Data: map[string]string{
		"shipment_id": r.shipment.ID, "carrier": r.shipment.Carrier, "tracking_number": r.shipment.TrackingNumber,
	}})
}
