package postgres

import (
	"encoding/json"
	"errors"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres/db"
)

func toOrder(row db.GetOrderRow) (*order.Order, error) {
	o := &order.Order{
		ID: row.ID, NumberPrefix: row.NumberPrefix, CartID: row.CartID, Channel: row.Channel, Currency: row.Currency,
		CustomerID: row.CustomerID, Email: row.Email, Status: order.Status(row.Status), PaymentID: row.PaymentID,
		ReservationID: row.ReservationID, CaptureAtShipment: row.CaptureAtShipment, NeedsAttention: row.NeedsAttention, Stuck: row.Stuck,
		CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt, PlacedAt: moment(row.PlacedAt), CancelledAt: moment(row.CancelledAt),
		Version: row.Version,
		Money: order.Money{
			Total: row.Total, Gift: row.GiftTotal, Due: row.Due, GiftPosted: row.GiftPosted, Captured: row.Captured,
			NotCaptured: row.NotCaptured, Refunded: row.Refunded, GiftRefunded: row.GiftRefunded, CancelRefunded: row.CancelRefunded,
			ShippingRefunded: row.ShippingRefunded, ShippingRefundedTax: row.ShippingRefundedTax, Problem: row.PaymentProblem,
		},
	}
	if row.Number != nil {
		o.Number = *row.Number
	}
	return o, errors.Join(
		json.Unmarshal(row.Snapshot, &o.Snapshot), json.Unmarshal(row.GiftCards, &o.GiftCards),
		absent(row.NextAction, &o.NextAction), absent(row.Failure, &o.Failure),
	)
}

func toLines(rows []db.ListOrderLinesRow) ([]order.Line, error) {
	lines := make([]order.Line, len(rows))
	for i, row := range rows {
		lines[i] = order.Line{
			ID: row.ID, SKU: row.Sku, Quantity: row.Quantity, Subtotal: row.Subtotal, Discount: row.Discount, Tax: row.Tax, Total: row.Total,
			Shipped: row.Shipped, Cancelled: row.Cancelled, Returned: row.Returned, Refunded: row.Refunded, RefundedTax: row.RefundedTax,
		}
		if err := json.Unmarshal(row.Sold, &lines[i].Sold); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

func toRefund(row db.OrderRefund) (order.Refund, error) {
	r := order.Refund{
		ID: row.ID, OrderID: row.OrderID, Cancel: row.Cancel, Status: order.OperationStatus(row.Status), Reason: row.Reason,
		Shipping: row.Shipping, ShippingTax: row.ShippingTax, Total: row.Total, NotCaptured: row.NotCaptured, ToPayment: row.ToPayment,
		ToGiftCards: row.ToGiftCards, Cancelled: row.Cancelled, Restock: row.Restock,
		CreatedAt: row.CreatedAt, CompletedAt: moment(row.CompletedAt),
	}
	return r, errors.Join(
		json.Unmarshal(row.Actor, &r.Actor), json.Unmarshal(row.Lines, &r.Lines), json.Unmarshal(row.GiftCards, &r.GiftCards),
		absent(row.Failure, &r.Failure),
	)
}

func toShipment(row db.OrderShipment) (order.Shipment, error) {
	s := order.Shipment{
		ID: row.ID, OrderID: row.OrderID, Status: order.OperationStatus(row.Status), Carrier: row.Carrier, TrackingNumber: row.TrackingNumber,
		Capture: row.Capture, Final: row.Final, Captured: row.Captured, CreatedAt: row.CreatedAt, ShippedAt: moment(row.ShippedAt),
	}
	return s, errors.Join(json.Unmarshal(row.Actor, &s.Actor), json.Unmarshal(row.Lines, &s.Lines), absent(row.Failure, &s.Failure))
}

// absent decodes what may be null.
func absent[T any](body []byte, into **T) error {
	if body == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}
