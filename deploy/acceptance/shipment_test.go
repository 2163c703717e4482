package acceptance_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

func amounts(currency string, decimals ...string) []*typev1.Amount {
	var list []*typev1.Amount
	for _, decimal := range decimals {
		list = append(list, amount(currency, decimal))
	}
	return list
}

func parcelOf(line string, quantity int32) []*adminv1.ShipmentItem {
	return []*adminv1.ShipmentItem{{OrderLineId: line, Quantity: quantity}}
}

func (c *caller) shipCall(orderID string, lines []*adminv1.ShipmentItem) shopclient.Call {
	return shopclient.Call{Verb: http.MethodPost, Path: "/admin/v1/orders/" + orderID + "/shipments", Key: id.New(), In: &adminv1.CreateShipmentRequest{
		Lines: lines, Carrier: "Royal Mail", TrackingNumber: "RM-" + id.New()[24:],
	}}
}

// ship sends a parcel and returns it once it has left.
func (c *caller) ship(orderID string, lines ...*adminv1.ShipmentItem) *adminv1.OrderShipment {
	c.t.Helper()
	answer := &adminv1.CreateShipmentResponse{}
	require.NoError(c.t, c.try(c.shipCall(orderID, lines), answer))
	var found *adminv1.OrderShipment
	until(c.t, settleTime, "the parcel leaves", func() bool {
		for _, shipment := range c.adminOrder(orderID).GetShipments() {
			if shipment.GetId() == answer.GetShipment().GetId() {
				found = shipment
			}
		}
		return found.GetStatus() != adminv1.OperationStatus_OPERATION_STATUS_PENDING
	})
	require.Equal(c.t, adminv1.OperationStatus_OPERATION_STATUS_SUCCEEDED, found.GetStatus(), found.GetFailureReason())
	return found
}

func (c *caller) adminOrder(orderID string) *adminv1.Order {
	c.t.Helper()
	answer := &adminv1.GetOrderResponse{}
	c.get("/admin/v1/orders/"+orderID, answer)
	return answer.GetOrder()
}

// When this fails a shop that charges at shipment charges for what it has not sent, or sends what it has not charged.
func TestPartialShipmentAndCapture(t *testing.T) {
	t.Parallel()
	m := theShop.market(parcel)
	shirt := theShop.sell(t, goods{price: "20.00", stock: 10}, m)
	mug := theShop.sell(t, goods{price: "7.00", stock: 10}, m)
	buyer, staff := theShop.guest(t), theShop.staff(t)
	order := buyer.fill(m, units(shirt, 3), units(mug, 1)).ready().bought(card("ok"))
	require.Equal(t, storefrontv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED, order.GetPaymentStatus())
	require.Equal(t, moved{Authorized: 7095}, theShop.moved(t, order.GetId()))
	require.True(t, staff.adminOrder(order.GetId()).GetCaptureAtShipment())
	shirt.left(10, 7)

	shirts := order.GetLines()[0].GetId()
	first := staff.ship(order.GetId(), parcelOf(shirts, 2)...)
	order = buyer.order(order.GetId())
	require.Equal(t, storefrontv1.FulfillmentStatus_FULFILLMENT_STATUS_PARTIAL, order.GetFulfillmentStatus())
	require.Equal(t, storefrontv1.PaymentStatus_PAYMENT_STATUS_PARTIALLY_CAPTURED, order.GetPaymentStatus())
	require.Equal(t, int32(2), order.GetLines()[0].GetQuantityShipped())
	require.Equal(t, minor(t, first.GetCaptured()), theShop.moved(t, order.GetId()).Captured)
	require.GreaterOrEqual(t, minor(t, first.GetCaptured()), int64(4000))
	shirt.left(8, 7)
	staff.refused(http.StatusConflict, "QTY_EXCEEDS", staff.shipCall(order.GetId(), parcelOf(shirts, 2)))
	buyer.refused(http.StatusConflict, "ORDER_STATE", shopclient.Call{
		Verb: http.MethodPost, Path: "/v1/orders/" + order.GetId() + "/cancel", In: &storefrontv1.CancelOrderRequest{},
	})

	staff.ship(order.GetId())
	order = buyer.order(order.GetId())
	require.Equal(t, completed, order.GetStatus())
	require.Equal(t, storefrontv1.FulfillmentStatus_FULFILLMENT_STATUS_FULFILLED, order.GetFulfillmentStatus())
	require.Equal(t, captured, order.GetPaymentStatus())
	require.Len(t, order.GetShipments(), 2)
	require.NotEmpty(t, order.GetShipments()[0].GetTrackingNumber())
	require.Equal(t, moved{Authorized: 7095, Captured: 7095}, theShop.moved(t, order.GetId()))
	shirt.left(7, 7)
	mug.left(9, 9)
	staff.refused(http.StatusConflict, "ORDER_STATE", staff.shipCall(order.GetId(), nil))
}

// When this fails an order that was charged at once cannot be followed to the door.
func TestShipmentOfAPaidOrder(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "20.00", stock: 10}, m)
	buyer, staff := theShop.guest(t), theShop.staff(t)
	order := buyer.fill(m, units(thing, 2)).ready().bought(card("ok"))
	shipment := staff.ship(order.GetId())
	require.Equal(t, "GBP 0.00", text(shipment.GetCaptured()))
	order = buyer.order(order.GetId())
	require.Equal(t, completed, order.GetStatus())
	require.Equal(t, shipment.GetTrackingNumber(), order.GetShipments()[0].GetTrackingNumber())
	thing.left(8, 8)
	movements := &adminv1.ListMovementsResponse{}
	staff.get("/admin/v1/stock/movements?sku="+thing.sku, movements)
	require.Equal(t, adminv1.MovementKind_MOVEMENT_KIND_SHIP, movements.GetMovements()[0].GetKind())
	require.Equal(t, int32(-2), movements.GetMovements()[0].GetDelta())
}
