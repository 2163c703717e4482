package acceptance_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// When this fails a parcel whose charge got no answer is charged twice, or never leaves.
func TestCaptureReplyLost(t *testing.T) {
	t.Parallel()
	m := theShop.market(parcel)
	thing := theShop.sell(t, goods{price: "20.00", stock: 10}, m)
	staff := theShop.staff(t)
	order := theShop.guest(t).fill(m, units(thing, 2)).ready().bought(card("ok"))
	theShop.misbehave(t, fault{Kind: "capture", OrderReference: order.GetId(), Action: "drop_reply", Count: 1})
	staff.ship(order.GetId())
	require.Equal(t, moved{Authorized: 4395, Captured: 4395}, theShop.moved(t, order.GetId()))
	require.Equal(t, 1, theShop.worked(t, order.GetId())["capture"])
	thing.left(8, 8)
}

// When this fails a refund that the bank did not answer is paid twice, or forgotten.
func TestRefundReplyLost(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "20.00", stock: 10}, m)
	staff := theShop.staff(t)
	order := theShop.guest(t).fill(m, units(thing, 2)).ready().bought(card("ok"))
	theShop.misbehave(t, fault{Kind: "refund", OrderReference: order.GetId(), Action: "error_after", Count: 2})
	staff.refund(order.GetId(), &adminv1.RefundOrderRequest{Lines: []*adminv1.RefundItem{back(order.GetLines()[0].GetId(), 1)}})
	require.Equal(t, moved{Authorized: 4395, Captured: 4395, Refunded: 2000}, theShop.moved(t, order.GetId()))
	require.Equal(t, 1, theShop.worked(t, order.GetId())["refund"])
}

// When this fails an order that the bank would not refund says that it was, and its stock is given away.
func TestRefundRefusedByTheBank(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "20.00", stock: 10}, m)
	buyer, staff := theShop.guest(t), theShop.staff(t)
	order := buyer.fill(m, units(thing, 2)).ready().bought(card("ok"))
	theShop.misbehave(t, fault{Kind: "refund", OrderReference: order.GetId(), Action: "refuse", Count: 1})
	wish := &adminv1.RefundOrderRequest{Lines: []*adminv1.RefundItem{back(order.GetLines()[0].GetId(), 1)}}
	staff.refused(http.StatusConflict, "PAYMENT_REFUND_FAILED", staff.refundCall(order.GetId(), wish))
	require.Equal(t, captured, buyer.order(order.GetId()).GetPaymentStatus())
	thing.left(10, 8)
	staff.refund(order.GetId(), wish)
	thing.left(10, 9)
	require.Equal(t, int64(2000), theShop.moved(t, order.GetId()).Refunded)
}

// When this fails goods leave although the bank would not pay, and nobody is told.
func TestCaptureRefusedByTheBank(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "20.00", stock: 10}, m)
	buyer, staff := theShop.customer(t), theShop.staff(t)
	b := buyer.fill(m, units(thing, 1)).ready()
	order := b.buy(redirect("wallet"))
	theShop.misbehave(t, fault{Kind: "capture", OrderReference: order.GetId(), Action: "refuse", Count: 1})
	theShop.decide(t, order.GetPayment().GetNextAction().GetUrl(), "approve")
	b.resume(order.GetId())
	order = b.settled(order.GetId())
	require.Equal(t, storefrontv1.PaymentStatus_PAYMENT_STATUS_PROBLEM, order.GetPaymentStatus())
	require.True(t, staff.adminOrder(order.GetId()).GetNeedsAttention())
	page := &adminv1.ListOrdersResponse{}
	staff.get("/admin/v1/orders?"+url.Values{"needsAttention": {"true"}, "customerId": {buyer.subject}}.Encode(), page)
	require.Len(t, page.GetOrders(), 1)
	require.Equal(t, int64(0), theShop.moved(t, order.GetId()).Captured)
}

// When this fails the news of a payment that come twice, late and in the wrong order make two orders, or none.
func TestRepeatedNews(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "20.00", stock: 10}, m)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	order := b.buy(redirect("qr"))
	page := order.GetPayment().GetNextAction().GetUrl()
	for range 3 { // an impatient thumb
		theShop.decide(t, page, "approve")
		b.resume(order.GetId())
	}
	order = b.settled(order.GetId())
	require.Equal(t, placed, order.GetStatus())
	require.Equal(t, moved{Authorized: 2395, Captured: 2395}, theShop.moved(t, order.GetId()))
	theShop.decide(t, page, "deny")
	b.resume(order.GetId())
	require.Equal(t, placed, b.order(order.GetId()).GetStatus(), "what is paid stays paid")
	thing.left(10, 9)
}
