package acceptance_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

func (c *caller) refundCall(orderID string, refund *adminv1.RefundOrderRequest) shopclient.Call {
	return shopclient.Call{Verb: http.MethodPost, Path: "/admin/v1/orders/" + orderID + "/refunds", Key: id.New(), In: refund}
}

func back(line string, quantity int32) *adminv1.RefundItem {
	return &adminv1.RefundItem{OrderLineId: line, Quantity: quantity}
}

// refund gives something back and returns the refund once it is done.
func (c *caller) refund(orderID string, refund *adminv1.RefundOrderRequest) *adminv1.OrderRefund {
	c.t.Helper()
	answer := &adminv1.RefundOrderResponse{}
	require.NoError(c.t, c.try(c.refundCall(orderID, refund), answer))
	var found *adminv1.OrderRefund
	until(c.t, settleTime, "the refund is done", func() bool {
		for _, done := range c.adminOrder(orderID).GetRefunds() {
			if done.GetId() == answer.GetRefund().GetId() {
				found = done
			}
		}
		return found.GetStatus() != adminv1.OperationStatus_OPERATION_STATUS_PENDING
	})
	require.Equal(c.t, adminv1.OperationStatus_OPERATION_STATUS_SUCCEEDED, found.GetStatus(), found.GetFailureReason())
	return found
}

// When this fails a customer who sends something back gets too much or too little, the tax office sees the wrong sum, or the
// returned units are lost. Three units for 9.99 with 10 % off, returned one by one, add up to what was paid for them.
func TestPartialReturnAndRefund(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "9.99", stock: 10}, m)
	promo := theShop.promotion(t, &adminv1.Promotion{Trigger: byCode, Action: percentOff(100_000), Conditions: only(m, thing)})
	buyer, staff := theShop.guest(t), theShop.staff(t)
	order := buyer.fill(m, units(thing, 3)).ready().coupon(promo.code(0)).bought(card("ok"))
	line := order.GetLines()[0]
	require.Equal(t, "GBP 26.97", text(line.GetTotal()))
	require.Equal(t, "GBP 4.50", text(line.GetTax()))
	staff.ship(order.GetId())
	thing.left(7, 7)

	var money, tax int64
	for n := int32(1); n <= 3; n++ {
		refund := staff.refund(order.GetId(), &adminv1.RefundOrderRequest{Lines: []*adminv1.RefundItem{back(line.GetId(), 1)}, Restock: true, Reason: "too small"})
		require.Equal(t, int32(1), refund.GetLines()[0].GetReturnedQuantity())
		require.Equal(t, text(refund.GetTotal()), text(refund.GetToPayment()))
		money, tax = money+minor(t, refund.GetTotal()), tax+minor(t, refund.GetLines()[0].GetTax())
		require.Equal(t, money, theShop.moved(t, order.GetId()).Refunded, "the provider's own log")
		thing.left(7+n, 7+n)
	}
	require.Equal(t, int64(2697), money)
	require.Equal(t, int64(450), tax, "the tax is reversed to the penny")
	order = buyer.order(order.GetId())
	require.Equal(t, storefrontv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_REFUNDED, order.GetPaymentStatus())
	require.Equal(t, storefrontv1.FulfillmentStatus_FULFILLMENT_STATUS_RETURNED, order.GetFulfillmentStatus())
	require.Equal(t, "GBP 26.97", text(order.GetTotals().GetRefunded()))
	staff.refused(http.StatusConflict, "QTY_EXCEEDS", staff.refundCall(order.GetId(), &adminv1.RefundOrderRequest{Lines: []*adminv1.RefundItem{back(line.GetId(), 1)}}))

	rest := staff.refund(order.GetId(), &adminv1.RefundOrderRequest{Shipping: true})
	require.Equal(t, "GBP 3.95", text(rest.GetTotal()))
	require.Equal(t, storefrontv1.PaymentStatus_PAYMENT_STATUS_REFUNDED, buyer.order(order.GetId()).GetPaymentStatus())
	require.Equal(t, moved{Authorized: 3092, Captured: 3092, Refunded: 3092}, theShop.moved(t, order.GetId()))
	staff.refused(http.StatusBadRequest, "REFUND_EMPTY", staff.refundCall(order.GetId(), &adminv1.RefundOrderRequest{Shipping: true}))
	staff.refused(http.StatusBadRequest, "REFUND_EMPTY", staff.refundCall(order.GetId(), &adminv1.RefundOrderRequest{}))
}

// When this fails a broken return goes back on the shelf, or a unit taken off before shipping does not.
func TestRefundWithoutRestock(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	staff := theShop.staff(t)
	order := theShop.guest(t).fill(m, units(thing, 3)).ready().bought(card("ok"))
	line := order.GetLines()[0].GetId()
	staff.ship(order.GetId(), parcelOf(line, 2)...)
	thing.left(8, 7)
	off := staff.refund(order.GetId(), &adminv1.RefundOrderRequest{Lines: []*adminv1.RefundItem{back(line, 1)}})
	require.Equal(t, int32(1), off.GetLines()[0].GetCancelledQuantity(), "what was not shipped goes first")
	thing.left(8, 8)
	broken := staff.refund(order.GetId(), &adminv1.RefundOrderRequest{Lines: []*adminv1.RefundItem{back(line, 1)}, Restock: false})
	require.Equal(t, int32(1), broken.GetLines()[0].GetReturnedQuantity())
	thing.left(8, 8)
	require.Equal(t, moved{Authorized: 3395, Captured: 3395, Refunded: 2000}, theShop.moved(t, order.GetId()))
}

// When this fails the part that a gift card paid is lost in a refund, or paid out as money.
func TestRefundReachesTheGiftCard(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "20.00", stock: 10}, m)
	present := theShop.gift(t, "GBP", "25.00")
	staff := theShop.staff(t)
	order := theShop.customer(t).fill(m, units(thing, 2)).ready().giftCard(present.code).bought(card("ok"))
	require.Equal(t, moved{Authorized: 1895, Captured: 1895}, theShop.moved(t, order.GetId()))
	line := order.GetLines()[0].GetId()
	first := staff.refund(order.GetId(), &adminv1.RefundOrderRequest{Lines: []*adminv1.RefundItem{back(line, 1)}})
	require.Equal(t, "GBP 18.95", text(first.GetToPayment()), "the payment first")
	require.Equal(t, "GBP 1.05", text(first.GetToGiftCards()))
	present.holds("1.05", "1.05")
	second := staff.refund(order.GetId(), &adminv1.RefundOrderRequest{Lines: []*adminv1.RefundItem{back(line, 1)}, Shipping: true})
	require.Equal(t, "GBP 23.95", text(second.GetToGiftCards()))
	present.holds("25.00", "25.00")
	require.Equal(t, moved{Authorized: 1895, Captured: 1895, Refunded: 1895}, theShop.moved(t, order.GetId()))
}

// When this fails what is taken off an order before it is charged is charged all the same.
func TestRefundBeforeCapture(t *testing.T) {
	t.Parallel()
	m := theShop.market(parcel)
	thing := theShop.sell(t, goods{price: "20.00", stock: 10}, m)
	staff := theShop.staff(t)
	order := theShop.guest(t).fill(m, units(thing, 2)).ready().bought(card("ok"))
	line := order.GetLines()[0].GetId()
	off := staff.refund(order.GetId(), &adminv1.RefundOrderRequest{Lines: []*adminv1.RefundItem{back(line, 1)}})
	require.Equal(t, "GBP 20.00", text(off.GetNotCaptured()))
	thing.left(10, 9)
	staff.ship(order.GetId())
	require.Equal(t, int64(2395), theShop.moved(t, order.GetId()).Captured)
	require.Equal(t, int64(0), theShop.moved(t, order.GetId()).Refunded)
	require.Equal(t, completed, staff.statusOf(order.GetId()))
}

func (c *caller) statusOf(orderID string) storefrontv1.OrderStatus {
	c.t.Helper()
	return storefrontv1.OrderStatus(c.adminOrder(orderID).GetStatus())
}

// When this fails a cancelled order keeps the goods from others, the money from the buyer or the coupon from its next use.
func TestCancelGivesEverythingBack(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "20.00", stock: 10}, m)
	promo := theShop.promotion(t, &adminv1.Promotion{Trigger: byCode, Action: percentOff(100_000), Conditions: only(m, thing)})
	code := promo.code(1)
	present := theShop.gift(t, "GBP", "5.00")
	buyer := theShop.customer(t)
	order := buyer.fill(m, units(thing, 2)).ready().coupon(code).giftCard(present.code).bought(card("ok"))
	require.Equal(t, int64(1), promo.used())
	present.holds("0.00", "0.00")
	thing.left(10, 8)

	buyer.do(http.MethodPost, "/v1/orders/"+order.GetId()+"/cancel", &storefrontv1.CancelOrderRequest{Reason: "changed my mind"}, nil)
	until(t, settleTime, "everything is given back", func() bool {
		order = buyer.order(order.GetId())
		return order.GetPaymentStatus() == storefrontv1.PaymentStatus_PAYMENT_STATUS_REFUNDED && promo.used() == 0 && thing.level().GetAvailable() == 10
	})
	require.Equal(t, cancelled, order.GetStatus())
	require.Equal(t, moved{Authorized: 3495, Captured: 3495, Refunded: 3495}, theShop.moved(t, order.GetId()))
	present.holds("5.00", "5.00")
	thing.left(10, 10)
	buyer.fill(m, units(thing, 1)).ready().coupon(code).bought(card("ok"))
	require.Equal(t, int64(1), promo.used())
}

// When this fails a cancelled order that was not charged yet is charged, or its reservation at the bank stays.
func TestCancelBeforeCapture(t *testing.T) {
	t.Parallel()
	m := theShop.market(parcel)
	thing := theShop.sell(t, goods{price: "20.00", stock: 10}, m)
	buyer, staff := theShop.guest(t), theShop.staff(t)
	order := buyer.fill(m, units(thing, 2)).ready().bought(card("ok"))
	staff.do(http.MethodPost, "/admin/v1/orders/"+order.GetId()+"/cancel", &adminv1.CancelOrderRequest{Reason: "fraud"}, nil)
	until(t, settleTime, "the reservation at the bank is given up", func() bool {
		return theShop.moved(t, order.GetId()) == moved{Authorized: 4395, Voided: 4395}
	})
	order = buyer.order(order.GetId())
	require.Equal(t, cancelled, order.GetStatus())
	require.Equal(t, storefrontv1.PaymentStatus_PAYMENT_STATUS_VOIDED, order.GetPaymentStatus())
	thing.left(10, 10)
}
