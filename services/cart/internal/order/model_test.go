package order

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// orderModel is what a clerk would keep on paper beside an order: units by line, and whether the delivery was given back.
type orderModel struct {
	order   *Order
	shipped map[string]int32
	gone    map[string]int32 // cancelled or returned
	freight bool             // the delivery was given back
}

// owed is what the buyer has to pay for in the end: the units not given back, each line rounded as a whole, and the delivery.
func (m *orderModel) owed(t *rapid.T) int64 {
	var sum int64
	for _, l := range m.order.Lines {
		part, err := share(l.Total, m.gone[l.ID], l.Quantity)
		require.NoError(t, err)
		sum += l.Total - part
	}
	if !m.freight {
		sum += m.order.ShippingTotal()
	}
	return sum
}

func (m *orderModel) ship(t *rapid.T) {
	items := drawItems(t, m.order, Line.Left)
	if m.order.Status != Placed || len(items) == 0 {
		return
	}
	s, err := m.order.PlanShipment(ShipmentWish{Items: items})
	if m.order.Money.Problem && errors.Is(err, ErrUnsecured.Err()) {
		return
	}
	require.NoError(t, err)
	if s.Capture > 0 && rapid.IntRange(0, 5).Draw(t, "refused") == 0 {
		m.order.Money.Problem = true // nothing leaves
		return
	}
	require.False(t, m.order.Money.Problem && s.Capture == 0 && m.order.Money.Uncaptured() > 0, "nothing leaves while the payment is not secured")
	m.order.Money.Captured += s.Capture
	if s.Capture > 0 {
		m.order.Money.Problem = false
	}
	m.order.ship(s)
	m.order.settle()
	for _, item := range items {
		m.shipped[item.LineID] += item.Quantity
	}
}

func (m *orderModel) refund(t *rapid.T) {
	if m.order.Status != Placed && m.order.Status != Completed {
		return
	}
	items := drawItems(t, m.order, Line.Refundable)
	freight := rapid.Bool().Draw(t, "delivery")
	r, err := m.order.PlanRefund(RefundWish{Items: items, Shipping: freight})
	if errors.Is(err, ErrRefundEmpty.Err()) {
		return
	}
	require.NoError(t, err)
	before := m.order.Money
	m.order.reserve(r)
	if rapid.IntRange(0, 5).Draw(t, "refused") == 0 {
		m.order.unreserve(r)
		require.Equal(t, before, m.order.Money, "a refused refund changes nothing")
		return
	}
	m.order.settle()
	for _, item := range items {
		m.gone[item.LineID] += item.Quantity
	}
	m.freight = m.freight || freight
}

func (m *orderModel) cancel(t *rapid.T) {
	if m.order.Status != Placed || m.order.anyShipped() {
		return
	}
	r, err := m.order.PlanCancel("changed my mind")
	if errors.Is(err, ErrRefundEmpty.Err()) {
		return
	}
	require.NoError(t, err)
	m.order.reserve(r)
	m.order.Status = Cancelled
	for _, l := range m.order.Lines {
		m.gone[l.ID] = l.Quantity
	}
	m.freight = true
}

// check compares the order with the paper.
func (m *orderModel) check(t *rapid.T) {
	checkMoney(t, m.order)
	money := m.order.Money
	require.Equal(t, m.owed(t), money.Gift+money.Due-money.NotCaptured-money.Refunded-money.GiftRefunded, "taken, or still to be taken, is what is owed")
	var units int32
	for _, l := range m.order.Lines {
		require.Equal(t, m.shipped[l.ID], l.Shipped)
		require.Equal(t, m.gone[l.ID], l.Cancelled+l.Returned)
		units += l.Left()
	}
	if m.order.Status == Completed {
		require.Zero(t, units)
		require.Zero(t, money.Uncaptured())
		require.False(t, money.Problem)
	}
	if m.order.Status == Cancelled {
		require.Zero(t, m.owed(t))
		require.Zero(t, money.Uncaptured())
	}
}

// Whatever a shop does to an order, the buyer has paid or will pay exactly for what they keep: beside each step stands a clerk with
// pen and paper. Other shops lost or kept cents in such sequences, and refunded what a failed refund had only promised.
func TestOrderAgainstItsModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &orderModel{order: drawOrder(t), shipped: map[string]int32{}, gone: map[string]int32{}}
		t.Repeat(map[string]func(*rapid.T){"ship": m.ship, "refund": m.refund, "cancel": m.cancel, "": m.check})
	})
}
