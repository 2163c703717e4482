package checkout_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

func (b *buyer) news(p *process, orderID string) error {
	_, err := p.checkouts.NotifyPayment(b.calling(p.ctx), &cartv1.NotifyPaymentRequest{EventId: id.New(), OrderId: orderID, PaymentId: "p"})
	return err
}

// An authorization ran out between order and shipment. One payment plugin did not notice for four years: shops shipped goods that
// nobody had paid and nobody could charge for. Here the order says so, nothing of it leaves, not even what a gift card covers, its
// stock stays with it until a person decides, and cancelling gives everything back.
func TestAuthorizationLostAfterPlacement(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process()
	d := s.sold(p, "at shipment", "card", "tok_ok", 1200)
	orderID := d.order.GetId()
	require.NoError(t, d.b.news(p, orderID))
	require.False(t, d.b.order().Money.Problem, "news of a payment that is there change nothing")

	s.payment.lose(orderID)
	s.faults.fail(d.b.requestID, "GetPayment", lostRequest)
	require.Error(t, d.b.news(p, orderID), "what could not be looked at is brought again")
	s.faults.mend(d.b.requestID, "GetPayment")
	for range 3 {
		require.NoError(t, d.b.news(p, orderID))
	}
	got, err := p.orders.GetOrder(d.ctx(), &cartv1.GetOrderRequest{OrderId: orderID})
	require.NoError(t, err)
	require.Equal(t, cartv1.PaymentStatus_PAYMENT_STATUS_PROBLEM, got.GetOrder().GetPaymentStatus())
	require.True(t, got.GetOrder().GetNeedsAttention())
	require.Equal(t, orderID, p.listSagas(t, &cartv1.ListSagasRequest{NeedsAttention: true})[0].GetSagaId())
	lost := 0
	events, err := postgres.NewOrderStore(s.database.DB).ListEvents(patient(), orderID, 0, 100)
	require.NoError(t, err)
	for _, e := range events {
		if e.Kind == "payment.authorization_lost" {
			lost++
			require.Equal(t, "24.95 GBP", e.Data["amount"])
		}
	}
	require.Equal(t, 1, lost)

	_, err = d.ship(d.shirts(1))
	require.Equal(t, "ORDER_PAYMENT_PROBLEM", errs.ReasonOf(err), "the gift card would cover it")
	_, err = d.ship()
	require.Equal(t, "PAYMENT_CAPTURE_FAILED", errs.ReasonOf(err))
	require.Equal(t, "0 held, 1 committed", s.inventory.stateOf(orderID))
	require.Equal(t, int32(997), s.inventory.shirts(), "nobody else gets the stock before a person decides")
	_, err = d.orders.CancelOrder(d.ctx(), &cartv1.CancelOrderRequest{OrderId: orderID, RequestId: id.New(), Reason: "not paid"})
	require.NoError(t, err)
	require.Equal(t, order.Cancelled, d.b.order().Status)
	require.Equal(t, int32(1000), s.inventory.shirts())
	require.Equal(t, int64(1200), d.purse().GiftOnCard)
	require.Zero(t, d.purse().Captured)
}

// The authorization is voided while the checkout is still ending: the order knows all the same, and the checkout ends.
func TestAuthorizationLostWhileClosing(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p, b := s.process(), s.buyer("at shipment", true, 0)
	o := s.stuckAt(p, b, "tok_ok", "CommitReservation")
	require.Equal(t, order.Placed, o.Status)
	s.payment.lose(o.ID)
	require.NoError(t, b.news(p, o.ID))
	require.True(t, b.order().Money.Problem)
	s.faults.mend(b.requestID, "CommitReservation")
	p.work()
	s.ended(o.ID, pickedUp)
	require.Equal(t, order.Placed, b.order().Status)
	require.True(t, b.order().Money.Problem)
	require.Equal(t, "0 held, 1 committed", s.inventory.stateOf(o.ID))
}

// A payment problem that ended because nothing is owed any more does not keep what is paid from leaving.
func TestUnsecuredOrderShipsWhatIsPaid(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process()
	d := s.sold(p, "at shipment", "card", "tok_ok", 2700)
	s.payment.lose(d.order.GetId())
	require.NoError(t, d.b.news(p, d.order.GetId()))
	_, err := d.refund(&cartv1.RefundOrderRequest{Lines: d.item(1, 1), Shipping: true}) // all that the card was to pay
	require.NoError(t, err)
	_, err = d.ship()
	require.NoError(t, err)
	require.Zero(t, d.purse().Captured)
}
