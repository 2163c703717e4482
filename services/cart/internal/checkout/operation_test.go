package checkout_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// desk is the back office at work on one order.
type desk struct {
	*process
	t     *testing.T
	b     *buyer
	order *cartv1.Order
}

// sold is an order that was just placed, with the back office in front of it.
func (s *shop) sold(p *process, mood, method, token string, giftCard int64) *desk {
	b := s.buyer(mood, true, giftCard)
	o, err := b.buy(p, method, token)
	require.NoError(s.t, err)
	require.Equal(s.t, cartv1.OrderStatus_ORDER_STATUS_PLACED, o.GetStatus())
	return &desk{process: p, t: s.t, b: b, order: o}
}

func (d *desk) ctx() context.Context { return asStaff(d.b.calling(d.process.ctx)) }

func (d *desk) shirts(units int32) *cartv1.ShipmentItem {
	return &cartv1.ShipmentItem{OrderLineId: d.order.GetLines()[0].GetId(), Quantity: units}
}

func (d *desk) ship(items ...*cartv1.ShipmentItem) (*cartv1.Shipment, error) {
	resp, err := d.orders.CreateShipment(d.ctx(), &cartv1.CreateShipmentRequest{
		OrderId: d.order.GetId(), RequestId: id.New(), Lines: items, Carrier: "Royal Mail", TrackingNumber: "RM123",
	})
	if err == nil {
		d.order = resp.GetOrder()
	}
	return resp.GetShipment(), err
}

func (d *desk) refund(req *cartv1.RefundOrderRequest) (*cartv1.Refund, error) {
	req.OrderId = d.order.GetId()
	if req.GetRequestId() == "" {
		req.RequestId = id.New()
	}
	resp, err := d.orders.RefundOrder(d.ctx(), req)
	if err == nil {
		d.order = resp.GetOrder()
	}
	return resp.GetRefund(), err
}

func (d *desk) item(line int, units int32) []*cartv1.RefundItem {
	return []*cartv1.RefundItem{{OrderLineId: d.order.GetLines()[line].GetId(), Quantity: units}}
}

func (d *desk) purse() purse { return d.b.shop.payment.purse(d.order.GetId(), d.b.card) }

// An order captured at shipment takes the value of each parcel when it leaves, the gift card first, and the rest with the
// last one; the buyer never pays for what has not left.
func TestCaptureAtShipment(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	d := s.sold(s.process(), "at shipment", "card", "tok_ok", 1200)
	require.Equal(t, cartv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED, d.order.GetPaymentStatus(), "the gift card is charged")
	require.Zero(t, d.purse().Captured)
	parcel, err := d.ship(d.shirts(1)) // worth 9.00, which the gift card covers
	require.NoError(t, err)
	require.Equal(t, cartv1.OperationStatus_OPERATION_STATUS_SUCCEEDED, parcel.GetStatus())
	require.Zero(t, d.purse().Captured)
	require.Equal(t, cartv1.FulfillmentStatus_FULFILLMENT_STATUS_PARTIAL, d.order.GetFulfillmentStatus())
	_, err = d.ship(d.shirts(1)) // 18.00 has left, 12.00 is covered
	require.NoError(t, err)
	require.Equal(t, int64(600), d.purse().Captured)
	_, err = d.ship(d.shirts(2))
	require.Equal(t, "QTY_EXCEEDS", errs.ReasonOf(err))
	_, err = d.ship()
	require.NoError(t, err)
	require.Equal(t, int64(fullPrice-reduction-1200), d.purse().Captured)
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_COMPLETED, d.order.GetStatus())
	require.Equal(t, cartv1.FulfillmentStatus_FULFILLMENT_STATUS_FULFILLED, d.order.GetFulfillmentStatus())
	_, err = d.ship()
	require.Equal(t, "ORDER_STATE", errs.ReasonOf(err))
}

// A capture the provider refuses lets nothing leave; staff sees the problem, and the next try works once it is mended.
func TestCaptureRefused(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	for _, mood := range []string{"at shipment", "at placement"} {
		d := s.sold(s.process(), mood, "card", "tok_nocapture", 0)
		_, err := d.ship()
		require.Equal(t, "PAYMENT_CAPTURE_FAILED", errs.ReasonOf(err))
		got, err := d.orders.GetOrder(d.ctx(), &cartv1.GetOrderRequest{OrderId: d.order.GetId()})
		require.NoError(t, err)
		require.Equal(t, cartv1.PaymentStatus_PAYMENT_STATUS_PROBLEM, got.GetOrder().GetPaymentStatus())
		require.Equal(t, cartv1.FulfillmentStatus_FULFILLMENT_STATUS_UNFULFILLED, got.GetOrder().GetFulfillmentStatus())
		require.True(t, got.GetOrder().GetNeedsAttention())
		s.payment.recover(d.order.GetId())
		_, err = d.ship()
		require.NoError(t, err)
		require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_COMPLETED, d.order.GetStatus())
		require.Equal(t, cartv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, d.order.GetPaymentStatus())
	}
}

// Returned units are refunded to the card, what the card did not pay to the gift card, to the penny, and the units go back
// on the shelf only when they are fit for it.
func TestRefundAfterShipment(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	d := s.sold(s.process(), "", "card", "tok_ok", 2000)
	_, err := d.ship()
	require.NoError(t, err)
	due := int64(fullPrice - reduction - 2000)
	req := &cartv1.RefundOrderRequest{RequestId: id.New(), Lines: d.item(0, 2), Restock: true, Reason: "too small"}
	for range 2 { // a repeat of the request refunds once
		refund, err := d.refund(req)
		require.NoError(t, err)
		require.Equal(t, int64(1800), refund.GetTotal().GetMinorUnits())
		require.Equal(t, due, refund.GetToPayment().GetMinorUnits(), "the card first, up to what it paid")
		require.Equal(t, 1800-due, refund.GetToGiftCards().GetMinorUnits())
		require.Equal(t, int32(2), refund.GetLines()[0].GetReturnedQuantity())
		require.Equal(t, int64(300), refund.GetLines()[0].GetTax().GetMinorUnits())
	}
	require.Equal(t, int32(999), s.inventory.shirts())
	require.Equal(t, due, d.purse().Refunded)
	require.Equal(t, 1800-due, d.purse().GiftRefunded)
	_, err = d.refund(&cartv1.RefundOrderRequest{Lines: d.item(0, 2)})
	require.Equal(t, "QTY_EXCEEDS", errs.ReasonOf(err))
	_, err = d.refund(&cartv1.RefundOrderRequest{Lines: d.item(0, 1), Shipping: true, Restock: false})
	require.NoError(t, err)
	require.Equal(t, int32(999), s.inventory.shirts(), "damaged goods are not sold again")
	_, err = d.refund(&cartv1.RefundOrderRequest{Lines: d.item(1, 1)})
	require.NoError(t, err)
	require.Equal(t, cartv1.PaymentStatus_PAYMENT_STATUS_REFUNDED, d.order.GetPaymentStatus())
	require.Equal(t, cartv1.FulfillmentStatus_FULFILLMENT_STATUS_RETURNED, d.order.GetFulfillmentStatus())
	require.Equal(t, int64(2000), s.payment.purse("", d.b.card).GiftOnCard)
	_, err = d.refund(&cartv1.RefundOrderRequest{Shipping: true})
	require.Equal(t, "REFUND_EMPTY", errs.ReasonOf(err))
}

// Units refunded before they were shipped or paid are taken off the order: their stock is free again, they are never
// captured, and the last parcel captures the rest.
func TestRefundBeforeShipment(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	d := s.sold(s.process(), "at shipment", "card", "tok_ok", 0)
	refund, err := d.refund(&cartv1.RefundOrderRequest{Lines: d.item(0, 1)})
	require.NoError(t, err)
	require.Equal(t, int64(900), refund.GetNotCaptured().GetMinorUnits())
	require.Zero(t, refund.GetToPayment().GetMinorUnits())
	require.Equal(t, int32(998), s.inventory.shirts())
	_, err = d.ship()
	require.NoError(t, err)
	got := d.purse()
	require.Equal(t, int64(fullPrice-reduction-900), got.Captured)
	require.Equal(t, got.Captured, got.Authorized, "the rest of the authorization was released")
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_COMPLETED, d.order.GetStatus())

	d = s.sold(s.process(), "at shipment", "card", "tok_ok", 0)
	_, err = d.ship(d.shirts(3))
	require.NoError(t, err)
	require.Equal(t, int64(2700), d.purse().Captured)
	_, err = d.refund(&cartv1.RefundOrderRequest{Lines: d.item(1, 1)}) // the mug: nothing is left to ship
	require.NoError(t, err)
	require.Equal(t, int64(2700+495), d.purse().Captured, "the delivery is still owed")
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_COMPLETED, d.order.GetStatus())
}

// A clerk who takes every unit and the delivery off an order has cancelled it, whatever the button was called: its coupon is
// free for the next order, which a buyer would otherwise be refused.
func TestRefundOfEverythingFreesTheCoupon(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	d := s.sold(s.process(), "", "card", "tok_ok", 0)
	require.Equal(t, 999, s.pricing.limit)
	_, err := d.refund(&cartv1.RefundOrderRequest{Lines: append(d.item(0, 3), d.item(1, 1)...)})
	require.NoError(t, err)
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_PLACED, d.order.GetStatus(), "the delivery is still paid")
	require.Equal(t, 999, s.pricing.limit)
	_, err = d.refund(&cartv1.RefundOrderRequest{Shipping: true})
	require.NoError(t, err)
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_CANCELLED, d.order.GetStatus())
	require.Equal(t, 1000, s.pricing.limit)
	require.Equal(t, d.purse().Captured, d.purse().Refunded)
}

// A refund the provider refuses leaves the order as it was, and the clerk is told.
func TestRefundRefused(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	d := s.sold(s.process(), "", "card", "tok_norefund", 0)
	_, err := d.refund(&cartv1.RefundOrderRequest{Lines: d.item(0, 1)})
	require.Equal(t, "PAYMENT_REFUND_FAILED", errs.ReasonOf(err))
	got, err := d.orders.GetOrder(d.ctx(), &cartv1.GetOrderRequest{OrderId: d.order.GetId()})
	require.NoError(t, err)
	require.Zero(t, got.GetOrder().GetTotals().GetRefunded().GetMinorUnits())
	require.Zero(t, got.GetOrder().GetLines()[0].GetQuantityCancelled())
	require.Equal(t, cartv1.OperationStatus_OPERATION_STATUS_FAILED, got.GetOrder().GetRefunds()[0].GetStatus())
	require.Equal(t, int32(997), s.inventory.shirts())
}

// A refund the provider decides later is pending until it says so, and then done.
func TestRefundDecidedLater(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	d := s.sold(s.process().work(), "", "card", "tok_slowrefund", 0)
	refund, err := d.refund(&cartv1.RefundOrderRequest{Lines: d.item(0, 1)})
	require.NoError(t, err)
	require.Equal(t, cartv1.OperationStatus_OPERATION_STATUS_PENDING, refund.GetStatus())
	_, err = d.refund(&cartv1.RefundOrderRequest{Lines: d.item(1, 1)})
	require.Equal(t, "ORDER_BUSY", errs.ReasonOf(err))
	_, err = d.checkouts.NotifyPayment(d.ctx(), &cartv1.NotifyPaymentRequest{EventId: "refunded", OrderId: d.order.GetId(), PaymentId: "p"})
	require.NoError(t, err)
	s.ended(d.order.GetId(), pickedUp)
	require.Equal(t, int64(900), d.purse().Refunded)
	require.Equal(t, order.OperationSucceeded, d.b.order().Refunds[0].Status)
}

// Should ever two checkouts of one cart get past everything else, the database itself refuses the second order: the buyer would
// pay twice.
func TestDatabaseRefusesASecondOrderOfACart(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	d := s.sold(s.process(), "", "card", "tok_ok", 0)
	_, err := s.database.DB.Exec(t.Context(), `INSERT INTO sales_order SELECT
		(jsonb_populate_record(o, jsonb_build_object('id', $2::text, 'number', 'X-1'))).* FROM sales_order AS o WHERE o.id = $1`,
		d.order.GetId(), id.Secret())
	require.ErrorContains(t, err, "sales_order_by_cart")
}

// Cancelling gives back everything, whatever was taken by then: a reserved amount is released, captured money refunded, the
// gift card filled, the coupon free again.
func TestCancel(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	for _, sale := range []struct{ mood, method string }{{"at shipment", "card"}, {"", "card"}, {"", "qr"}} {
		d := s.sold(s.process(), sale.mood, sale.method, "tok_ok", 1200)
		req := &cartv1.CancelOrderRequest{OrderId: d.order.GetId(), RequestId: id.New(), Reason: "ordered twice"}
		for range 2 {
			resp, err := d.orders.CancelOrder(d.ctx(), req)
			require.NoError(t, err)
			require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_CANCELLED, resp.GetOrder().GetStatus())
			require.NotNil(t, resp.GetOrder().GetCancelledAt())
		}
		got := d.purse()
		require.Equal(t, got.Captured, got.Refunded)
		require.Equal(t, int64(1200), got.GiftOnCard)
		require.LessOrEqual(t, got.Authorized, got.Captured)
		require.Equal(t, int32(1000), s.inventory.shirts())
		require.Equal(t, 1000, s.pricing.limit)
		_, err := d.ship()
		require.Equal(t, "ORDER_STATE", errs.ReasonOf(err))
	}
	d := s.sold(s.process(), "", "card", "tok_ok", 0)
	_, err := d.ship(d.shirts(1))
	require.NoError(t, err)
	_, err = d.orders.CancelOrder(d.ctx(), &cartv1.CancelOrderRequest{OrderId: d.order.GetId(), RequestId: id.New()})
	require.Equal(t, "ORDER_STATE", errs.ReasonOf(err))
	require.Equal(t, errs.FailedPrecondition, errs.CodeOf(err))
}

// Whatever goes wrong, and whenever, while the back office cancels, refunds or ships: money and stock move exactly once.
func TestCrashAtTheDesk(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	seller := s.process()
	type work struct {
		crash
		desk *desk
		do   func(*desk)
	}
	cancel := func(d *desk) {
		_, _ = d.orders.CancelOrder(d.ctx(), &cartv1.CancelOrderRequest{OrderId: d.order.GetId(), RequestId: id.New()})
	}
	refund := func(d *desk) { _, _ = d.refund(&cartv1.RefundOrderRequest{Lines: d.item(0, 2), Restock: true}) }
	ship := func(d *desk) { _, _ = d.ship(d.shirts(2)) }
	var all []*work
	add := func(mood string, shipped bool, do func(*desk), methods ...string) {
		for _, method := range methods {
			for _, fault := range []fault{lostRequest, lostReply, killBefore, killAfter} {
				d := s.sold(seller, mood, "card", "tok_ok", 2000)
				if shipped {
					_, err := d.ship()
					require.NoError(t, err)
				}
				all = append(all, &work{crash: crash{method: method, fault: fault}, desk: d, do: do})
			}
		}
	}
	add("", false, cancel, "RefundPayment", "RefundToGiftCard", "ReleaseAllocation", "ReleaseCoupons")
	add("at shipment", false, cancel, "VoidPayment")
	add("", true, refund, "RefundPayment", "RefundToGiftCard", "ReceiveReturn")
	add("at shipment", false, ship, "CreateShipment")
	s.process().work()
	var clerks sync.WaitGroup
	for _, w := range all {
		victim := s.process()
		a := armed{fault: w.fault}
		if w.fault == killBefore || w.fault == killAfter {
			a.kill = victim.kill
		}
		s.faults.arm(w.desk.b.requestID, w.method, a)
		w.desk.process = victim
		clerks.Go(func() { w.do(w.desk) })
	}
	clerks.Wait()
	for _, w := range all {
		s.ended(w.desk.order.GetId(), pickedUp)
		require.True(t, s.faults.wasHit(w.desk.b.requestID, w.method), "%s was never called", w.method)
		w.desk.checkBooks(t, w.method+": "+string(w.fault))
	}
}

// checkBooks holds what the other services have of an order against what the order says.
func (d *desk) checkBooks(t *testing.T, label string) {
	o, err := postgres.NewOrderStore(d.b.shop.database.DB).GetOrder(patient(), d.order.GetId())
	require.NoError(t, err)
	got := d.purse()
	require.Equal(t, o.Money.Captured, got.Captured, label)
	require.Equal(t, o.Money.Refunded, got.Refunded, label)
	require.Equal(t, o.Money.GiftRefunded, got.GiftRefunded, label)
	if o.Status == order.Cancelled {
		require.Equal(t, int64(2000), got.GiftOnCard, label)
		require.LessOrEqual(t, got.Authorized, got.Captured, label)
	}
	inventory := d.b.shop.inventory
	inventory.mu.Lock()
	defer inventory.mu.Unlock()
	for _, l := range o.Lines {
		require.Equal(t, l.Returned, inventory.returned[o.ID+"/"+l.SKU], label)
		require.Equal(t, l.Shipped+l.Cancelled, inventory.reservations[o.ReservationID].gone[l.SKU], label)
	}
	for _, r := range o.Refunds {
		require.Equal(t, order.OperationSucceeded, r.Status, label)
	}
	for _, sh := range o.Shipments {
		require.Equal(t, order.OperationSucceeded, sh.Status, label)
	}
}

// Orders of others do not exist for a customer; a guest's order is found by its id; staff find all; the history is for
// staff and tells who did what.
func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process()
	d := s.sold(p, "", "card", "tok_ok", 0)
	ada := identity.With(p.ctx, identity.Principal{Kind: identity.Customer, Subject: "ada"})
	bob := identity.With(p.ctx, identity.Principal{Kind: identity.Customer, Subject: "bob"})
	get := func(ctx context.Context) error {
		_, err := p.orders.GetOrder(ctx, &cartv1.GetOrderRequest{OrderId: d.order.GetId()})
		return err
	}
	require.NoError(t, get(p.ctx))
	require.NoError(t, get(bob))
	_, err := s.database.DB.Exec(p.ctx, "UPDATE sales_order SET customer_id = 'ada'")
	require.NoError(t, err)
	require.NoError(t, get(ada))
	require.NoError(t, get(asStaff(p.ctx)))
	require.ErrorIs(t, get(bob), order.ErrNotFound.Err())
	require.ErrorIs(t, get(p.ctx), order.ErrNotFound.Err())

	_, err = p.orders.CancelOrder(bob, &cartv1.CancelOrderRequest{OrderId: d.order.GetId(), RequestId: id.New()})
	require.ErrorIs(t, err, order.ErrNotFound.Err())
	_, err = p.orders.RefundOrder(ada, &cartv1.RefundOrderRequest{OrderId: d.order.GetId(), RequestId: id.New(), Shipping: true})
	require.Equal(t, errs.PermissionDenied, errs.CodeOf(err))
	_, err = p.orders.CreateShipment(p.ctx, &cartv1.CreateShipmentRequest{OrderId: d.order.GetId(), RequestId: id.New()})
	require.Equal(t, errs.Unauthenticated, errs.CodeOf(err))

	listed(t, p, d)
	history(t, p, d)
}

// listed: a customer's list has their own orders, a guest has none, and some filters are for staff.
func listed(t *testing.T, p *process, d *desk) {
	ada := identity.With(p.ctx, identity.Principal{Kind: identity.Customer, Subject: "ada"})
	bob := identity.With(p.ctx, identity.Principal{Kind: identity.Customer, Subject: "bob"})
	list := func(ctx context.Context, req *cartv1.ListOrdersRequest) []*cartv1.OrderSummary {
		resp, err := p.orders.ListOrders(ctx, req)
		require.NoError(t, err)
		return resp.GetOrders()
	}
	require.Len(t, list(ada, &cartv1.ListOrdersRequest{}), 1)
	require.Empty(t, list(bob, &cartv1.ListOrdersRequest{}))
	require.Len(t, list(asStaff(p.ctx), &cartv1.ListOrdersRequest{Email: "ADA@example.com", Number: d.order.GetNumber()}), 1)
	_, err := p.orders.ListOrders(p.ctx, &cartv1.ListOrdersRequest{})
	require.Equal(t, errs.Unauthenticated, errs.CodeOf(err))
	_, err = p.orders.ListOrders(ada, &cartv1.ListOrdersRequest{Email: "bob@example.com"})
	require.ErrorIs(t, err, order.ErrFilter.Err())
}

// history: what happened is for staff and tells who did it.
func history(t *testing.T, p *process, d *desk) {
	ada := identity.With(p.ctx, identity.Principal{Kind: identity.Customer, Subject: "ada"})
	events, err := p.orders.ListOrderEvents(asStaff(p.ctx), &cartv1.ListOrderEventsRequest{OrderId: d.order.GetId(), PageSize: 2})
	require.NoError(t, err)
	require.Equal(t, "checkout.started", events.GetEvents()[0].GetKind())
	require.Equal(t, d.b.requestID, events.GetEvents()[0].GetRequestId())
	events, err = p.orders.ListOrderEvents(asStaff(p.ctx), &cartv1.ListOrderEventsRequest{OrderId: d.order.GetId(), PageToken: events.GetNextPageToken()})
	require.NoError(t, err)
	require.Equal(t, "payment.captured", events.GetEvents()[0].GetKind())
	_, err = p.orders.ListOrderEvents(ada, &cartv1.ListOrderEventsRequest{OrderId: d.order.GetId()})
	require.Equal(t, errs.PermissionDenied, errs.CodeOf(err))
	machine, err := p.checkouts.GetCheckout(asStaff(p.ctx), &cartv1.GetCheckoutRequest{OrderId: d.order.GetId()})
	require.NoError(t, err)
	require.Equal(t, cartv1.CheckoutState_CHECKOUT_STATE_DONE, machine.GetState())
	_, err = p.checkouts.GetCheckout(ada, &cartv1.GetCheckoutRequest{OrderId: d.order.GetId()})
	require.Equal(t, errs.PermissionDenied, errs.CodeOf(err))
}

// An order whose machine cannot go on is found by the people who look for such orders, until it goes on.
func TestStuckOrdersAreFound(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process()
	d := s.sold(p, "", "card", "tok_slowrefund", 0)
	_, err := d.refund(&cartv1.RefundOrderRequest{Lines: d.item(0, 1)})
	require.NoError(t, err)
	find := func() []*cartv1.OrderSummary {
		resp, err := p.orders.ListOrders(asStaff(p.ctx), &cartv1.ListOrdersRequest{NeedsAttention: true})
		require.NoError(t, err)
		return resp.GetOrders()
	}
	require.Empty(t, find())
	_, err = s.database.DB.Exec(p.ctx, "UPDATE saga SET needs_attention = true WHERE state = 'waiting'")
	require.NoError(t, err)
	require.Len(t, find(), 1)
	require.True(t, find()[0].GetNeedsAttention())
	got, err := p.orders.GetOrder(d.ctx(), &cartv1.GetOrderRequest{OrderId: d.order.GetId()})
	require.NoError(t, err)
	require.True(t, got.GetOrder().GetNeedsAttention())
	_, err = p.checkouts.ResumeCheckout(d.ctx(), &cartv1.ResumeCheckoutRequest{OrderId: d.order.GetId()})
	require.NoError(t, err, "resuming what was bought is harmless")
	_, err = p.checkouts.NotifyPayment(d.ctx(), &cartv1.NotifyPaymentRequest{EventId: "refunded", OrderId: d.order.GetId(), PaymentId: "p"})
	require.NoError(t, err)
	p.work()
	s.ended(d.order.GetId(), pickedUp)
	require.Empty(t, find())
}

// Paging through orders shows each once, whatever the filter, and a token of another filter is refused.
func TestListOrdersPages(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process()
	want := map[string]bool{}
	for range 7 {
		want[s.sold(p, "", "card", "tok_ok", 0).order.GetId()] = true
	}
	req := &cartv1.ListOrdersRequest{PageSize: 3, Status: cartv1.OrderStatus_ORDER_STATUS_PLACED, Channel: "uk-web"}
	for pages := 0; ; pages++ {
		require.Less(t, pages, 3)
		resp, err := p.orders.ListOrders(asStaff(p.ctx), req)
		require.NoError(t, err)
		for _, o := range resp.GetOrders() {
			require.True(t, want[o.GetId()], "each order comes once")
			delete(want, o.GetId())
		}
		if resp.GetNextPageToken() == "" {
			break
		}
		req.PageToken = resp.GetNextPageToken()
		_, err = p.orders.ListOrders(asStaff(p.ctx), &cartv1.ListOrdersRequest{PageToken: req.GetPageToken()})
		require.Equal(t, "PAGE_TOKEN_INVALID", errs.ReasonOf(err))
	}
	require.Empty(t, want)
	now := time.Now()
	_, err := p.orders.ListOrders(asStaff(p.ctx), &cartv1.ListOrdersRequest{CreatedFrom: timestamppb.New(now), CreatedUntil: timestamppb.New(now.Add(-time.Hour))})
	require.Equal(t, "RANGE_INVALID", errs.ReasonOf(err))
}
