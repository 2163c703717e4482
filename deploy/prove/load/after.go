package load

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// after does what a kind does with an order that was placed.
func (b *buyer) after(ctx context.Context, o *storefrontv1.Order) error {
	if o.GetStatus() != storefrontv1.OrderStatus_ORDER_STATUS_PLACED || o.GetPaymentStatus() == storefrontv1.PaymentStatus_PAYMENT_STATUS_PROBLEM {
		return nil
	}
	switch b.kind {
	case Cancel, GiftRefund:
		return b.cancel(ctx, o)
	case Refund:
		return b.refund(ctx, o)
	case Parcels:
		for n := range o.GetLines() {
			if err := b.ship(ctx, o, n); err != nil {
				return err
			}
		}
	case Return:
		if err := b.ship(ctx, o, 0); err != nil {
			return err
		}
		return b.refund(ctx, o)
	}
	return nil
}

func (b *buyer) cancel(ctx context.Context, o *storefrontv1.Order) error {
	path := "/v1/orders/" + o.GetId()
	err := b.busy(ctx, func() error {
		return b.do(ctx, http.MethodPost, path+"/cancel", &storefrontv1.CancelOrderRequest{Reason: "changed my mind"}, nil)
	})
	if err != nil {
		return fmt.Errorf("cancel order %s: %w", o.GetId(), err)
	}
	return b.until(ctx, "order "+o.GetId()+" is cancelled", func() (bool, error) {
		answer := &storefrontv1.GetOrderResponse{}
		err := b.do(ctx, http.MethodGet, path, nil, answer)
		return answer.GetOrder().GetStatus() == storefrontv1.OrderStatus_ORDER_STATUS_CANCELLED, err
	})
}

// refund gives one unit of the first line back.
func (b *buyer) refund(ctx context.Context, o *storefrontv1.Order) error {
	answer := &adminv1.RefundOrderResponse{}
	err := b.busy(ctx, func() error {
		return b.staff(ctx, http.MethodPost, "/admin/v1/orders/"+o.GetId()+"/refunds", &adminv1.RefundOrderRequest{
			Lines: []*adminv1.RefundItem{{OrderLineId: o.GetLines()[0].GetId(), Quantity: 1}}, Restock: true, Reason: "too small",
		}, answer)
	})
	if err != nil {
		return fmt.Errorf("refund order %s: %w", o.GetId(), err)
	}
	refund := answer.GetRefund().GetId()
	total, err := minor(answer.GetRefund().GetTotal())
	if err != nil {
		return err
	}
	if err := b.crowd.ledger.write(audit.Acknowledged{Kind: "refund", ID: refund, Amount: &total, Currency: currency}); err != nil {
		return err
	}
	return b.until(ctx, "refund "+refund+" is done", func() (bool, error) {
		order := &adminv1.GetOrderResponse{}
		err := b.staff(ctx, http.MethodGet, "/admin/v1/orders/"+o.GetId(), nil, order)
		for _, r := range order.GetOrder().GetRefunds() {
			if r.GetId() == refund {
				return r.GetStatus() != adminv1.OperationStatus_OPERATION_STATUS_PENDING, err
			}
		}
		return false, err
	})
}

// ship sends one line of the order.
func (b *buyer) ship(ctx context.Context, o *storefrontv1.Order, line int) error {
	answer := &adminv1.CreateShipmentResponse{}
	err := b.busy(ctx, func() error {
		return b.staff(ctx, http.MethodPost, "/admin/v1/orders/"+o.GetId()+"/shipments", &adminv1.CreateShipmentRequest{
			Lines:   []*adminv1.ShipmentItem{{OrderLineId: o.GetLines()[line].GetId(), Quantity: o.GetLines()[line].GetQuantity()}},
			Carrier: "Royal Mail", TrackingNumber: "RM",
		}, answer)
	})
	if err != nil {
		return fmt.Errorf("ship order %s: %w", o.GetId(), err)
	}
	shipment := answer.GetShipment().GetId()
	if err := b.crowd.ledger.write(audit.Acknowledged{Kind: "shipment", ID: shipment}); err != nil {
		return err
	}
	return b.until(ctx, "parcel "+shipment+" leaves", func() (bool, error) {
		order := &adminv1.GetOrderResponse{}
		err := b.staff(ctx, http.MethodGet, "/admin/v1/orders/"+o.GetId(), nil, order)
		for _, s := range order.GetOrder().GetShipments() {
			if s.GetId() == shipment {
				return s.GetStatus() != adminv1.OperationStatus_OPERATION_STATUS_PENDING, err
			}
		}
		return false, err
	})
}

// busy tries again while something else is under way for the order. Each try is a wish of its own.
func (b *buyer) busy(ctx context.Context, try func() error) error {
	var last error
	err := b.until(ctx, "the order is free", func() (bool, error) {
		last = try()
		return reasonOf(last) != "ORDER_BUSY", nil
	})
	if err != nil {
		return err
	}
	return last
}

// until waits for a condition.
func (b *buyer) until(ctx context.Context, what string, done func() (bool, error)) error {
	deadline := time.Now().Add(settleTime)
	for look := lookEvery; ; look = longer(look) {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: %w after %s", what, errUndecided, settleTime)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
	}
}
