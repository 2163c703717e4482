package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// CreateShipment captures what has to be and ships units.
func (s *OrderServer) CreateShipment(ctx context.Context, req *cartv1.CreateShipmentRequest) (*cartv1.CreateShipmentResponse, error) {
	if err := needKey(req.GetRequestId()); err != nil {
		return nil, err
	}
	orderID := req.GetOrderId()
	wish := order.ShipmentWish{Carrier: req.GetCarrier(), TrackingNumber: req.GetTrackingNumber()}
	for _, l := range req.GetLines() {
		wish.Items = append(wish.Items, order.Item{LineID: l.GetOrderLineId(), Quantity: l.GetQuantity()})
	}
	done, err := operation[*cartv1.CreateShipmentResponse]{
		call: idempotency.NewCall(ctx, createShipmentMethod, req.GetRequestId(), req).For(orderID), orderID: orderID,
		begin: func(claim order.Claim) (order.Outcome, error) {
			return s.service.CreateShipment(ctx, orderID, wish, claim)
		},
		refer: func(operationID string) *cartv1.CreateShipmentResponse {
			return &cartv1.CreateShipmentResponse{Shipment: &cartv1.Shipment{Id: operationID}}
		},
		find: func(stored *cartv1.CreateShipmentResponse) string { return stored.GetShipment().GetId() },
	}.run(ctx, s)
	if err != nil {
		return nil, err
	}
	resp := &cartv1.CreateShipmentResponse{Order: orderToProto(ctx, done.Order)}
	for _, sh := range resp.GetOrder().GetShipments() {
		if sh.GetId() == done.OperationID {
			resp.Shipment = sh
		}
	}
	return resp, nil
}
