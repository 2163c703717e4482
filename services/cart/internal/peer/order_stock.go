package peer

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/checkout"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
)

// OrderStock is the inventory service as checkouts and orders use it.
type OrderStock struct {
	client inventoryv1.InventoryServiceClient
}

var (
	_ order.Stock    = OrderStock{}
	_ checkout.Stock = OrderStock{}
)

// NewOrderStock wraps the client.
func NewOrderStock(client inventoryv1.InventoryServiceClient) OrderStock {
	return OrderStock{client: client}
}

// Reserve implements checkout.Stock.
func (s OrderStock) Reserve(ctx context.Context, r checkout.Reservation) error {
	req := &inventoryv1.ReserveRequest{
		ReservationId: r.ID, RequestId: r.ID, OrderId: r.OrderID, Channel: r.Channel, TtlSeconds: int32(r.TTL.Seconds()),
		CustomerKey: r.CustomerKey,
	}
	for _, l := range r.Lines {
		req.Lines = append(req.Lines, &inventoryv1.ReserveLine{Sku: l.SKU, Quantity: l.Quantity})
	}
	_, err := s.client.Reserve(ctx, req)
	return err
}

// CommitReservation implements checkout.Stock.
func (s OrderStock) CommitReservation(ctx context.Context, reservationID string) error {
	_, err := s.client.CommitReservation(ctx, &inventoryv1.CommitReservationRequest{ReservationId: reservationID, RequestId: reservationID})
	return err
}

// ReleaseReservation implements checkout.Stock.
func (s OrderStock) ReleaseReservation(ctx context.Context, reservationID string) error {
	_, err := s.client.ReleaseReservation(ctx, &inventoryv1.ReleaseReservationRequest{ReservationId: reservationID, RequestId: reservationID})
	return err
}

// ReleaseAllocation implements order.Stock.
func (s OrderStock) ReleaseAllocation(ctx context.Context, p order.Parcel) error {
	req := &inventoryv1.ReleaseAllocationRequest{ReleaseId: p.ID, RequestId: p.ID, ReservationId: p.ReservationID}
	for _, l := range p.Lines {
		req.Lines = append(req.Lines, &inventoryv1.ReleaseAllocationLine{Sku: l.SKU, Quantity: l.Quantity})
	}
	_, err := s.client.ReleaseAllocation(ctx, req)
	return err
}

// CreateShipment implements order.Stock.
func (s OrderStock) CreateShipment(ctx context.Context, p order.Parcel) error {
	req := &inventoryv1.CreateShipmentRequest{
		ShipmentId: p.ID, RequestId: p.ID, OrderId: p.OrderID, ReservationId: p.ReservationID, Carrier: p.Carrier, TrackingNumber: p.TrackingNumber,
	}
	for _, l := range p.Lines {
		req.Lines = append(req.Lines, &inventoryv1.CreateShipmentLine{Sku: l.SKU, Quantity: l.Quantity})
	}
	_, err := s.client.CreateShipment(ctx, req)
	return err
}

// ReceiveReturn implements order.Stock.
func (s OrderStock) ReceiveReturn(ctx context.Context, p order.Parcel) error {
	req := &inventoryv1.ReceiveReturnRequest{ReturnId: p.ID, RequestId: p.ID, OrderId: p.OrderID, Reason: p.Reason}
	for _, l := range p.Lines {
		req.Lines = append(req.Lines, &inventoryv1.ReturnLine{Sku: l.SKU, Quantity: l.Quantity, Restock: p.Restock})
	}
	_, err := s.client.ReceiveReturn(ctx, req)
	return err
}
